"""The daemon as a service: its manager, its signals, its files, its log."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from imapclient import IMAPClient

from tests.builders import make_scam
from tests.servers.dovecot import Dovecot
from tests.system.conftest import Program
from tests.system.test_run_daemon import wait_until

pytestmark = pytest.mark.server

SPY = """
import os, sys
allowed = tuple(sys.argv.pop(1).split(":"))
def spy(event, arguments):
    if event == "open" and isinstance(arguments[0], (str, bytes)):
        path, mode, flags = os.fsdecode(arguments[0]), str(arguments[1] or ""), arguments[2]
        writes = any(letter in mode for letter in "wax+") or flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
        if writes and not os.path.abspath(path).startswith(allowed) and ".coverage" not in os.fsdecode(path):
            os.write(2, f"WROTE {path}\\n".encode())
    if event in ("os.remove", "os.rename", "os.mkdir") and not os.path.abspath(os.fsdecode(arguments[0])).startswith(allowed) and ".coverage" not in str(arguments[0]):
        os.write(2, f"WROTE {arguments[0]}\\n".encode())
sys.addaudithook(spy)
sys.dont_write_bytecode = True
from triage.cli.main import main
main()
"""


def count_labelled(server: Dovecot, user: str) -> int:
    with IMAPClient("127.0.0.1", server.port, ssl=False, timeout=10) as client:
        client.login(user, server.password)
        client.select_folder("INBOX", readonly=True)
        return len(client.search(["KEYWORD", "Triage/Scam"]))


def is_well(program: Program) -> bool:
    return program.run("status", "--check").returncode == 0


def end(daemon: "subprocess.Popen[str]") -> str:
    daemon.send_signal(signal.SIGTERM)
    _, log = daemon.communicate(timeout=15)
    assert daemon.returncode == 0
    return log


@pytest.fixture
def manager(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    """The service manager's end."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as one:
        one.bind(str(tmp_path / "notify"))
        one.settimeout(20)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        yield one


def test_the_service_manager_is_told_and_the_configuration_read_anew(
    program: Program, dovecot: Dovecot, user: str, manager: socket.socket
) -> None:

    def hear(word: str) -> None:
        while manager.recv(100).decode() != word:
            pass

    program.configure(dovecot.port, user)
    daemon = program.start("run", "--log-format", "json")
    hear("READY=1")
    wait_until(lambda: is_well(program))  # the first visit is over: what comes from now on is new
    good = program.config.read_text()
    program.config.write_text(good.replace("folders", "foldres") + 'foldres = ["INBOX"]\n')
    manager.settimeout(0)
    with suppress(BlockingIOError):
        while manager.recv(100):
            pass  # former beats
    manager.settimeout(20)
    daemon.send_signal(signal.SIGHUP)  # a mistake in it: the daemon goes on as it was
    hear("WATCHDOG=1")
    program.config.write_text(good + 'folders = ["INBOX", "Sent"]\n')
    daemon.send_signal(signal.SIGHUP)
    hear("RELOADING=1")
    hear("READY=1")
    dovecot.deliver(user, make_scam(1))
    wait_until(lambda: count_labelled(dovecot, user) == 1)
    log = end(daemon)
    hear("STOPPING=1")
    lines = [json.loads(line) for line in log.splitlines()]
    messages = [line["message"] for line in lines]
    assert any("unknown key 'foldres'" in message for message in messages)
    assert "configuration reloaded" in messages
    assert {line["level"] for line in lines} <= {"INFO", "ERROR"}


def test_nothing_is_written_outside_the_state_folder(program: Program, dovecot: Dovecot, user: str) -> None:
    program.configure(dovecot.port, user)
    command = [sys.executable, "-c", SPY, f"{program.home / 'state'}:/dev/", "--config", str(program.config), "run"]
    daemon = subprocess.Popen(
        command, env=program.environment(), cwd=Path(__file__).parents[2], stderr=subprocess.PIPE, text=True
    )
    wait_until(lambda: is_well(program))
    dovecot.deliver(user, make_scam(1))
    wait_until(lambda: count_labelled(dovecot, user) == 1)
    log = end(daemon)
    assert "WROTE" not in log


def test_a_daemon_that_was_killed_is_missed_and_its_successor_goes_on(
    program: Program, dovecot: Dovecot, user: str
) -> None:
    program.configure(dovecot.port, user)
    daemon = program.start("run")
    wait_until(lambda: is_well(program))
    daemon.kill()
    daemon.communicate()
    health = program.home / "state" / "triage" / "health.json"
    old = time.time() - 3600
    written = json.loads(health.read_text()) | {"written_at": "2026-05-04T00:00:00+00:00"}
    health.write_text(json.dumps(written))
    os.utime(health, (old, old))
    done = program.run("status", "--check")
    assert (done.returncode, "no sign of life" in done.stdout) == (1, True)
    dovecot.deliver(user, make_scam(1))
    successor = program.start("run")
    wait_until(lambda: count_labelled(dovecot, user) == 1)
    end(successor)


def test_a_second_daemon_waits_and_takes_over(program: Program, dovecot: Dovecot, user: str) -> None:
    program.configure(dovecot.port, user, extra="[daemon]\npoll_interval_seconds = 5")
    first = program.start("run")
    wait_until(lambda: is_well(program))
    second = program.start("run")
    time.sleep(8)  # a busy machine takes its time to start it
    assert "daemon stopped" in end(first)
    dovecot.deliver(user, make_scam(1))
    wait_until(lambda: count_labelled(dovecot, user) == 1)
    log = end(second)
    assert log.count("served by another daemon") == 1


def test_a_server_that_hangs_does_not_hold_up_the_end(program: Program, dovecot: Dovecot, user: str) -> None:
    program.configure(dovecot.port, user)
    daemon = program.start("run")
    wait_until(lambda: is_well(program))
    dovecot.kill_sessions(signal.SIGSTOP)
    try:
        dovecot.deliver(user, make_scam(1))
        time.sleep(2)
        began = time.monotonic()
        end(daemon)
        assert time.monotonic() - began < 12
    finally:
        dovecot.kill_sessions(signal.SIGCONT)


HUNG = """
import os, signal, time
from triage.cli import run
from triage.service.flag import Bell, Flag
class Hung:
    bell = Bell()
    def stop(self): pass
run._PATIENCE_SECONDS = 1
run._listen(Hung(), Flag())
for _ in range(50):
    os.kill(os.getpid(), signal.SIGTERM)  # asked again and again, it has no longer
    time.sleep(0.2)
"""


def test_a_daemon_that_hangs_ends_all_the_same() -> None:
    began = time.monotonic()
    done = subprocess.run([sys.executable, "-c", HUNG], check=False, cwd=Path(__file__).parents[2])
    assert (done.returncode, time.monotonic() - began < 9) == (1, True)


def test_what_cannot_be_judged_is_listed(program: Program, dovecot: Dovecot, user: str) -> None:
    program.configure(dovecot.port, user)
    assert "nothing is waiting" in program.run("status", "--unjudged").stdout
    assert "not running" in program.run("status").stdout
