"""Logging in: by password or access token, and never so that another could read it."""

import base64
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contract.conftest import make_account
from tests.servers.dovecot import Dovecot, DovecotOptions
from tests.servers.proxy import FaultProxy
from triage.config import AccountConfig
from triage.errors import AccountError, TransientMailError
from triage.imap.connection import connect, log_out

pytestmark = pytest.mark.server

AUTHS = ("xoauth2", "oauthbearer")


class Wire(FaultProxy):
    """A proxy that remembers what the client sends, and edits what the server says."""

    def __init__(self, server: Dovecot) -> None:
        super().__init__(server.port)
        self.sent = b""
        self.edits: list[tuple[bytes, bytes]] = []
        self.on_client = self._note
        self.on_server = self._edit

    def _note(self, data: bytes) -> bytes:
        self.sent += data
        return data

    def _edit(self, data: bytes) -> bytes:
        for pattern, replacement in self.edits:
            data = re.sub(pattern, replacement, data, flags=re.DOTALL)
        return data

    def has_seen(self, secret: str) -> bool:
        """Return whether a secret went over the wire, bare or in SASL's base64."""
        decoded = b"".join(base64.b64decode(one) for one in re.findall(rb"(?m)^([\w+/]{8,}=*)\r$", self.sent))
        return secret.encode() in self.sent + decoded


@pytest.fixture
def wire(oauth_dovecot: Dovecot) -> Iterator[Wire]:
    with Wire(oauth_dovecot) as proxy:
        yield proxy


def token_account(port: int, user: str, token: str, auth: str = "xoauth2", **others: object) -> AccountConfig:
    """Return an account whose token a command prints."""
    return make_account(port, user, password=None, auth=auth, token_command=f"echo {token}", **others)


def try_login(account: AccountConfig) -> None:
    log_out(connect(account))


def refusal(account: AccountConfig) -> str:
    with pytest.raises(AccountError) as caught:
        try_login(account)
    return str(caught.value)


# Access tokens


@pytest.mark.parametrize("auth", AUTHS)
def test_a_good_token_logs_in(oauth_dovecot: Dovecot, user: str, wire: Wire, auth: str) -> None:
    token = oauth_dovecot.token(user)
    try_login(token_account(wire.port, user, token, auth))
    assert f"AUTHENTICATE {auth.upper()}".encode() in wire.sent
    assert wire.has_seen(token)


