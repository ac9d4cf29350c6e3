"""What the daemon needs of a server, on every server there is: moving, watching, telling what changed."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from imapclient import IMAPClient

from tests.builders import make_raw, make_scam
from tests.contract.conftest import Opener, make_account
from tests.servers.dovecot import Dovecot, DovecotOptions
from tests.servers.gmail import Gmail
from tests.servers.proxy import FaultProxy
from tests.servers.pymap import Pymap
from triage.config import LabelsConfig
from triage.errors import FolderError, TransientMailError
from triage.imap.mailbox import ImapMailbox
from triage.imap.source import ImapSource
from triage.mail.identity import fingerprint
from triage.records import LabelChange, RawMessage

pytestmark = pytest.mark.server

SCAM = frozenset({"Triage/Scam"})


@dataclass
class Place:
    """A mailbox on some server, its owner's session, and what the server can do.

    Attributes:
        labels_move: a moved message takes its labels along (not with the Gmail look-alike, as Gmail's do).
        searches_modseq: it answers SEARCH MODSEQ (the look-alike names CONDSTORE and does not).
    """

    source: ImapSource
    client: IMAPClient
    port: int
    labels_move: bool = True
    has_keywords: bool = True
    has_condstore: bool = True
    searches_modseq: bool = True

    def subjects(self, folder: str) -> list[bytes]:
        self.client.select_folder(folder, readonly=True)
        found = self.client.fetch(self.client.search(), ["BODY.PEEK[HEADER.FIELDS (MESSAGE-ID)]"])
        return [next(value for key, value in items.items() if key.startswith(b"BODY")) for items in found.values()]


def _open(port: int, user: str, password: str, **facts: bool) -> Iterator[Place]:
    client = IMAPClient("127.0.0.1", port, ssl=False, timeout=10)
    client.login(user, password)
    source = ImapSource(make_account(port, user, password), LabelsConfig())
    yield Place(source, client, port, **facts)
    source.stop_watching()
    source.close()
    client.shutdown()


def _dovecot(request: pytest.FixtureRequest) -> Iterator[Place]:
    server: Dovecot = request.getfixturevalue("dovecot")
    yield from _open(server.port, request.getfixturevalue("user"), server.password)


def _old_dovecot(request: pytest.FixtureRequest, capability: str) -> Iterator[Place]:
    with Dovecot(DovecotOptions(capability=capability)) as server:
        yield from _open(server.port, request.getfixturevalue("user"), server.password, has_condstore=False)


def _cyrus(request: pytest.FixtureRequest, name: str) -> Iterator[Place]:
    server = request.getfixturevalue(name)
    yield from _open(server.port, server.add_user(request.getfixturevalue("user")), server.password)


def _gmail(request: pytest.FixtureRequest) -> Iterator[Place]:
    server: Gmail = request.getfixturevalue("gmail")
    yield from _open(server.port, server.user, server.password, labels_move=False, searches_modseq=False)


def _pymap(_request: pytest.FixtureRequest) -> Iterator[Place]:
    with Pymap() as server:
        yield from _open(
            server.port, server.user, server.password, labels_move=False, has_keywords=False, has_condstore=False
        )


KINDS: dict[str, Callable[[pytest.FixtureRequest], Iterator[Place]]] = {
    "dovecot": _dovecot,
    "dovecot without MOVE": lambda request: _old_dovecot(request, "IMAP4rev1 UIDPLUS"),
    "cyrus": lambda request: _cyrus(request, "cyrus"),
    "cyrus with slashes": lambda request: _cyrus(request, "cyrus_slash"),
    "gmail": _gmail,
    "pymap": _pymap,
}


@pytest.fixture(params=KINDS)
def place(request: pytest.FixtureRequest) -> Iterator[Place]:
    yield from KINDS[request.param](request)


@pytest.fixture(params=["dovecot", "cyrus", "gmail", "pymap"])
def watched(request: pytest.FixtureRequest) -> Iterator[Place]:
    yield from KINDS[request.param](request)


def change_all(mailbox: ImapMailbox, add: frozenset[str], where: str, *, again: bool = False) -> list[str | None]:
    target = mailbox.move_target(where)
    changes = [LabelChange(ref, add, move_to=target) for ref in mailbox.list_refs()]
    return [one.error for one in mailbox.apply(changes, again=again)]


@pytest.mark.parametrize("where", ["Triage/Scam", "Verdächtig"])
def test_a_message_is_moved_with_its_label_to_a_folder_that_is_made(place: Place, where: str) -> None:
    for number in range(3):
        place.client.append("INBOX", make_scam(number))
    with place.source.open("INBOX") as mailbox:
        target = mailbox.move_target(where)
        if not where.isascii():
            target = mailbox.move_target("Triage/Scam").replace("Scam", where)
        changes = [LabelChange(ref, SCAM, move_to=target) for ref in mailbox.list_refs()[:2]]
        assert [one.error for one in mailbox.apply(changes)] == [None, None]
    assert (len(place.subjects("INBOX")), len(place.subjects(target))) == (1, 2)
    assert any(name == target for _, _, name in place.client.list_sub_folders())
    with place.source.open(target) as mailbox:
        labels = mailbox.fetch_labels(mailbox.list_refs())
    if place.labels_move:
        assert all(found >= SCAM for found in labels.values())


def test_a_half_done_move_is_finished_without_a_second_copy(request: pytest.FixtureRequest) -> None:
    for place in _old_dovecot(request, "IMAP4rev1 UIDPLUS"):
        place.client.append("INBOX", make_scam(1))
        place.client.append("INBOX", make_scam(2))
        place.client.create_folder("Verdict")
        place.client.select_folder("INBOX")
        place.client.copy([1], "Verdict")  # and then the power failed
        with place.source.open("INBOX") as mailbox:
            assert change_all(mailbox, SCAM, "Verdict", again=True) == [None, None]
        assert (place.subjects("INBOX"), len(place.subjects("Verdict"))) == ([], 2)


def test_a_message_moved_by_a_server_that_died_gets_the_label_it_lost(place: Place) -> None:
    place.client.append("INBOX", make_scam(1))
    place.client.append("INBOX", make_scam(2))
    with place.source.open("INBOX") as mailbox:
        target = mailbox.move_target("Triage/Scam").replace("Scam", "Moved")
        marks = mailbox.identify(mailbox.list_refs())
    place.client.create_folder(target)
    place.client.select_folder("INBOX")
    place.client.copy([min(marks).uid], target)
    with place.source.open(target) as there:
        (moved,) = there.identify(there.list_refs()).values()
    with place.source.open("INBOX") as mailbox:
        mailbox.label_moved(target, {moved: SCAM, "0" * 32: SCAM})
        assert mailbox.list_refs() == list(marks)
    with place.source.open(target) as there:
        found = list(there.fetch_labels(there.list_refs()).values())
    assert len(found) == 1
    assert (found[0] >= SCAM) is place.has_keywords


def test_a_message_that_a_dying_server_left_in_both_folders_ends_in_one_with_its_label(place: Place) -> None:
    place.client.append("INBOX", make_scam(1))
    with place.source.open("INBOX") as mailbox:
        target = mailbox.move_target("Triage/Scam").replace("Scam", "Moved")
        (ref,) = mailbox.list_refs()
    place.client.create_folder(target)
    place.client.select_folder("INBOX")
    place.client.copy([ref.uid], target)
    with place.source.open("INBOX") as mailbox:
        (done,) = mailbox.apply([LabelChange(ref, SCAM, move_to=target)], again=True)
        assert (done.error, mailbox.list_refs()) == (None, [])
    with place.source.open(target) as there:
        found = list(there.fetch_labels(there.list_refs()).values())
    assert len(found) == 1
    assert (found[0] >= SCAM) is place.labels_move


def test_without_move_and_uidplus_the_original_stays(request: pytest.FixtureRequest) -> None:
    for place in _old_dovecot(request, "IMAP4rev1"):
        place.client.append("INBOX", make_scam(1))
        place.client.append("INBOX", make_raw(), ["\\Deleted"])  # the owner's own mark
        with place.source.open("INBOX") as mailbox:
            change = LabelChange(mailbox.list_refs()[0], SCAM, move_to="Verdict")
            assert mailbox.apply([change])[0].error is None
        assert (len(place.subjects("INBOX")), len(place.subjects("Verdict"))) == (2, 1)


def test_a_special_folder_is_found_by_its_use(dovecot: Dovecot, user: str, source_of: Opener) -> None:
    with source_of(make_account(dovecot.port, user)).open("INBOX") as mailbox:
        assert (mailbox.move_target("\\Junk"), mailbox.move_target("\\Archive")) == ("Junk", "")


def test_what_changed_is_told_where_the_server_can(place: Place) -> None:
    for number in range(3):
        place.client.append("INBOX", make_scam(number))
    with place.source.open("INBOX") as mailbox:
        before = mailbox.highest_modseq
        refs = mailbox.list_refs()
        assert mailbox.uid_next == refs[-1].uid + 1
    assert (before is not None) is place.has_condstore
    place.client.select_folder("INBOX")
    place.client.add_flags([refs[1].uid], ["\\Flagged"])
    with place.source.open("INBOX") as mailbox:
        changed = mailbox.changed_since(before) if before is not None else None
        assert changed == ([refs[1]] if place.has_condstore and place.searches_modseq else None)
    place.client.delete_messages([refs[0].uid])
    place.client.expunge()
    with place.source.open("INBOX") as mailbox:
        now = mailbox.highest_modseq
        assert not (mailbox.changed_since(now) if now is not None else None)


def test_a_bell_rings_for_new_mail_and_stops_when_told(watched: Place) -> None:
    bell = threading.Event()
    results: list[bool] = []
    thread = threading.Thread(target=lambda: results.append(watched.source.watch("INBOX", bell.set)))
    thread.start()
    assert bell.wait(10), "a watch rings when it begins"
    for number in range(3):
        bell.clear()
        watched.client.append("INBOX", make_scam(number))
        assert bell.wait(10)
    watched.source.stop_watching()
    thread.join(5)
    assert results == [True]


def test_a_server_without_idle_cannot_be_watched(request: pytest.FixtureRequest) -> None:
    for place in _old_dovecot(request, "IMAP4rev1"):
        assert place.source.watch("INBOX", lambda: None) is False


@pytest.mark.parametrize("way", ["kill", "drop", "split"])
def test_a_watch_whose_server_has_gone_ends_at_once(dovecot: Dovecot, user: str, source_of: Opener, way: str) -> None:
    with FaultProxy(dovecot.port) as proxy:
        source = source_of(make_account(proxy.port, user))
        bell = threading.Event()
        errors: list[Exception] = []

        def watch() -> None:
            try:
                source.watch("INBOX", bell.set)
            except TransientMailError as error:
                errors.append(error)

        thread = threading.Thread(target=watch)
        thread.start()
        assert bell.wait(10)
        if way == "split":
            bell.clear()
            held: list[bytes] = []

            def hold(data: bytes) -> bytes:
                """Give a line in two pieces."""
                if held or b"EXISTS" not in data:
                    return b"".join([*held, data])
                held.append(data[5:])
                return data[:5]

            proxy.on_server = hold
            dovecot.deliver(user, make_scam(1))
            threading.Timer(1.0, lambda: dovecot.deliver(user, make_scam(2))).start()
            assert bell.wait(10)
            proxy.drop()
        elif way == "kill":
            dovecot.kill_sessions()
        else:
            proxy.drop()
        thread.join(10)
    assert len(errors) == 1


def test_all_mail_and_inbox_show_one_message_with_one_label(user: str, source_of: Opener) -> None:
    with Dovecot(DovecotOptions(virtual_all=True)) as server:
        with IMAPClient("127.0.0.1", server.port, ssl=False, timeout=10) as client:
            client.login(user, server.password)
            client.append("INBOX", make_scam(1))
        source = source_of(make_account(server.port, user))
        with source.open("INBOX") as mailbox:
            mailbox.apply([LabelChange(ref, SCAM) for ref in mailbox.list_refs()])
        with source.open("Virtual/All") as mailbox:
            (item,) = mailbox.iter_messages(mailbox.list_refs())
        assert isinstance(item, RawMessage)
        assert (item.keywords, fingerprint(item.content)) == (SCAM, fingerprint(make_scam(1)))
        source.close()


def test_gmails_own_identity_tells_messages_apart_that_look_alike(gmail: Gmail, source_of: Opener) -> None:
    with IMAPClient("127.0.0.1", gmail.port, ssl=False, timeout=10) as client:
        client.login(gmail.user, gmail.password)
        for _ in range(2):
            client.append("INBOX", make_scam(1))
    source = source_of(make_account(gmail.port, gmail.user))
    with source.open("INBOX") as mailbox:
        refs = mailbox.list_refs()
        items = [item for item in mailbox.iter_messages(refs) if isinstance(item, RawMessage)]
        marks = [item.server_id for item in items]
        assert len(set(marks)) == 2
        assert all(mark.startswith("gm:") for mark in marks)
        assert mailbox.find(marks) == dict(zip(marks, refs, strict=True))
        assert mailbox.identify(refs) == dict(zip(refs, marks, strict=True))


def test_a_folder_that_is_deleted_under_us_is_said_and_the_others_go_on(place: Place) -> None:
    with place.source.open("INBOX") as mailbox:
        name = mailbox.move_target("Triage/Scam")
    place.client.create_folder(name)
    with place.source.open(name):
        pass
    place.client.select_folder("INBOX")
    place.client.delete_folder(name)
    with pytest.raises((FolderError, TransientMailError)), place.source.open(name):
        pass
    with place.source.open("INBOX") as mailbox:
        assert mailbox.list_refs() == []
