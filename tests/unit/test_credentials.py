"""Each way to a secret: what it gives, and in which words it fails."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import keyring
import pytest
from keyring.backend import KeyringBackend
from keyring.backends.fail import Keyring as NoKeyring
from keyring.errors import KeyringLocked
from keyrings.alt.file import PlaintextKeyring

from triage.config import AccountConfig, parse_config
from triage.credentials import read_secret
from triage.errors import AccountError, TransientMailError

SPECIMEN = "specimen-4be1f7"


def account(**source: Any) -> AccountConfig:
    return AccountConfig.model_validate({"name": "home", "host": "imap.example.org", "username": "me"} | source)


def refusal(account: AccountConfig, seconds: float = 60) -> str:
    """Return the words of the refusal; they never hold the specimen."""
    with pytest.raises(AccountError) as caught:
        read_secret(account, command_seconds=seconds)
    assert SPECIMEN not in str(caught.value)
    return str(caught.value)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "password"
    path.write_text(f"{SPECIMEN}\n")
    path.chmod(0o600)
    return path


def test_each_source_gives_the_secret(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_PASSWORD", SPECIMEN)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(file.parent))
    for source in (
        {"password": SPECIMEN},
        {"password_env": "SOME_PASSWORD"},
        {"password_file": str(file)},
        {"password_credential": "password"},
        {"password_command": f"printf '{SPECIMEN}\\r\\nmore'"},
        {"token_command": f"cat {file}", "auth": "xoauth2"},
    ):
        assert read_secret(account(**source)) == SPECIMEN


@pytest.mark.parametrize("auth", ["xoauth2", "oauthbearer"])
def test_a_token_may_come_from_any_source(file: Path, auth: str) -> None:
    assert read_secret(account(password_file=str(file), auth=auth)) == SPECIMEN


@pytest.mark.parametrize(
    ("content", "auth", "words"),
    [
        (b"", "password", "is empty; it must hold the password"),
        (b"\n", "xoauth2", "is empty; it must hold the access token"),
        (b"\xff\n", "password", "is not UTF-8 text"),
        (f"{SPECIMEN}\r\nA1 LOGOUT\n".encode(), "password", "more than one line"),
        (f"{SPECIMEN} two".encode(), "xoauth2", "no access token"),
        (f"{SPECIMEN}\u00e9".encode(), "oauthbearer", "no access token"),
    ],
)
def test_what_cannot_be_a_secret_is_refused(file: Path, content: bytes, auth: str, words: str) -> None:
    file.write_bytes(content)
    assert words in refusal(account(password_file=str(file), auth=auth))


@pytest.mark.parametrize("raw", [b"", b"\xff"])
def test_a_variable_that_holds_no_text_is_refused(raw: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_PASSWORD", os.fsdecode(raw))
    assert "password_env is " in refusal(account(password_env="SOME_PASSWORD"))
    assert "not set" in refusal(account(password_env="NOT_SET_ANYWHERE"))


# Files


@pytest.mark.parametrize(
    ("mode", "words"),
    [(0o640, "read by others"), (0o604, "read by others"), (0o620, "written by others"), (0o602, "written by others")],
)
def test_a_file_of_ours_open_to_others_is_refused(file: Path, mode: int, words: str) -> None:
    file.chmod(mode)
    found = refusal(account(password_file=str(file)))
    assert words in found
    assert f"chmod 600 {file}" in found


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_a_file_of_another_owner_may_be_read_but_not_written_by_others(file: Path) -> None:
    os.chown(file, 65534, 65534)
    for mode in (0o444, 0o640):
        file.chmod(mode)
        assert read_secret(account(password_file=str(file))) == SPECIMEN
    file.chmod(0o646)
    assert f"chmod go-w {file}" in refusal(account(password_file=str(file)))


def test_a_file_behind_links_counts_as_the_file_itself(file: Path, tmp_path: Path) -> None:
    """Kubernetes: key -> ..data/key, and ..data -> a folder that is swapped."""
    (tmp_path / "..2026").mkdir()
    file.rename(tmp_path / "..2026" / "key")
    (tmp_path / "..data").symlink_to("..2026")
    link = tmp_path / "key"
    link.symlink_to("..data/key")
    assert read_secret(account(password_file=str(link))) == SPECIMEN
    link.resolve().chmod(0o644)
    assert "read by others" in refusal(account(password_file=str(link)))
    link.resolve().unlink()
    assert "No such file" in refusal(account(password_file=str(link)))


def test_what_is_no_file_is_refused_at_once(tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo, 0o600)
    for path in (str(fifo), "/dev/zero"):
        assert "not a file" in refusal(account(password_file=path))
    for path in (str(tmp_path), "/nowhere/at/all", "nul\0byte", "~no-such-user/x"):
        assert "cannot be read" in refusal(account(password_file=path))


# systemd


def test_a_credential_that_systemd_does_not_pass_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    assert "CREDENTIALS_DIRECTORY is not set" in refusal(account(password_credential="mail"))
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    assert "LoadCredential=mail:FILE" in refusal(account(password_credential="mail"))


# The keyring


@pytest.fixture
def use_keyring(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[KeyringBackend], None]]:
    """Choose the keyring as its own interface does; what it writes goes to a folder of its own."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    before = keyring.get_keyring()
    yield keyring.set_keyring
    keyring.set_keyring(before)


