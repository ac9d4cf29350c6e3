"""The daemon as a process: it labels what arrives, and stops cleanly."""

import signal
import time
from collections.abc import Callable

import pytest
from imapclient import IMAPClient

from tests.builders import make_raw, make_scam
from tests.servers.dovecot import Dovecot
from tests.system.conftest import Program, read_lines

pytestmark = pytest.mark.server


def wait_until(is_so: Callable[[], bool], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.1)


def keywords(client: IMAPClient) -> list[set[str]]:
    client.select_folder("INBOX", readonly=True)
    found = client.get_flags(client.search())
    return [{flag.decode() for flag in found[uid]} - {"\\Recent"} for uid in sorted(found)]


def test_new_mail_is_labelled_and_old_mail_left_alone(program: Program, dovecot: Dovecot, user: str) -> None:
    client = IMAPClient("127.0.0.1", dovecot.port, ssl=False, timeout=10)
    client.login(user, dovecot.password)
    client.append("INBOX", make_scam(1))
    program.configure(dovecot.port, user, extra="[daemon]\npoll_interval_seconds = 5")
    daemon = program.start("run")
    try:
        wait_until(lambda: program.run("status", "--check").returncode == 0)
        client.append("INBOX", make_scam(2))
        client.append("INBOX", make_raw())
        wait_until(lambda: {"Triage/Scam"} in keywords(client))
    finally:
        daemon.send_signal(signal.SIGTERM)
        _, log = daemon.communicate(timeout=15)
    assert daemon.returncode == 0
    assert keywords(client) == [set(), {"Triage/Scam"}, set()]
    assert "daemon stopped" in log
    for secret in ("secret", "mail department", "outlook.com", "choir", "Traceback"):
        assert secret not in log
    assert read_lines(program.run("status", "--json").stdout)[0]["labelled"] == 1
    client.logout()


def test_a_refused_login_is_said_once_and_shown_by_status(program: Program, dovecot: Dovecot, user: str) -> None:
    program.configure(dovecot.port, user, password="wrong-secret", extra="[daemon]\npoll_interval_seconds = 5")
    daemon = program.start("run")
    try:
        wait_until(lambda: "check username" in program.run("status").stdout.replace("\n", " "))
        time.sleep(6)
    finally:
        daemon.send_signal(signal.SIGTERM)
        _, log = daemon.communicate(timeout=15)
    assert log.count("account paused") == 1
    assert "wrong-secret" not in log
    assert program.run("status", "--check").returncode == 1
