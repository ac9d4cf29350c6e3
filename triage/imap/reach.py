"""Can the server be reached as configured, and if not, what exactly is wrong: looked at before any login."""

import contextlib
import re
import socket
import ssl
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from triage.config import AccountConfig
from triage.imap.connection import tls_context

Obstacle = Literal[
    "name not resolvable",
    "refused",
    "unreachable",
    "timeout",
    "connection lost",
    "untrusted chain",
    "certificate expired",
    "certificate not yet valid",
    "wrong host name",
    "certificate refused",
    "TLS spoken here",
    "no TLS spoken here",
    "TLS failed",
    "no STARTTLS",
    "no IMAP",
    "turned away",
]

_MAX_LINE = 8192
_MAX_LINES = 64

# OpenSSL's verification results (openssl-verification-options(1), X509_V_ERR_*).
_NOT_YET_VALID = 9
_EXPIRED = 10
_WRONG_NAME = frozenset({62, 64})
_UNTRUSTED = frozenset({2, 18, 19, 20, 21, 24, 27})

# What OpenSSL says when the peer's first bytes are no TLS at all.
_PLAIN_TEXT = frozenset({"WRONG_VERSION_NUMBER", "HTTP_REQUEST", "UNKNOWN_PROTOCOL", "RECORD_LAYER_FAILURE"})


@dataclass(frozen=True, slots=True)
class Reached:
    """The server greets as an IMAP server, as securely as configured.

    Attributes:
        tls_version: such as "TLSv1.3"; empty where nothing is encrypted.
        expires_at: when the server's certificate ends; None without TLS.
    """

    tls_version: str = ""
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Unreached:
    """What is in the way.

    Attributes:
        detail: the names a certificate is for, or TLS's own reason; may be empty.
    """

    obstacle: Obstacle
    detail: str = ""


class _Refusal(Exception):  # noqa: N818  a way out of the depth of a handshake, not an error
    def __init__(self, obstacle: Obstacle) -> None:
        super().__init__(obstacle)
        self.obstacle = obstacle


def reach(account: AccountConfig, seconds: float) -> Reached | Unreached:
    """Connect, set TLS up and read the greeting; no user name and no password is sent.

    Args:
        seconds: for each of connecting, the handshake and the greeting.

    Raises:
        AccountError: `ca_file` cannot be read.
    """
    context = None if account.security == "none" else tls_context(account)
    try:
        return _greet(account, context, seconds)
    except _Refusal as refusal:
        return Unreached(refusal.obstacle)
    except ssl.SSLCertVerificationError as error:
        return _judge_certificate(error, account, seconds)
    except ssl.SSLError as error:
        return _judge_tls(error)
    except OSError as error:
        return Unreached(_judge_socket(error, account, seconds))


def _greet(account: AccountConfig, context: ssl.SSLContext | None, seconds: float) -> Reached:
    with _connect(account, seconds) as sock:
        if account.security == "tls" and context is not None:
            with context.wrap_socket(sock, server_hostname=account.host) as encrypted:
                _read_greeting(encrypted, seconds)
                return _encrypted(encrypted)
        _read_greeting(sock, seconds)
        if context is None:
            return Reached()
        _start_tls(sock, seconds)
        with context.wrap_socket(sock, server_hostname=account.host) as encrypted:
            return _encrypted(encrypted)


def _connect(account: AccountConfig, seconds: float) -> socket.socket:
    return socket.create_connection((account.host, account.port), timeout=seconds)


def _encrypted(sock: ssl.SSLSocket) -> Reached:
    certificate = sock.getpeercert() or {}
    ends = certificate.get("notAfter")
    expires_at = datetime.fromtimestamp(ssl.cert_time_to_seconds(ends), UTC) if isinstance(ends, str) else None
    return Reached(sock.version() or "TLS", expires_at)


