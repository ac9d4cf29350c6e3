"""Gmail's labels on a server that speaks its words; where it acts unlike Gmail, a proxy makes up for it."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from imapclient import IMAPClient

from tests.builders import make_scam
from tests.contract.conftest import Opener, make_account
from tests.servers.gmail import Gmail
from tests.servers.proxy import FaultProxy, Hook
from triage.imap.mailbox import ImapMailbox
from triage.records import LabelChange, RawMessage

pytestmark = pytest.mark.server

SCAM = frozenset({"Triage/Scam"})
UNSURE = frozenset({"Triage/Unsure"})


@pytest.fixture
def owner(gmail: Gmail) -> Iterator[IMAPClient]:
    """The owner's own session."""
    client = IMAPClient("127.0.0.1", gmail.port, ssl=False, timeout=10)
    client.login(gmail.user, gmail.password)
    yield client
    client.shutdown()


def keywords(mailbox: ImapMailbox) -> list[set[str]]:
    items = [item for item in mailbox.iter_messages(mailbox.list_refs()) if isinstance(item, RawMessage)]
    return [set(item.keywords) for item in items]


@contextmanager
def proxied(gmail: Gmail, source_of: Opener, folder: str, answer: Hook) -> Iterator[ImapMailbox]:
    with FaultProxy(gmail.port) as proxy:
        proxy.on_server = answer
        source = source_of(make_account(proxy.port, gmail.user))
        with source.open(folder) as mailbox:
            yield mailbox
        source.close()


def test_the_owners_labels_are_read_as_they_are_written_and_stay(
    gmail: Gmail, owner: IMAPClient, source_of: Opener
) -> None:
    theirs = ["Jobs/Büro & Söhne", "a b", "[Mailbox]", "2024", "求人"]
    owner.append("INBOX", make_scam(), ["holiday"])
    owner.select_folder("INBOX")
    owner.add_gmail_labels([1], theirs)
    with source_of(make_account(gmail.port, gmail.user)).open("INBOX") as mailbox:
        assert keywords(mailbox) == [{*theirs, "holiday"}]
        (ref,) = mailbox.list_refs()
        assert mailbox.fetch_labels([ref])[ref] == {*theirs, "holiday"}
        for change in (LabelChange(ref, SCAM), LabelChange(ref, UNSURE, SCAM), LabelChange(ref, remove=UNSURE)):
            assert [one.error for one in mailbox.apply([change])] == [None]
            assert keywords(mailbox) == [{*theirs, "holiday", *change.add}]
    assert set(map(str, owner.get_gmail_labels([1])[1])) == {"\\Inbox", *theirs}


def test_a_label_in_another_case_is_ours_too(gmail: Gmail, owner: IMAPClient, source_of: Opener) -> None:
    owner.append("INBOX", make_scam())
    answer: Hook = lambda data: data.replace(b"Triage/Scam", b"triage/SCAM")  # noqa: E731  as whoever made it spelt it
    with proxied(gmail, source_of, "INBOX", answer) as mailbox:
        assert [one.error for one in mailbox.apply([LabelChange(ref, SCAM) for ref in mailbox.list_refs()])] == [None]


@pytest.mark.parametrize("name", [b"&AP", b"B&-&", b"\x80\xff", b'"\\\\"'])
def test_a_label_that_cannot_be_decoded_stops_nothing(
    gmail: Gmail, owner: IMAPClient, source_of: Opener, name: bytes
) -> None:
    owner.append("INBOX", make_scam())
    owner.select_folder("INBOX")
    owner.add_gmail_labels([1], ["Replaced"])
    with proxied(gmail, source_of, "INBOX", lambda data: data.replace(b"Replaced", name)) as mailbox:
        assert len(keywords(mailbox)) == 1
        assert [one.error for one in mailbox.apply([LabelChange(ref, SCAM) for ref in mailbox.list_refs()])] == [None]


