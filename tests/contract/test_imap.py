"""What only a server can show: flags, UIDs, faults, refusals."""

import pytest
from imapclient import IMAPClient

from tests.builders import make_raw, make_scam
from tests.contract.conftest import Opener, make_account
from tests.servers.dovecot import Dovecot, DovecotOptions
from tests.servers.proxy import FaultProxy
from triage.errors import AccountError, TransientMailError
from triage.records import LabelChange, RawMessage

pytestmark = pytest.mark.server

SCAM = frozenset({"Triage/Scam"})


def test_large_messages_are_read_by_their_beginning(
    dovecot: Dovecot, user: str, client: IMAPClient, source_of: Opener
) -> None:
    client.append("INBOX", make_raw("hello\n" * 40_000))
    with FaultProxy(dovecot.port) as proxy:
        source = source_of(make_account(proxy.port, user))
        with source.open("INBOX") as mailbox:
            item = next(iter(mailbox.iter_messages(mailbox.list_refs())))
        assert isinstance(item, RawMessage)
        assert (len(item.content), item.is_cut) == (65536, True)
        assert proxy.bytes_to_client < 80_000


def test_a_wrong_password_is_an_account_error_that_says_what_to_do(
    dovecot: Dovecot, user: str, source_of: Opener
) -> None:
    with (
        pytest.raises(AccountError, match="check username and the password") as caught,
        source_of(make_account(dovecot.port, user, "wrong-secret")).open("INBOX"),
    ):
        pass
    assert "wrong-secret" not in str(caught.value)


def test_an_untrusted_certificate_is_refused(dovecot: Dovecot, user: str, source_of: Opener) -> None:
    account = make_account(dovecot.tls_port, user, security="tls", host="localhost")
    with pytest.raises(AccountError, match="certificate is refused"), source_of(account).open("INBOX"):
        pass


@pytest.mark.parametrize("security", ["tls", "starttls"])
def test_a_certificate_of_the_named_authority_is_trusted(
    dovecot: Dovecot, user: str, security: str, source_of: Opener
) -> None:
    port = dovecot.tls_port if security == "tls" else dovecot.port
    account = make_account(port, user, security=security, host="localhost", ca_file=dovecot.ca_file)
    source = source_of(account)
    with source.open("INBOX") as mailbox:
        assert mailbox.list_refs() == []


def test_tls_to_a_plain_port_says_what_to_check(dovecot: Dovecot, user: str, source_of: Opener) -> None:
    account = make_account(dovecot.port, user, security="tls", host="localhost")
    with pytest.raises(AccountError, match="check port and security"), source_of(account).open("INBOX"):
        pass


def test_a_refused_connection_is_transient(user: str, source_of: Opener) -> None:
    with pytest.raises(TransientMailError, match="refuses connections"), source_of(make_account(1, user)).open("INBOX"):
        pass


def test_after_a_cut_within_a_literal_the_next_opening_works(
    dovecot: Dovecot, user: str, client: IMAPClient, source_of: Opener
) -> None:
    client.append("INBOX", make_raw("x" * 50_000))
    with FaultProxy(dovecot.port) as proxy:
        source = source_of(make_account(proxy.port, user))
        proxy.cut_after = 20_000
        with pytest.raises(TransientMailError), source.open("INBOX") as mailbox:
            list(mailbox.iter_messages(mailbox.list_refs()))
        proxy.cut_after = None
        with source.open("INBOX") as mailbox:
            assert len(list(mailbox.iter_messages(mailbox.list_refs()))) == 1


def test_a_silent_server_is_given_up(dovecot: Dovecot, user: str, client: IMAPClient, source_of: Opener) -> None:
    client.append("INBOX", make_scam())
    with FaultProxy(dovecot.port) as proxy:
        source = source_of(make_account(proxy.port, user, timeout_seconds=0.3))
        with pytest.raises(TransientMailError, match="in time"), source.open("INBOX") as mailbox:
            proxy.stall(on=True)
            mailbox.list_refs()


def test_a_keyword_that_does_not_stick_is_said(
    dovecot: Dovecot, user: str, client: IMAPClient, source_of: Opener
) -> None:
    client.append("INBOX", make_scam())
    with FaultProxy(dovecot.port) as proxy:
        proxy.on_client = lambda data: data.replace(b"Triage/Scam", b"Nothing/Yet")
        source = source_of(make_account(proxy.port, user), "keyword")
        with source.open("INBOX") as mailbox:
            applied = mailbox.apply([LabelChange(ref, SCAM) for ref in mailbox.list_refs()])
    assert "labels.mode = 'folder'" in str(applied[0].error)


def test_an_old_server_without_uidplus_keeps_copies_and_says_so(user: str, source_of: Opener) -> None:
    with Dovecot(DovecotOptions(capability="IMAP4rev1")) as server:
        client = IMAPClient("127.0.0.1", server.port, ssl=False, timeout=10)
        client.login(user, server.password)
        client.append("INBOX", make_scam())
        source = source_of(make_account(server.port, user), "folder")
        with source.open("INBOX") as mailbox:
            refs = mailbox.list_refs()
            assert mailbox.apply([LabelChange(refs[0], SCAM)])[0].error is None
            assert "no UIDPLUS" in str(mailbox.apply([LabelChange(refs[0], remove=SCAM)])[0].error)
        assert client.select_folder("Triage/Scam")[b"EXISTS"] == 1
        client.logout()


def test_a_read_only_folder_is_said(user: str, source_of: Opener) -> None:
    with Dovecot(DovecotOptions(acl=True)) as server:
        client = IMAPClient("127.0.0.1", server.port, ssl=False, timeout=10)
        client.login(user, server.password)
        client.create_folder("Ro")
        client.append("Ro", make_scam())
        server.set_acl("Ro", "lr")
        source = source_of(make_account(server.port, user), "keyword")
        with pytest.raises(AccountError, match="read-only"), source.open("Ro") as mailbox:
            mailbox.apply([LabelChange(ref, SCAM) for ref in mailbox.list_refs()])
        client.logout()
