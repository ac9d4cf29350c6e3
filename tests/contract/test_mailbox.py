"""What every `Mailbox` promises, on the fake and on the real things."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from email import policy
from email.message import EmailMessage

import pytest

from tests.builders import make_raw, make_scam
from tests.contract.conftest import ImapWorld, ServerWorld, World
from triage.errors import FolderError
from triage.mail.identity import fingerprint
from triage.mail.parse import MAX_BODY_BYTES, parse_message
from triage.records import LabelChange, MessageRef, RawMessage, UnreadableMessage

SCAM = frozenset({"Triage/Scam"})
UNSURE = frozenset({"Triage/Unsure"})


def read(world: World) -> list[RawMessage]:
    with world.source.open(world.folder) as mailbox:
        return [item for item in mailbox.iter_messages(mailbox.list_refs()) if isinstance(item, RawMessage)]


def label(world: World, add: frozenset[str] = frozenset(), remove: frozenset[str] = frozenset()) -> list[str | None]:
    with world.source.open(world.folder) as mailbox:
        changes = [LabelChange(ref, add, remove) for ref in mailbox.list_refs()]
        return [one.error for one in mailbox.apply(changes)]


def labels(world: World) -> list[set[str]]:
    """Return the labels we see, which must be those that the owner sees."""
    seen = [{name for name in item.keywords if name.startswith("Triage/")} for item in read(world)]
    assert sorted(map(sorted, seen)) == sorted(map(sorted, world.labels()))
    return seen


def numbers(world: World, refs: Sequence[MessageRef]) -> list[int]:
    """Return which of the scams these are."""
    with world.source.open(world.folder) as mailbox:
        items = [item for item in mailbox.iter_messages(refs) if isinstance(item, RawMessage)]
    found = [re.search(rb"<scam-(\d+)@", item.content) for item in items]
    return [int(one[1]) for one in found if one]


def test_an_empty_folder_has_no_messages(world: World) -> None:
    assert read(world) == []


def test_messages_come_whole_and_in_order(world: World) -> None:
    contents = [make_scam(number) for number in range(1, 6)]
    for content in contents:
        world.deliver(content)
    found = read(world)
    assert sorted(fingerprint(item.content) for item in found) == sorted(map(fingerprint, contents))
    assert [item.ref for item in found] == sorted(item.ref for item in found)


def test_messages_come_in_the_order_asked_for(world: World) -> None:
    for number in range(1, 6):
        world.deliver(make_scam(number))
    with world.source.open(world.folder) as mailbox:
        refs = list(mailbox.list_refs())
        wanted = [refs[3], refs[0], refs[4]]
        assert [item.ref for item in mailbox.iter_messages(wanted)] == wanted


def test_a_large_message_is_cut_and_says_so(world: World) -> None:
    large, small = make_raw("hello\n" * 40_000), make_raw(message_id="<2@choir.example>")
    world.deliver(large)
    world.deliver(small)
    found = {item.is_cut: item.content for item in read(world)}
    assert len(found[True]) == MAX_BODY_BYTES
    assert found[True].split(b"\n")[-2].rstrip() == b"hello"
    assert [fingerprint(found[is_cut]) for is_cut in (True, False)] == [fingerprint(large), fingerprint(small)]


@pytest.mark.parametrize("encoding", ["8bit", "base64"])
def test_the_text_behind_a_large_attachment_is_read(world: World, encoding: str) -> None:
    mail = EmailMessage(policy=policy.SMTP)
    mail["From"], mail["Subject"] = "Anna Lind <anna.lind@choir.example>", "Tuesday"
    mail.add_attachment(b"%PDF" * 60_000, maintype="application", subtype="pdf", filename="score.pdf")
    text = EmailMessage(policy=policy.SMTP)
    text.set_content("the choir rehearses on Tuesday\n", cte=encoding)
    mail.attach(text)
    world.deliver(mail.as_bytes())
    found = read(world)[0]
    message = parse_message(found.content, is_cut=found.is_cut)
    assert (message.subject, message.text, found.is_cut) == ("Tuesday", "the choir rehearses on Tuesday", True)
    assert fingerprint(found.content) == fingerprint(mail.as_bytes())


def test_reading_changes_no_flag(world: World) -> None:
    world.deliver(make_scam(1))
    world.deliver(make_scam(2))
    before = world.flags()
    read(world)
    assert world.flags() == before


def test_a_label_is_written_and_seen(world: World) -> None:
    world.deliver(make_scam(1))
    world.deliver(make_scam(2))
    assert label(world, SCAM) == [None, None]
    assert labels(world) == [{"Triage/Scam"}, {"Triage/Scam"}]


def test_labelling_twice_is_labelling_once(world: World) -> None:
    world.deliver(make_scam())
    label(world, SCAM)
    first = world.flags()
    assert label(world, SCAM) == [None]
    assert (world.flags(), labels(world)) == (first, [{"Triage/Scam"}])


def test_removing_a_label_restores_the_message(world: World) -> None:
    world.deliver(make_scam())
    before = world.flags()
    label(world, SCAM)
    assert label(world, remove=SCAM) == [None]
    assert (world.flags(), labels(world)) == (before, [set()])


def test_removing_a_label_that_is_not_there_changes_nothing(world: World) -> None:
    world.deliver(make_scam())
    before = world.flags()
    assert label(world, remove=SCAM) == [None]
    assert (world.flags(), labels(world)) == (before, [set()])


def test_one_label_replaces_another_in_one_change(world: World) -> None:
    world.deliver(make_scam())
    label(world, UNSURE)
    assert label(world, SCAM, UNSURE) == [None]
    assert labels(world) == [{"Triage/Scam"}]


def test_a_label_lies_on_its_message_alone_even_without_header_fields(world: World) -> None:
    for size in range(3):
        world.deliver(b"X-Any: 1\r\n\r\n%s\r\n" % (b"x" * size))
    with world.source.open(world.folder) as mailbox:
        first, *_ = mailbox.list_refs()
        assert [one.error for one in mailbox.apply([LabelChange(first, SCAM)])] == [None]
    with world.source.open(world.folder) as mailbox:
        found = [item for item in mailbox.iter_messages(mailbox.list_refs()) if isinstance(item, RawMessage)]
    assert {item.ref for item in found if item.keywords & SCAM} == {first}


def test_flags_and_keywords_of_others_stay(world: World) -> None:
    for number, flags in enumerate((("\\Seen",), ("\\Flagged", "holiday", "$Forwarded"), ())):
        world.deliver(make_scam(number), *flags)
    before = world.flags()
    assert any("holiday" in flags for flags in before)
    assert label(world, SCAM) == [None] * 3
    assert [flags - SCAM for flags in world.flags()] == before
    assert label(world, remove=SCAM) == [None] * 3
    assert world.flags() == before


def test_a_message_that_has_gone_is_said_and_stops_nothing(world: World) -> None:
    for number in range(3):
        world.deliver(make_scam(number))
    with world.source.open(world.folder) as mailbox:
        gone = mailbox.find([fingerprint(make_scam(1))])[fingerprint(make_scam(1))]
        refs = [gone, *(ref for ref in mailbox.list_refs() if ref != gone)]
        world.expunge(1)
        # Until a session has been told, it may still see the message (RFC 2180 section 4.1).
        assert {item.ref for item in mailbox.iter_messages(refs)} >= set(refs[1:])
        applied = mailbox.apply([LabelChange(ref, SCAM) for ref in refs])
        assert [one.error for one in applied] == ["the message has gone", None, None]
        assert [one.change.ref for one in applied] == refs
        assert [item.ref for item in mailbox.iter_messages(refs)] == refs[1:]
    assert labels(world) == [{"Triage/Scam"}] * 2


def test_a_message_that_never_was_is_said_to_have_gone(world: World) -> None:
    world.deliver(make_scam())
    with world.source.open(world.folder) as mailbox:
        ref = mailbox.list_refs()[0]
        lost = MessageRef(
            ref.account,
            ref.folder,
            ref.uidvalidity,
            type(ref.uid)(ref.uid + 4000 if ref.uid else 0),
            "lost" if ref.key else "",
        )
        applied = mailbox.apply([LabelChange(lost, SCAM), LabelChange(ref, SCAM)])
        assert [one.error for one in applied] == ["the message has gone", None]
        assert [item.ref for item in mailbox.iter_messages([lost, ref])] == [ref]


def test_messages_are_found_by_fingerprint(world: World) -> None:
    world.deliver(make_scam(1))
    world.deliver(make_scam(2))
    with world.source.open(world.folder) as mailbox:
        wanted = fingerprint(make_scam(2))
        found = mailbox.find({wanted, "0" * 32, "gm:1278455344230334865"})
        assert set(found) == {wanted}
        item = next(iter(mailbox.iter_messages([found[wanted]])))
        assert isinstance(item, RawMessage)
        assert fingerprint(item.content) == wanted


def test_only_recent_mail_is_listed_when_asked(world: World) -> None:
    now = datetime.now(UTC)
    world.deliver(make_scam(1), received=now - timedelta(days=40))
    world.deliver(make_scam(2), received=now - timedelta(hours=1))
    with world.source.open(world.folder) as mailbox:
        assert len(mailbox.list_refs()) == 2
        recent = mailbox.list_refs(since=(now - timedelta(days=3)).date())
        assert len(mailbox.list_refs(since=(now - timedelta(days=60)).date())) == 2
    assert numbers(world, recent) == [2]


def test_hostile_messages_are_read_beside_the_others(world: World) -> None:
    for content in (
        b"Subject: \xff\xfe\x80\r\nFrom: <\r\n\r\n\x80\x81",
        b"\r\n\r\n",
        b"Subject: 2024\r\nContent-Type: multipart/mixed; boundary=a\r\n\r\n"
        + b"--a\r\nContent-Type: multipart/mixed; boundary=a\r\n\r\n" * 300,
        make_raw(),
    ):
        world.deliver(content)
    assert len(read(world)) == 4


def test_hundreds_of_messages_are_labelled_at_once(world: World) -> None:
    for number in range(510):
        world.deliver(b"Message-ID: <%d@many.example>\r\n\r\nhello\r\n" % number)
    assert label(world, SCAM) == [None] * 510
    assert labels(world) == [{"Triage/Scam"}] * 510
    assert label(world, UNSURE, SCAM) == [None] * 510
    assert labels(world) == [{"Triage/Unsure"}] * 510


def test_only_what_comes_after_a_uid_is_listed(server_world: ServerWorld) -> None:
    for number in range(3):
        server_world.deliver(make_scam(number))
    with server_world.source.open(server_world.folder) as mailbox:
        first, second, third = mailbox.list_refs()
        assert mailbox.list_refs(after=first.uid) == [second, third]
        assert mailbox.list_refs(after=third.uid) == []
        assert mailbox.list_refs(after=type(third.uid)(third.uid + 900)) == []


@pytest.mark.parametrize("way", ["refused", "missing"])
def test_a_message_that_cannot_be_read_does_not_stop_the_others(server_world: ServerWorld, way: str) -> None:
    for number in range(3):
        server_world.deliver(make_scam(number))
    with server_world.spoiled(1, way) as source, source.open(server_world.folder) as mailbox:
        refs = mailbox.list_refs()
        found = list(mailbox.iter_messages(refs))
    assert [item.ref for item in found] == list(refs)
    assert [type(item) for item in found] == [RawMessage, UnreadableMessage, RawMessage]


def test_nothing_is_read_or_written_under_another_uidvalidity(server_world: ServerWorld) -> None:
    server_world.deliver(make_scam())
    with server_world.source.open(server_world.folder) as mailbox:
        (ref,) = mailbox.list_refs()
        other = MessageRef(ref.account, ref.folder, type(ref.uidvalidity)(ref.uidvalidity + 1), ref.uid)
        assert list(mailbox.iter_messages([other])) == []
        (done,) = mailbox.apply([LabelChange(other, SCAM)])
    assert done.error is not None
    assert labels(server_world) == [set()]


def test_a_folder_made_anew_has_another_uidvalidity(server_world: ServerWorld) -> None:
    if isinstance(server_world, ImapWorld):
        server_world.folder = server_world.name("Jobs")
        server_world.client.create_folder(server_world.folder)
    server_world.deliver(make_scam())
    with server_world.source.open(server_world.folder) as mailbox:
        (old,) = mailbox.list_refs()
    server_world.remake()
    with server_world.source.open(server_world.folder) as mailbox:
        (done,) = mailbox.apply([LabelChange(old, SCAM)])
        assert done.error is not None
        (new,) = mailbox.find([fingerprint(make_scam())]).values()
    assert new.uidvalidity != old.uidvalidity
    assert labels(server_world) == [set()]


def test_the_text_behind_a_large_attachment_is_fetched_by_itself(imap_world: ImapWorld) -> None:
    head = b"From: a@b.example\r\nSubject: job\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
    pdf = b"--b\r\nContent-Type: application/pdf\r\nContent-Transfer-Encoding: base64\r\n\r\n" + b"QUJD\r\n" * 30_000
    text = b"--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nWe hire welders.\r\n--b--\r\n"
    imap_world.deliver(head + pdf + text)
    (item,) = read(imap_world)
    assert b"We hire welders." in item.content
    assert b"Subject: job" in item.content


def test_a_missing_folder_is_said_and_the_next_one_opens(imap_world: ImapWorld) -> None:
    with pytest.raises(FolderError, match="no folder 'Nowhere'"), imap_world.source.open("Nowhere"):
        pass
    assert read(imap_world) == []


def test_labels_are_written_the_way_the_server_allows(imap_world: ImapWorld) -> None:
    with imap_world.source.open("INBOX"):
        mode, _ = imap_world.source.label_mode(imap_world.source.facts("INBOX"))
    assert mode == imap_world.mode


def test_reading_sends_no_command_that_writes(imap_world: ImapWorld) -> None:
    imap_world.deliver(make_scam(1))
    imap_world.deliver(make_raw("x" * 100_000))
    sent: list[bytes] = []
    with imap_world.proxied() as (proxy, source):
        with source.open("INBOX"):
            pass  # the first session also asks for PERMANENTFLAGS, which takes a SELECT
        proxy.on_client = lambda data: sent.append(data) or data  # type: ignore[func-returns-value]
        with source.open("INBOX") as mailbox:
            refs = mailbox.list_refs()
            assert len(list(mailbox.iter_messages(refs))) == 2
            assert len(mailbox.find([fingerprint(make_scam(1))])) == 1
    written = b"".join(sent)
    assert b" EXAMINE " in written
    assert not re.search(rb" (SELECT|STORE|COPY|MOVE|APPEND|EXPUNGE|CLOSE|DELETE) |BODY\[|RFC822[ )]", written)


@pytest.mark.parametrize("levels", [("Büro & Söhne", "Zusagen"), ("求人 😀",), ("a (b) c",)])
def test_folders_of_any_name_are_read_and_labelled(imap_world: ImapWorld, levels: tuple[str, ...]) -> None:
    check_folder(imap_world, levels)


def test_a_folder_with_quotes_is_read_and_labelled(imap_world: ImapWorld) -> None:
    check_folder(imap_world, ('a "b" c',))


def check_folder(imap_world: ImapWorld, levels: tuple[str, ...]) -> None:
    imap_world.folder = imap_world.name(*levels)
    imap_world.client.create_folder(imap_world.folder)
    imap_world.deliver(make_scam())
    assert label(imap_world, SCAM) == [None]
    assert labels(imap_world) == [{"Triage/Scam"}]
    assert label(imap_world, remove=SCAM) == [None]
    assert labels(imap_world) == [set()]


def test_many_messages_take_few_commands(imap_world: ImapWorld) -> None:
    for number in range(20):
        imap_world.deliver(make_scam(number))
    sent: list[bytes] = []
    with imap_world.proxied() as (proxy, source), source.open("INBOX") as mailbox:
        changes = [LabelChange(ref, SCAM) for ref in mailbox.list_refs()]
        proxy.on_client = lambda data: sent.append(data) or data  # type: ignore[func-returns-value]
        mailbox.apply(changes)
    assert len(re.findall(rb" UID (?:STORE|COPY) ", b"".join(sent))) == 1
