"""The program with its secret from every source: it works, and nobody else ever sees the secret."""

import base64
import json
import os
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from keyrings.alt.file import PlaintextKeyring

from tests.servers.dovecot import Dovecot
from tests.system.conftest import Program, read_lines

pytestmark = pytest.mark.server

Account = dict[str, Any]


@dataclass(frozen=True)
class Specimens(Program):
    """A program with variables of its own, and the secrets to look for."""

    variables: dict[str, str] = field(default_factory=dict)
    secrets: list[str] = field(default_factory=list)

    def environment(self) -> dict[str, str]:
        return super().environment() | self.variables

    def file(self, name: str, secret: str) -> str:
        path = self.home / "secrets" / name
        path.parent.mkdir(exist_ok=True)
        path.touch(0o600)
        path.write_text(f"{secret}\n")
        return str(path)

    def configure_all(self, accounts: list[Account]) -> None:
        lines = ["[daemon]", "poll_interval_seconds = 86400"]
        for account in accounts:
            lines += ["[[accounts]]", *(f"{key} = {json.dumps(value)}" for key, value in account.items())]
        self.config.write_text("\n".join(lines))

    def shown(self, text: bytes | str) -> list[str]:
        """Return the secrets that a text holds, bare or in base64."""
        content = text.encode() if isinstance(text, str) else text
        return [one for one in self.secrets if any(form in content for form in forms(one.encode()))]


def forms(secret: bytes) -> Iterator[bytes]:
    """Yield how a secret may look: bare, or within a longer text in base64, as SASL sends it."""
    yield secret
    for before in range(3):
        yield base64.b64encode(b"\0" * before + secret)[4:-4]


def sources(program: Specimens, name: str, user: str, password: str, token: str) -> Iterator[Account]:
    """Yield the changing part of an account for each source."""
    yield {"password": password}
    yield {"password_file": program.file(name, password)}
    yield {"password_credential": name}  # systemd's folder is the one the files are in
    yield {"password_command": f"sleep 0.1; cat {program.file(name, password)}"}
    program.variables[f"SPECIMEN_{name}"] = password
    yield {"password_env": f"SPECIMEN_{name}"}
    PlaintextKeyring().set_password(name, user, password)
    yield {"password_keyring": name}
    token_file = program.file(f"{name}-token", token)
    yield {"auth": "xoauth2", "token_command": f"echo warning >&2; sleep 0.1; cat {token_file}"}
    yield {"auth": "oauthbearer", "password_file": token_file}


def every_account(program: Specimens, server: Dovecot, user: str) -> list[Account]:
    """Return an account for each source, once with the right secret and once with a wrong one."""
    right, wrong = server.password, f"{server.password}-wrong"
    tokens = server.token(user), server.token(user, expired=True)
    program.secrets.extend([right, *tokens])  # the wrong one holds the right one
    served = {"host": "127.0.0.1", "port": server.port, "security": "none", "username": user}
    return [
        served | {"name": f"{name}-{number}"} | source
        for name, password, token in (("right", right, tokens[0]), ("wrong", wrong, tokens[1]))
        for number, source in enumerate(sources(program, name, user, password, token))
    ]


@contextmanager
def watched_processes(program: Specimens) -> Iterator[list[str]]:
    """Collect the processes that show a secret: in their arguments, or in what they inherit from triage."""
    found: list[str] = []
    done = threading.Event()

    def watch() -> None:
        while not done.wait(0.005):
            for entry in Path("/proc").iterdir():
                if entry.name.isdigit():
                    found.extend(look_at(entry))

    def look_at(entry: Path) -> Iterator[str]:
        try:
            arguments, inherited = (entry / "cmdline").read_bytes(), (entry / "environ").read_bytes()
        except OSError:  # it has ended
            return
        if program.shown(arguments):
            yield f"arguments: {arguments!r}"
        if program.shown(inherited) and b"-m\0triage\0" not in arguments:
            yield f"environment: {arguments!r}"

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield found
    finally:
        done.set()
        thread.join()