def test_the_keyring_gives_the_entry_of_the_username(use_keyring: Callable[[KeyringBackend], None]) -> None:
    use_keyring(PlaintextKeyring())
    keyring.set_password("triage mail", "me", SPECIMEN)
    keyring.set_password("triage mail", "another", "wrong")
    assert read_secret(account(password_keyring="triage mail")) == SPECIMEN
    assert "`keyring set nowhere USERNAME`" in refusal(account(password_keyring="nowhere"))
    found = refusal(account(password_keyring="triage mail", username="nobody"))
    assert "`keyring set 'triage mail' USERNAME`" in found


class LockedKeyring(NoKeyring):
    def get_password(self, service: str, username: str, password: str | None = None) -> str | None:
        raise KeyringLocked(f"{service} {username} {password} {SPECIMEN}")


class BrokenKeyring(NoKeyring):
    def get_password(self, service: str, username: str, password: str | None = None) -> str | None:
        raise OSError(f"{service} {username} {password} {SPECIMEN}")


@pytest.mark.parametrize(
    ("backend", "words"),
    [(NoKeyring, "no keyring works here"), (LockedKeyring, "is locked"), (BrokenKeyring, r"fails (OSError)")],
)
def test_a_keyring_that_does_not_work_is_told(
    backend: type[KeyringBackend], words: str, use_keyring: Callable[[KeyringBackend], None]
) -> None:
    use_keyring(backend())
    assert words in refusal(account(password_keyring="mail"))


@pytest.mark.parametrize("name", ["no_such_module.Keyring", "keyring.backends.fail.NoSuchClass"])
@pytest.mark.usefixtures("use_keyring")
def test_a_keyring_that_is_not_there_is_told(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", name)
    monkeypatch.setattr(keyring.core, "_keyring_backend", None)
    assert "the keyring fails" in refusal(account(password_keyring="mail"))


def test_a_missing_package_is_told_with_the_way_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "keyring", None)
    assert "pip install '.[keyring]' in a checkout" in refusal(account(password_keyring="mail"))


def test_the_package_is_imported_only_where_it_is_asked() -> None:
    code = "import sys, triage.imap.connection; sys.exit('keyring' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