def test_a_token_from_a_file_logs_in(oauth_dovecot: Dovecot, user: str, tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.touch(0o600)
    file.write_text(oauth_dovecot.token(user))
    account = make_account(oauth_dovecot.port, user, password=None, auth="xoauth2", password_file=str(file))
    try_login(account)
    file.write_text(oauth_dovecot.token(user, expired=True))
    assert "refuses the access token; check password_file" in refusal(account)


def test_each_connection_asks_for_a_new_token(oauth_dovecot: Dovecot, user: str, tmp_path: Path) -> None:
    file = tmp_path / "token"
    account = make_account(oauth_dovecot.port, user, password=None, auth="xoauth2", token_command=f"cat {file}")
    file.write_text(oauth_dovecot.token(user, expired=True))
    refusal(account)
    file.write_text(oauth_dovecot.token(user))
    try_login(account)


@pytest.mark.parametrize("auth", AUTHS)
@pytest.mark.parametrize("kind", ["expired", "garbage", "of another user"])
def test_a_bad_token_is_refused_in_words_of_its_own(oauth_dovecot: Dovecot, user: str, auth: str, kind: str) -> None:
    tokens = {
        "expired": oauth_dovecot.token(user, expired=True),
        "garbage": "garbage",
        "of another user": oauth_dovecot.token("somebody-else"),
    }
    found = refusal(token_account(oauth_dovecot.port, user, tokens[kind], auth))
    assert found == "account home: login: the server refuses the access token; check token_command"


def test_a_token_taken_without_a_mailbox_is_a_refused_login(oauth_dovecot: Dovecot, user: str, wire: Wire) -> None:
    """Microsoft says OK to AUTHENTICATE and CAPABILITY, then BAD to all the rest."""
    wire.edits = [
        (rb"(\* LIST [^\r]*\r\n)*(\w+) OK (List|Namespace) .*", rb"\2 BAD User is authenticated but not connected.\r\n")
    ]
    found = refusal(token_account(wire.port, user, oauth_dovecot.token(user)))
    assert "takes the access token but opens no mailbox; check username, the token's scope" in found
    assert wire.sent.count(b"AUTHENTICATE") == 1


@pytest.mark.parametrize(
    "edit",
    [
        (rb"NO (\[\w+\] )?Auth\w* ", rb"NO [UNAVAILABLE] Later "),
        (rb"(\* LIST [^\r]*\r\n)*(\w+) OK List .*", rb"\2 NO [UNAVAILABLE] Later\r\n"),
    ],
)
def test_a_server_that_cannot_check_the_token_now_is_tried_again(
    oauth_dovecot: Dovecot, user: str, wire: Wire, edit: tuple[bytes, bytes]
) -> None:
    wire.edits = [edit]
    token = oauth_dovecot.token(user, expired=b"Auth" in edit[0])
    with pytest.raises(TransientMailError, match=r"\(UNAVAILABLE\)"):
        try_login(token_account(wire.port, user, token))


@pytest.mark.parametrize("moment", [b"AUTHENTICATE", b"LIST"])
def test_a_connection_lost_around_the_token_is_tried_again(
    oauth_dovecot: Dovecot, user: str, wire: Wire, moment: bytes
) -> None:
    def cut(data: bytes) -> bytes:
        if moment in data:
            wire.drop()
            return b""
        return data

    wire.on_client = cut
    with pytest.raises(TransientMailError):
        try_login(token_account(wire.port, user, oauth_dovecot.token(user)))


@pytest.mark.parametrize(
    ("missing", "advice"),
    [(rb" AUTH=XOAUTH2", "set auth = 'oauthbearer'"), (rb" AUTH=(XOAUTH2|OAUTHBEARER)", "set auth = 'password'")],
)
def test_no_token_goes_to_a_server_that_offers_no_way_for_it(
    oauth_dovecot: Dovecot, user: str, wire: Wire, missing: bytes, advice: str
) -> None:
    wire.edits = [(missing, b"")]
    token = oauth_dovecot.token(user)
    found = refusal(token_account(wire.port, user, token))
    assert "offers no XOAUTH2, so that no token was sent" in found
    assert advice in found
    assert not wire.has_seen(token)
    assert b"AUTHENTICATE" not in wire.sent


# Passwords


@pytest.mark.parametrize(
    ("pattern", "replacement"),
    [
        (rb"AUTH=PLAIN AUTH=LOGIN", rb"LOGINDISABLED"),
        (rb"AUTH=PLAIN", rb"AUTH=PLAIN LOGINDISABLED"),  # a server that would take it all the same
    ],
)
def test_no_password_goes_where_login_is_disabled(
    oauth_dovecot: Dovecot, user: str, wire: Wire, pattern: bytes, replacement: bytes
) -> None:
    wire.edits = [(pattern, replacement)]
    found = refusal(make_account(wire.port, user, oauth_dovecot.password))
    assert "(LOGINDISABLED), so that none was sent; use security = 'tls' or 'starttls'" in found
    assert not wire.has_seen(oauth_dovecot.password)
    assert b"LOGIN " not in wire.sent


@pytest.mark.parametrize("security", ["tls", "starttls"])
def test_under_tls_login_disabled_leaves_plain(user: str, security: str) -> None:
    with Dovecot(DovecotOptions(capability="+LOGINDISABLED")) as server:
        port = server.tls_port if security == "tls" else server.port
        try_login(make_account(port, user, server.password, security=security, ca_file=str(server.ca_file)))


def test_nothing_goes_to_a_server_whose_starttls_was_taken_away(oauth_dovecot: Dovecot, user: str, wire: Wire) -> None:
    wire.edits = [(rb" STARTTLS", b"")]
    ca_file = str(oauth_dovecot.ca_file)
    found = refusal(make_account(wire.port, user, oauth_dovecot.password, security="starttls", ca_file=ca_file))
    assert "offers no STARTTLS, so that nothing secret was sent" in found
    assert not wire.has_seen(oauth_dovecot.password)


def test_login_serves_where_plain_is_not_offered(oauth_dovecot: Dovecot, user: str, wire: Wire) -> None:
    wire.edits = [(rb" AUTH=PLAIN", b"")]
    try_login(make_account(wire.port, user, oauth_dovecot.password))
    assert b"LOGIN " in wire.sent


def test_login_is_not_tried_with_what_it_cannot_carry(user: str, wire: Wire) -> None:
    wire.edits = [(rb" AUTH=PLAIN", b"")]
    assert "nothing but ASCII" in refusal(make_account(wire.port, user, "s\u00e9cret"))
    assert b"LOGIN " not in wire.sent