@pytest.fixture
def specimens(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Specimens:
    program = Specimens(tmp_path)
    program.variables["CREDENTIALS_DIRECTORY"] = str(tmp_path / "secrets")
    program.variables["PYTHON_KEYRING_BACKEND"] = "keyrings.alt.file.PlaintextKeyring"
    monkeypatch.setenv("XDG_DATA_HOME", program.environment()["XDG_DATA_HOME"])
    return program


def in_the_file(program: Specimens, accounts: list[Account]) -> None:
    program.configure_all(accounts)


def in_the_environment(program: Specimens, accounts: list[Account]) -> None:
    program.configure_all([])
    program.variables["TRIAGE_ACCOUNTS"] = json.dumps(accounts)


@pytest.mark.parametrize("configure", [in_the_file, in_the_environment])
def test_no_source_shows_its_secret(
    specimens: Specimens,
    oauth_dovecot: Dovecot,
    user: str,
    configure: Callable[[Specimens, list[Account]], None],
) -> None:
    configure(specimens, every_account(specimens, oauth_dovecot, user))
    with watched_processes(specimens) as found:
        doctor = specimens.run("doctor", "--json")
        log = run_until_paused(specimens, 8)
    colours = {line["account"]: line["colour"] for line in read_lines(doctor.stdout) if line["check"] == "login"}
    assert colours == {f"{name}-{n}": c for name, c in (("right", "green"), ("wrong", "red")) for n in range(8)}
    assert doctor.stdout.count("refuses the access token") == 2
    assert log.count("refuses user name or password") == 6
    assert log.count("account=right") == 0, "these had nothing to say"
    assert specimens.shown(doctor.stdout + doctor.stderr + log) == []
    assert "warning" not in doctor.stderr + log
    assert found == []


def run_until_paused(program: Specimens, count: int) -> str:
    """Run the daemon until so many accounts are paused, and return all it wrote."""
    daemon = program.start("run", "--verbose")
    assert daemon.stderr is not None
    lines: list[str] = []
    while sum("account paused" in line for line in lines) < count:
        line = daemon.stderr.readline()
        assert line, "".join(lines)
        lines.append(line)
    daemon.send_signal(signal.SIGTERM)
    output, log = daemon.communicate(timeout=30)
    assert daemon.returncode == 0
    return "".join(lines) + log + output


@pytest.mark.parametrize(
    "change",
    [
        {"pasword_env": "X", "port": "imap"},
        {"password_env": "X"},
        {"security": "none", "host": "imap.example.org"},
    ],
)
def test_a_mistyped_section_does_not_show_its_password(
    specimens: Specimens, oauth_dovecot: Dovecot, user: str, change: Account
) -> None:
    (account, *_) = every_account(specimens, oauth_dovecot, user)
    specimens.configure_all([account | change])
    done = specimens.run("doctor")
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert specimens.shown(done.stdout + done.stderr) == []


def test_a_broken_environment_does_not_show_its_password(specimens: Specimens) -> None:
    specimens.configure_all([])
    specimens.secrets.append("specimen-4be1f7")
    specimens.variables["TRIAGE_ACCOUNTS"] = '[{"name": "home", "password": "specimen-4be1f7"'
    done = specimens.run("doctor")
    assert (done.returncode, done.stderr.count("TRIAGE_ACCOUNTS is not valid JSON")) == (2, 1)
    assert specimens.shown(done.stdout + done.stderr) == []


def test_the_watch_sees_what_shows(specimens: Specimens) -> None:
    """The watch of these tests can fail."""
    specimens.secrets.append("specimen-4be1f7")
    for variables, argument in (({}, "specimen-4be1f7"), ({"A": "specimen-4be1f7"}, "")):
        with watched_processes(specimens) as found:
            subprocess.run(["sh", "-c", "sleep 0.3; true", argument], env=os.environ | variables, check=True)
        assert found
    for user in ("m", "me", "you"):
        assert specimens.shown(base64.b64encode(f"\0{user}\0specimen-4be1f7".encode()))
