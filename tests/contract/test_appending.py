"""Folders by role, beginnings of messages, and putting a message into a folder once: on a real server and the fake."""

import pytest
from imapclient import IMAPClient

from tests.builders import make_raw
from tests.servers.cyrus import Cyrus
from tests.servers.dovecot import Dovecot, DovecotOptions
from triage.config import AccountConfig, LabelsConfig
from triage.errors import AccountError
from triage.imap.appending import find_role
from triage.imap.capabilities import ServerFacts
from triage.imap.source import ImapSource
from triage.interfaces import FolderRole
from triage.records import RawMessage


def make_source(port: int, user: str, **more: str) -> ImapSource:
    account = AccountConfig.model_validate(
        {
            "name": "home",
            "host": "127.0.0.1",
            "port": port,
            "security": "none",
            "username": user,
            "password": "secret",
            **more,
        }
    )
    return ImapSource(account, LabelsConfig())


def facts(*folders: str, use: dict[str, str] | None = None, namespace: str = "", delimiter: str = "/") -> ServerFacts:
    return ServerFacts(frozenset(), frozenset(), delimiter, namespace, folders, use or {})


@pytest.mark.parametrize(
    ("known", "found"),
    [
        (facts("Post", use={"\\drafts": "Post"}), "Post"),
        (facts("INBOX", "Drafts"), "Drafts"),
        (facts("INBOX", "INBOX.Drafts", namespace="INBOX.", delimiter="."), "INBOX.Drafts"),
        (facts("INBOX", "INBOX/Entwürfe"), "INBOX/Entwürfe"),
        (facts("INBOX", "Work/Drafts", "Old drafts"), None),
    ],
)
def test_a_folder_is_found_by_its_mark_or_its_usual_name(known: ServerFacts, found: str | None) -> None:
    assert find_role(FolderRole.DRAFTS, known) == found


@pytest.mark.server
def test_a_message_is_put_there_once(dovecot: Dovecot, user: str) -> None:
    source = make_source(dovecot.port, user)
    raw = make_raw(message_id="<ours@x.example>")
    assert source.append("Filed/Ours", raw, "<ours@x.example>", ("\\Seen",)) is True
    assert source.append("Filed/Ours", raw, "<ours@x.example>") is False
    with source.open("Filed/Ours") as mailbox:
        (item,) = mailbox.iter_messages(mailbox.list_refs())
        assert isinstance(item, RawMessage)
        assert "\\Seen" in item.flags
        (beginning,) = mailbox.iter_beginnings(mailbox.list_refs(), 60)
        assert isinstance(beginning, RawMessage)
        assert (beginning.content, beginning.is_cut) == (raw[:60], True)
    source.close()


@pytest.mark.server
def test_a_session_that_broke_is_made_anew(dovecot: Dovecot, user: str) -> None:
    source = make_source(dovecot.port, user)
    assert source.find_folder(FolderRole.SENT) == "Sent"
    dovecot.kill_sessions()
    assert source.find_folder(FolderRole.JUNK) == "Junk"
    dovecot.kill_sessions()
    assert source.append("INBOX", make_raw(), "<1@choir.example>") is True
    source.close()


@pytest.mark.server
def test_a_configured_folder_comes_first(dovecot: Dovecot, user: str) -> None:
    source = make_source(dovecot.port, user, sent_folder="Gone out")
    assert source.find_folder(FolderRole.SENT) == "Gone out"
    assert source.find_folder(FolderRole.DRAFTS) is None
    source.close()


@pytest.mark.server
def test_cyrus_takes_it_once_too(cyrus: Cyrus, user: str) -> None:
    cyrus.add_user(user) if hasattr(cyrus, "add_user") else None
    source = make_source(cyrus.port, user)
    for wanted in (True, False):
        assert source.append("INBOX", make_raw(), "<1@choir.example>") is wanted
    source.close()


@pytest.mark.server
def test_a_folder_that_takes_no_more_says_so(user: str) -> None:
    with Dovecot(DovecotOptions(quota="1k")) as server:
        source = make_source(server.port, user)
        with pytest.raises(AccountError):
            source.append("INBOX", make_raw("x" * 4000), "<1@choir.example>")
        source.close()
        with IMAPClient("127.0.0.1", server.port, ssl=False, timeout=10) as client:
            client.login(user, server.password)
            client.select_folder("INBOX", readonly=True)
            assert client.search() == []