# Commands


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (f"echo {SPECIMEN}; exit 3", "ended with status 3"),
        (f"echo {SPECIMEN} >&2; exit 1", "ended with status 1"),
        (f"echo {SPECIMEN} >&2", "printed nothing"),
        ("true", "printed nothing"),
        (f"echo; echo {SPECIMEN}", "printed nothing"),
        ("kill -9 $$", "ended with status -9"),
        ("/no/such/program", "ended with status 127"),
        (f"printf '{SPECIMEN}\\351'", "not UTF-8"),
        ("nul\0byte", "cannot be started"),
        ("read answer < /dev/tty && echo $answer", "ended with status"),
    ],
)
def test_a_command_that_fails_is_told_without_its_output(
    command: str, words: str, capfd: pytest.CaptureFixture[str]
) -> None:
    for source in ({"password_command": command}, {"token_command": command, "auth": "xoauth2"}):
        found = refusal(account(**source))
        assert words in found
        assert next(iter(source)) in found
    assert capfd.readouterr() == ("", "")


def test_what_a_command_says_beside_the_secret_does_no_harm(capfd: pytest.CaptureFixture[str]) -> None:
    noise = "echo warning >&2; seq 200000"
    assert read_secret(account(password_command=f"echo {SPECIMEN}; {noise}")) == SPECIMEN
    assert capfd.readouterr() == ("", "")


def test_a_command_is_run_anew_each_time(tmp_path: Path) -> None:
    found = account(token_command=f"cd {tmp_path}; echo x >> runs; wc -l < runs", auth="xoauth2")
    assert [read_secret(found) for _ in range(2)] == ["1", "2"]


@pytest.mark.parametrize("command", ["sleep 60 & echo $! > {}; wait", "sleep 60 | cat & echo $! > {}; yes"])
def test_a_command_that_hangs_is_ended_with_all_it_started(tmp_path: Path, command: str) -> None:
    began = time.monotonic()
    found = refusal(account(password_command=command.format(tmp_path / "pid")), 0.5)
    assert "did not end within 0.5 seconds" in found
    assert time.monotonic() - began < 5
    child = Path("/proc") / (tmp_path / "pid").read_text().strip() / "stat"
    while child.exists() and ") Z " not in child.read_text():
        assert time.monotonic() - began < 5
        time.sleep(0.01)


def test_what_a_command_leaves_running_is_not_waited_for(tmp_path: Path) -> None:
    began = time.monotonic()
    command = f"sleep 60 & echo $! > {tmp_path}/pid; echo {SPECIMEN}"
    assert read_secret(account(password_command=command)) == SPECIMEN
    assert time.monotonic() - began < 5
    os.kill(int((tmp_path / "pid").read_text()), signal.SIGTERM)


def test_a_command_may_say_that_it_will_work_later() -> None:
    with pytest.raises(TransientMailError, match="try again later"):
        read_secret(account(token_command="exit 75", auth="xoauth2"))


def test_commands_inherit_no_secret_of_any_account(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTHER_PASSWORD", SPECIMEN)
    monkeypatch.setenv("TRIAGE_STORE__URL", f"postgresql+psycopg://me:{SPECIMEN}@db/triage")
    monkeypatch.setenv("CLIENT_ID", "kept")
    one, two = ({"name": name, "host": "imap.example.org", "username": "me"} for name in ("one", "two"))
    accounts = [
        one | {"password_env": "OTHER_PASSWORD"},
        two
        | {
            "auth": "xoauth2",
            "token_command": f"env > {tmp_path}/env; cat /proc/$PPID/cmdline > {tmp_path}/parent; echo t",
        },
    ]
    monkeypatch.setenv("TRIAGE_ACCOUNTS", json.dumps(accounts))
    config = parse_config({})
    assert read_secret(config.account("one")) == SPECIMEN
    assert read_secret(config.account("two").model_copy(update={"folders": ["Jobs"]})) == "t"
    assert SPECIMEN not in (tmp_path / "env").read_text() + (tmp_path / "parent").read_text()
    assert "CLIENT_ID=kept" in (tmp_path / "env").read_text()
