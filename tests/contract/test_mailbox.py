"""What every `Mailbox` promises, on the fake and on the real things."""

from datetime import UTC, datetime, timedelta

from tests.builders import make_raw, make_scam
from tests.contract.conftest import World
from triage.mail.identity import fingerprint
from triage.records import LabelChange, MessageRef, RawMessage

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
    return [{name for name in item.keywords if name.startswith("Triage/")} for item in read(world)]


def test_an_empty_folder_has_no_messages(world: World) -> None:
    assert read(world) == []


def test_messages_come_whole_and_in_order(world: World) -> None:
    contents = [make_scam(number) for number in range(1, 6)]
    for content in contents:
        world.deliver(content)
    found = read(world)
    assert sorted(fingerprint(item.content) for item in found) == sorted(map(fingerprint, contents))
    assert [item.ref for item in found] == sorted(item.ref for item in found)


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


def test_one_label_replaces_another_in_one_change(world: World) -> None:
    world.deliver(make_scam())
    label(world, UNSURE)
    assert label(world, SCAM, UNSURE) == [None]
    assert labels(world) == [{"Triage/Scam"}]


def test_a_message_that_has_gone_is_said_and_stops_nothing(world: World) -> None:
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
        found = mailbox.find({wanted, "0" * 32})
        assert set(found) == {wanted}
        item = next(iter(mailbox.iter_messages([found[wanted]])))
        assert isinstance(item, RawMessage)
        assert fingerprint(item.content) == wanted


def test_only_recent_mail_is_listed_when_asked(world: World) -> None:
    world.deliver(make_scam())
    with world.source.open(world.folder) as mailbox:
        assert len(mailbox.list_refs(since=(datetime.now(UTC) - timedelta(days=2)).date())) == 1


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