def _read_greeting(sock: socket.socket, seconds: float) -> None:
    """Read the first line (RFC 9051 section 7.1)."""
    line = _read_line(sock, time.monotonic() + seconds).upper()
    if line.startswith(b"* BYE"):
        raise _Refusal("turned away")
    if not re.match(rb"\* (?:OK|PREAUTH)\b", line):
        raise _Refusal("no IMAP")


def _start_tls(sock: socket.socket, seconds: float) -> None:
    """Ask for TLS (RFC 9051 section 6.2.1)."""
    deadline = time.monotonic() + seconds
    sock.sendall(b"d1 STARTTLS\r\n")
    for _ in range(_MAX_LINES):
        line = _read_line(sock, deadline).upper()
        if line.startswith(b"D1 "):
            if not line.startswith(b"D1 OK"):
                break
            sock.settimeout(seconds)
            return
    raise _Refusal("no STARTTLS")


def _read_line(sock: socket.socket, deadline: float) -> bytes:
    """Read octet by octet: what follows the line may be the handshake's."""
    line = bytearray()
    while not line.endswith(b"\n") and len(line) < _MAX_LINE:
        # A server that drips holds nobody longer than one that is silent.
        sock.settimeout(max(0.01, deadline - time.monotonic()))
        octet = sock.recv(1)
        if not octet:
            raise ConnectionResetError("the server ended the connection")
        line += octet
    return bytes(line)


def _judge_certificate(error: ssl.SSLCertVerificationError, account: AccountConfig, seconds: float) -> Unreached:
    reason = str(getattr(error, "verify_message", "") or "no reason given")
    code = getattr(error, "verify_code", 0)
    if code == _EXPIRED:
        return Unreached("certificate expired")
    if code == _NOT_YET_VALID:
        return Unreached("certificate not yet valid")
    if code in _WRONG_NAME:
        return Unreached("wrong host name", ", ".join(_fetch_names(account, seconds)))
    return Unreached("untrusted chain" if code in _UNTRUSTED else "certificate refused", reason)


def _fetch_names(account: AccountConfig, seconds: float) -> list[str]:
    """Return the names a trusted certificate is for; none if they cannot be had."""
    context = tls_context(account)
    context.check_hostname = False  # the chain is verified still, and nothing secret is sent
    with contextlib.suppress(OSError, _Refusal), _connect(account, seconds) as sock:
        if account.security == "starttls":
            _read_greeting(sock, seconds)
            _start_tls(sock, seconds)
        with context.wrap_socket(sock, server_hostname=account.host) as encrypted:
            certificate = encrypted.getpeercert() or {}
        names = [pair for pair in certificate.get("subjectAltName", ()) if isinstance(pair, tuple)]
        return [str(pair[1]) for pair in names if pair[0] in {"DNS", "IP Address"}]
    return []


def _judge_tls(error: ssl.SSLError) -> Unreached:
    if isinstance(error, ssl.SSLEOFError | ssl.SSLZeroReturnError | ssl.SSLSyscallError):
        return Unreached("connection lost")
    reason = str(getattr(error, "reason", "") or "no reason given")
    if reason in _PLAIN_TEXT:
        return Unreached("no TLS spoken here")
    return Unreached("TLS failed", reason.replace("_", " ").lower())


def _judge_socket(error: OSError, account: AccountConfig, seconds: float) -> Obstacle:
    if isinstance(error, socket.gaierror):
        return "name not resolvable"
    if isinstance(error, ConnectionRefusedError):
        return "refused"
    if isinstance(error, TimeoutError | ConnectionResetError | BrokenPipeError):
        # A port that waits for a ClientHello is as silent as a dead one.
        if account.security != "tls" and _speaks_tls(account, seconds):
            return "TLS spoken here"
        return "timeout" if isinstance(error, TimeoutError) else "connection lost"
    return "unreachable"


def _speaks_tls(account: AccountConfig, seconds: float) -> bool:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE  # only whether a handshake is answered is asked; nothing is sent
    try:
        with _connect(account, seconds) as sock, context.wrap_socket(sock, server_hostname=account.host):
            return True
    except OSError:
        return False
