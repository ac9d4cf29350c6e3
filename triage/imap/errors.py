"""What imapclient, imaplib, ssl and the socket raise, in our words: by consequence, never by text."""

import imaplib
import re
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager

from imapclient.exceptions import CapabilityError, IMAPClientError, LoginError
from imapclient.exceptions import ProtocolError as LibraryProtocolError

from triage.errors import AccountError, ProtocolError, TransientMailError, TriageError

# RFC 5530 section 3 and RFC 9051 section 7.1: a person must act.
_PERMANENT = frozenset(
    [
        "AUTHENTICATIONFAILED",
        "AUTHORIZATIONFAILED",
        "EXPIRED",
        "PRIVACYREQUIRED",
        "CONTACTADMIN",
        "NOPERM",
        "CLIENTBUG",
        "CANNOT",
        "OVERQUOTA",
        "NONEXISTENT",
        "TRYCREATE",
        "ALREADYEXISTS",
    ]
)
_TEMPORARY = frozenset(["UNAVAILABLE", "LIMIT", "INUSE", "SERVERBUG", "THROTTLED"])
# The library puts its own words before what the server said, or shows it as a list: "BAD [b'[CANNOT] ...']".
_CODE = re.compile(r"""[^\[]*\[(?:B['"]\[)?([A-Z-]+)[] ]""")


def response_code(error: BaseException) -> str:
    """Return the response code of a refusal (RFC 9051 section 7.1), empty if it has none."""
    match = _CODE.match(str(error).upper())
    return match[1] if match else ""


def is_temporary(error: BaseException) -> bool:
    """Return whether a refusal says that it will pass (RFC 5530 section 3)."""
    return response_code(error) in _TEMPORARY


@contextmanager
def translated(account: str, during: str) -> Iterator[None]:
    """Raise what the libraries raise within as one of our errors.

    Args:
        account: named in the text.
        during: what was being done, for the text: "login", "fetch in INBOX".
    """
    try:
        yield
    except TriageError:
        raise
    except (
        IMAPClientError,
        OSError,
        ValueError,
        TypeError,
        IndexError,
        AttributeError,
        KeyError,
        RecursionError,
    ) as error:
        raise translate(error, account, during) from error


def translate(error: Exception, account: str, during: str) -> TriageError:
    """Return our error for one of the libraries'.

    The order matters: a refused certificate is an OSError, and a folder that is read-only
    is reported as a broken connection though it is not.
    """
    where = f"account {account}: {during}"
    if isinstance(error, ssl.SSLCertVerificationError):
        reason = getattr(error, "verify_message", "") or "untrusted"  # set by OpenSSL alone
        return AccountError(f"{where}: the server's certificate is refused ({reason}); check host, or set ca_file")
    if isinstance(error, ssl.SSLEOFError | ssl.SSLZeroReturnError | ssl.SSLSyscallError):
        return TransientMailError(f"{where}: the connection was lost; try again later")
    if isinstance(error, ssl.SSLError):
        reason = getattr(error, "reason", "") or "no reason given"
        return AccountError(f"{where}: TLS failed ({reason}); check port and security ('tls' 993, 'starttls' 143)")
    if isinstance(error, socket.gaierror):
        return TransientMailError(f"{where}: the host's name cannot be resolved; check host and the network")
    if isinstance(error, OSError):
        return TransientMailError(f"{where}: {_reason(error)}; check host and port, or try again later")
    return _translate_protocol(error, where)


def _reason(error: OSError) -> str:
    if isinstance(error, TimeoutError):
        return "the server did not answer in time"
    if isinstance(error, ConnectionRefusedError):
        return "the server refuses connections"
    return "the connection was lost"


def _translate_protocol(error: Exception, where: str) -> TriageError:  # noqa: PLR0911  a table read from top to bottom
    code = response_code(error)
    if isinstance(error, LoginError):
        if isinstance(error.__context__, imaplib.IMAP4.abort | OSError):  # the library wraps a lost connection as well
            return TransientMailError(f"{where}: the connection was lost; try again later")
        if code in _TEMPORARY:
            return TransientMailError(f"{where}: the server cannot log in just now ({code}); try again later")
        return AccountError(f"{where}: the server refuses user name or password; check username and the password")
    if isinstance(error, imaplib.IMAP4.readonly):
        return AccountError(f"{where}: the folder is read-only; labels cannot be written there")
    if isinstance(error, imaplib.IMAP4.abort):
        return TransientMailError(f"{where}: the connection was lost; try again later")
    if isinstance(error, CapabilityError):
        return AccountError(f"{where}: the server lacks what this needs; see `triage doctor`")
    if isinstance(error, LibraryProtocolError):
        return ProtocolError(f"{where}: the server's answer could not be read; try again, and report it if it stays")
    if isinstance(error, IMAPClientError):
        if code in _TEMPORARY:
            return TransientMailError(f"{where}: the server cannot do it just now ({code}); try again later")
        return AccountError(f"{where}: the server refuses it{f' ({code})' if code else ''}; see `triage doctor`")
    return ProtocolError(f"{where}: the server's answer could not be read; try again, and report it if it stays")
