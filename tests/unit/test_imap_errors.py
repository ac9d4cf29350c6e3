"""Errors of the libraries by consequence: none is left unmapped."""

import imaplib
import socket
import ssl
from collections.abc import Iterator

import imapclient.exceptions
import pytest

from triage.errors import AccountError, ProtocolError, TransientMailError, TriageError
from triage.imap.errors import response_code, translate, translated


def all_classes() -> Iterator[type[Exception]]:
    """Yield what imaplib, imapclient, ssl and the socket may raise."""
    yield from (imaplib.IMAP4.error, imaplib.IMAP4.abort, imaplib.IMAP4.readonly)
    for value in vars(imapclient.exceptions).values():
        if isinstance(value, type) and issubclass(value, Exception):
            yield value
    pending: list[type[Exception]] = [OSError]
    while pending:
        one = pending.pop()
        yield one
        if one.__module__ in {"builtins", "ssl", "socket"}:
            pending.extend(one.__subclasses__())


@pytest.mark.parametrize("kind", sorted(set(all_classes()), key=str))
def test_every_class_of_the_libraries_becomes_one_of_ours(kind: type[Exception]) -> None:
    error = kind.__new__(kind)
    found = translate(error, "home", "reading")
    assert isinstance(found, TransientMailError | AccountError | ProtocolError)
    assert str(found).startswith("account home: reading: ")


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (ssl.SSLCertVerificationError(1, "certificate verify failed"), AccountError),
        (socket.gaierror(-2, "Name or service not known"), TransientMailError),
        (TimeoutError(), TransientMailError),
        (imaplib.IMAP4.abort("socket error: EOF"), TransientMailError),
        (imaplib.IMAP4.readonly("INBOX"), AccountError),
        (imaplib.IMAP4.error("FETCH command error: BAD [b'what']"), AccountError),
        (imaplib.IMAP4.error("[UNAVAILABLE] back soon"), TransientMailError),
        (imaplib.IMAP4.error("[OVERQUOTA] full"), AccountError),
        (imapclient.exceptions.LoginError("b'[AUTHENTICATIONFAILED] no'"), AccountError),
        (imapclient.exceptions.LoginError("b'[UNAVAILABLE] no'"), TransientMailError),
        (imapclient.exceptions.ProtocolError("nonsense"), ProtocolError),
        (ValueError("nonsense"), ProtocolError),
    ],
)
def test_consequences(error: Exception, kind: type[TriageError]) -> None:
    assert type(translate(error, "home", "reading")) is kind


def test_what_the_server_wrote_is_not_repeated() -> None:
    with pytest.raises(AccountError) as caught, translated("home", "login"):
        raise imapclient.exceptions.LoginError("b'user marta with password hunter2 refused'")
    assert "hunter2" not in str(caught.value)


def test_our_own_errors_pass_unchanged() -> None:
    with pytest.raises(AccountError, match=r"^mine$"), translated("home", "login"):
        raise AccountError("mine")


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("[OVERQUOTA] full", "OVERQUOTA"),
        ("b'[AUTHENTICATIONFAILED] no'", "AUTHENTICATIONFAILED"),
        ("select failed: [NONEXISTENT] no such", "NONEXISTENT"),
        ("no code here", ""),
        ("UID command error: BAD [b'Invalid argument']", ""),
        ("UID command error: BAD [b'[CANNOT] keyword too long']", "CANNOT"),
        ("[BADCHARSET (UTF-8)] no", "BADCHARSET"),
    ],
)
def test_response_codes_are_found(text: str, code: str) -> None:
    assert response_code(imaplib.IMAP4.error(text)) == code
