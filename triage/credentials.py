"""An account's secret from wherever the configuration says, read anew each time so that a changed one is seen.

No text raised here holds a secret or what a command printed, and no child process
gets a secret as an argument or in its environment.
"""

import configparser
import contextlib
import os
import re
import selectors
import shlex
import signal
import stat
import subprocess
import time
from pathlib import Path
from typing import IO, assert_never

from triage.config import AccountConfig
from triage.errors import SecretError, TransientMailError

COMMAND_SECONDS = 60.0
_MOST_BYTES = 65536  # an access token has a few thousand at most
_OTHERS_READ = stat.S_IRGRP | stat.S_IROTH
_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH


def read_secret(account: AccountConfig, *, command_seconds: float = COMMAND_SECONDS) -> str:
    """Return the password or the access token.

    Args:
        command_seconds: how long a command may take.

    Raises:
        SecretError: it cannot be had; the text names the key, never the secret.
        TransientMailError: a command says that it will work later.
    """
    key = account.secret_key
    where = f"account {account.name}: {key}"
    value = getattr(account, key)
    match key:
        case "password":
            secret: str = value.get_secret_value()
        case "password_env":
            secret = _from_environment(where, value)
        case "password_file":
            secret = _from_file(where, value, guarded=True)
        case "password_credential":
            secret = _from_credential(where, value)
        case "password_keyring":
            secret = _from_keyring(where, value, account.username)
        case "password_command" | "token_command":
            secret = _from_command(where, value, account.hidden_variables, command_seconds)
        case _:
            assert_never(key)
    return _checked(where, secret, is_token=account.auth != "password")


def _checked(where: str, secret: str, *, is_token: bool) -> str:
    if not secret:
        raise SecretError(f"{where} is empty; it must hold the {'access token' if is_token else 'password'}")
    try:
        secret.encode()
    except UnicodeEncodeError:
        raise SecretError(f"{where} is not UTF-8 text") from None  # the cause quotes the secret
    if is_token and not re.fullmatch(r"[\x21-\x7e]+", secret):
        raise SecretError(f"{where} holds no access token: it must be one word of ASCII (RFC 6750 section 2.1)")
    if re.search(r"[\r\n\0]", secret):  # neither PLAIN (RFC 4616) nor LOGIN can carry them
        raise SecretError(f"{where} has more than one line; it must hold only the password")
    return secret


def _from_environment(where: str, variable: str) -> str:
    value = os.environ.get(variable)
    if value is None:
        raise SecretError(f"{where} names {variable}, which is not set; set it and try again")
    return value


def _from_credential(where: str, name: str) -> str:
    """Return a credential that systemd passes to its service (systemd.exec, CREDENTIALS)."""
    directory = os.environ.get("CREDENTIALS_DIRECTORY")
    if not directory:
        raise SecretError(
            f"{where} needs systemd: CREDENTIALS_DIRECTORY is not set; "
            f"start triage as a service with LoadCredential={name}:FILE or SetCredentialEncrypted={name}:..."
        )
    path = Path(directory) / name
    if not path.exists():
        raise SecretError(
            f"{where}: systemd passes no credential {name!r}; add LoadCredential={name}:FILE to the service"
        )
    return _from_file(where, path, guarded=False)  # systemd guards it; its mode shows an ACL's mask