def test_a_label_that_is_refused_does_not_stop_the_others(gmail: Gmail, owner: IMAPClient, source_of: Opener) -> None:
    for number in range(2):
        owner.append("INBOX", make_scam(number))
    refused: list[bytes] = []

    def note(data: bytes) -> bytes:
        refused.extend(re.findall(rb"^(\S+) UID STORE .*Triage/Scam", data))
        return data.replace(b"+X-GM-LABELS", b"+X-GM-NOTHING") if b"Triage/Scam" in data else data

    with FaultProxy(gmail.port) as proxy:
        proxy.on_client = note
        with source_of(make_account(proxy.port, gmail.user)).open("INBOX") as mailbox:
            first, second = mailbox.list_refs()
            done = mailbox.apply([LabelChange(first, SCAM), LabelChange(second, UNSURE)])
    assert refused
    assert [one.error is None for one in done] == [False, True]
    assert set(owner.select_folder("INBOX") and owner.get_gmail_labels([2])[2]) == {"\\Inbox", "Triage/Unsure"}


def test_the_open_folders_own_label_counts_though_gmail_does_not_list_it(
    gmail: Gmail, owner: IMAPClient, source_of: Opener
) -> None:
    owner.create_folder("Triage/Scam")
    owner.append("Triage/Scam", make_scam())

    def hide(data: bytes) -> bytes:
        return re.sub(rb"(X-GM-LABELS \([^)]*?) ?Triage/Scam", rb"\1", data)

    with proxied(gmail, source_of, "Triage/Scam", hide) as mailbox:
        assert keywords(mailbox) == [SCAM]
        (ref,) = mailbox.list_refs()
        assert mailbox.fetch_labels([ref]) == {ref: SCAM}
        assert [one.error for one in mailbox.apply([LabelChange(ref, SCAM)])] == [None]
        (done,) = mailbox.apply([LabelChange(ref, UNSURE, SCAM)])
        assert "move it yourself" in str(done.error)
        assert mailbox.list_refs() == [ref]


def test_a_message_is_found_by_gmails_identity_whatever_the_way_of_labelling(
    gmail: Gmail, owner: IMAPClient, source_of: Opener
) -> None:
    for number in range(2):
        owner.append("INBOX", make_scam(number))
    with source_of(make_account(gmail.port, gmail.user)).open("INBOX") as mailbox:
        marks = mailbox.identify(mailbox.list_refs())
    with source_of(make_account(gmail.port, gmail.user), "folder").open("INBOX") as mailbox:
        assert mailbox.find(marks.values()) == {mark: ref for ref, mark in marks.items()}


def test_one_message_in_inbox_and_all_mail_has_one_identity(gmail: Gmail, owner: IMAPClient, source_of: Opener) -> None:
    for folder in ("INBOX", "[Gmail]/All Mail"):
        owner.append(folder, make_scam())
    # The look-alike gives each copy an identity of its own; to Gmail they are one message.
    same: Hook = lambda data: re.sub(rb"X-GM-MSGID \d+", b"X-GM-MSGID 18446744073709551615", data)  # noqa: E731
    marks = []
    for folder in ("INBOX", "[Gmail]/All Mail"):
        with proxied(gmail, source_of, folder, same) as mailbox:
            (item,) = mailbox.iter_messages(mailbox.list_refs())
            assert isinstance(item, RawMessage)
            assert mailbox.find([item.server_id]) == {item.server_id: item.ref}
            marks.append(item.server_id)
    assert marks == ["gm:18446744073709551615"] * 2


def test_no_identity_is_told_under_another_uidvalidity(gmail: Gmail, owner: IMAPClient, source_of: Opener) -> None:
    owner.append("INBOX", make_scam())
    with source_of(make_account(gmail.port, gmail.user)).open("INBOX") as mailbox:
        (ref,) = mailbox.list_refs()
        old = type(ref)(ref.account, ref.folder, type(ref.uidvalidity)(99), ref.uid)
        assert set(mailbox.identify([ref, old])) == {ref}