def _from_file(where: str, path: Path, *, guarded: bool) -> str:
    where = f"{where} {path}"
    try:
        path = path.expanduser()
        # Links are followed, Docker and Kubernetes make them; without a writer a FIFO would block.
        with open(path, "rb", opener=_open_at_once) as file:
            if guarded:
                _check_guarded(where, path, os.fstat(file.fileno()))
            content = file.read(_MOST_BYTES)
    except (OSError, RuntimeError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "no such path"
        raise SecretError(f"{where} cannot be read: {reason}; check the path and its permissions") from error
    return _decoded(where, content).rstrip("\r\n")


def _open_at_once(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NONBLOCK)


def _check_guarded(where: str, path: Path, status: os.stat_result) -> None:
    """Refuse what others could have written, or can read though we could forbid it.

    A file of another owner is as its owner wants it: Docker's secrets are root's, readable by all.
    """
    if not stat.S_ISREG(status.st_mode):
        raise SecretError(f"{where} is not a file; name one, or use password_command")
    ours, shown = status.st_uid == os.geteuid(), shlex.quote(str(path))
    if status.st_mode & _OTHERS_WRITE:
        cure = f"chmod 600 {shown}" if ours else f"chmod go-w {shown}"
        raise SecretError(f"{where} can be written by others; {cure}")
    if ours and status.st_mode & _OTHERS_READ:
        raise SecretError(f"{where} can be read by others; chmod 600 {shown}")


def _from_keyring(where: str, service: str, username: str) -> str:
    try:
        import keyring  # noqa: PLC0415  an extra
        from keyring.errors import InitError, KeyringError, KeyringLocked, NoKeyringError  # noqa: PLC0415  an extra
    except ImportError as error:
        message = f"{where} needs the package keyring: pip install '.[keyring]' in a checkout of triage"
        raise SecretError(message) from error
    try:
        found = keyring.get_password(service, username)
    except KeyringLocked as error:
        raise SecretError(f"{where}: the keyring is locked; unlock it and try again") from error
    except (NoKeyringError, InitError) as error:
        raise SecretError(
            f"{where}: no keyring works here (see `keyring diagnose`; outside a desktop session there is none); "
            "use password_credential or password_file"
        ) from error
    # Backends raise what they please, and so does finding the one that the environment or a file names.
    except (
        KeyringError,
        RuntimeError,
        ImportError,
        AttributeError,
        EOFError,
        OSError,
        ValueError,
        LookupError,
        configparser.Error,
    ) as error:
        raise SecretError(f"{where}: the keyring fails ({type(error).__name__}); see `keyring diagnose`") from error
    if found is None:
        raise SecretError(
            f"{where}: the keyring has no entry of service {service!r} for this account's username; "
            f"add it with `keyring set {shlex.quote(service)} USERNAME`"
        )
    return found


def _from_command(where: str, command: str, hidden: frozenset[str], seconds: float) -> str:
    hand = "run it by hand to see why"
    try:
        status, line = _run(command, hidden, seconds)
    except subprocess.TimeoutExpired:
        raise SecretError(f"{where} did not end within {seconds:g} seconds; it must not wait for you: {hand}") from None
    except (OSError, ValueError) as error:
        raise SecretError(f"{where} cannot be started; {hand}") from error
    if status == os.EX_TEMPFAIL:  # sysexits.h
        raise TransientMailError(f"{where} ended with status {status}: it cannot do it just now; try again later")
    if status:
        raise SecretError(f"{where} ended with status {status}; {hand}")
    if not line:
        raise SecretError(f"{where} printed nothing on the first line of its standard output; {hand}")
    return _decoded(where, line)


def _run(command: str, hidden: frozenset[str], seconds: float) -> tuple[int, bytes]:
    """Run a command and return its exit status and its first line of output.

    It gets no terminal, and not the variables that hold secrets. When it fails to end in
    time it is killed with all it has started.

    Raises:
        TimeoutExpired: it did not end in time.
    """
    # TRIAGE_ACCOUNTS may hold any secret.
    environment = {
        name: value
        for name, value in os.environ.items()
        if name not in hidden and not name.upper().startswith("TRIAGE_")
    }
    # The command is the owner's own configuration, run as they would type it.
    process = subprocess.Popen(  # noqa: S602
        command,
        shell=True,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    assert process.stdout is not None  # noqa: S101  narrows the type: it is a pipe
    deadline = time.monotonic() + seconds
    try:
        with process.stdout:
            line = _read_line(process, process.stdout, deadline)
            return process.wait(deadline - time.monotonic()), line
    except BaseException:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        raise


def _read_line(process: "subprocess.Popen[bytes]", output: IO[bytes], deadline: float) -> bytes:
    """Return the first line; read on to the end, so that a command that prints more does not fail.

    The end is where nobody can write any more, or where the command has ended: what it left
    running may hold the pipe.
    """
    kept = b""
    with selectors.DefaultSelector() as selector:
        selector.register(output, selectors.EVENT_READ)
        while (left := deadline - time.monotonic()) > 0:
            ended = process.poll() is not None
            if not selector.select(0 if ended else min(left, 0.1)):
                if ended:
                    break
                continue
            chunk = os.read(output.fileno(), _MOST_BYTES)
            if not chunk:
                break
            if b"\n" not in kept:
                kept = (kept + chunk)[:_MOST_BYTES]
        else:
            raise subprocess.TimeoutExpired(process.args, 0)
    return kept.partition(b"\n")[0].rstrip(b"\r")


def _decoded(where: str, content: bytes) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError:
        raise SecretError(f"{where} is not UTF-8 text") from None  # the cause quotes the secret
