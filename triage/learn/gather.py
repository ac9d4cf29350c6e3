"""Reads the folders that the owner sorts into: what is there, and the features of what is new.

A text is fetched once: a message that is known by its header fields is not read again,
whatever folder it lies in by now.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice

from triage.interfaces import Mailbox, ServerMailbox
from triage.mail.identity import fingerprint
from triage.reading import Reading
from triage.records import MessageRef, RawMessage, UnreadableMessage
from triage.store.evidence import EvidenceStore, Sighting

MAX_MESSAGES = 10_000
"""Of a folder, so many of the newest are learnt from: more teach nothing new and take minutes."""

_BATCH = 200
_LARGE_BATCH = 2000  # for the many readers of a cluster
_MANY = 1000  # fewer are not worth the start of other processes


@dataclass(frozen=True, slots=True)
class FolderReport:
    """What was found in one folder.

    Attributes:
        left_out: older messages beyond `MAX_MESSAGES`.
        problem: why it could not be read, empty if it could.
    """

    name: str
    category: str
    messages: int = 0
    read: int = 0
    unreadable: int = 0
    left_out: int = 0
    problem: str = ""


@dataclass(frozen=True)
class Gathering:
    """What gathering needs beside the mailbox.

    Attributes:
        is_ours: of fingerprints of a folder's messages, those that this program put there.
        advance: told of every message that was looked at.
    """

    evidence: EvidenceStore
    reading: Reading
    now: datetime
    is_ours: Callable[[str, str, Sequence[str]], frozenset[str]]
    advance: Callable[[int], None] = lambda _: None


def gather_folder(mailbox: Mailbox, report: FolderReport, gathering: Gathering) -> FolderReport:
    """Remember what lies in a folder, and keep the features of what is new.

    What was done is kept in steps: a crash costs the last of them.

    Raises:
        TransientMailError, AccountError: the rest could not be read; what was read is kept.
    """
    refs = mailbox.list_refs()
    kept = refs[-MAX_MESSAGES:]
    former = {one.fingerprint: one for one in gathering.evidence.list_sightings(mailbox.account, mailbox.folder)}
    places = {one.ref: mark for mark, one in former.items() if one.gone_at is None}
    present = {places[ref]: ref for ref in kept if ref in places and not _may_change(ref)}
    new = [ref for ref in kept if places.get(ref) not in present]
    report = replace(report, messages=len(refs), left_out=len(refs) - len(kept))
    gathering.advance(len(present))
    known = gathering.evidence.with_features(gathering.reading.features_id)
    marks = _identify(mailbox, new) if known else {}
    moved = {marks[ref]: ref for ref in new if marks.get(ref) in known}
    # Of messages seen before, those whose features are of another kind by now are read again.
    unread = [ref for mark, ref in present.items() if mark not in known]
    unread += [ref for ref in new if marks.get(ref) not in known]
    found = present | moved
    if len(unread) < _MANY:
        gathering = replace(gathering, reading=replace(gathering.reading, jobs=1))
    size = _LARGE_BATCH if gathering.reading.jobs < 0 else _BATCH
    for batch in _batches(mailbox.iter_messages(unread), size):
        read, bad = _read_batch(batch, gathering, known)
        found |= read
        report = replace(report, read=report.read + len(read), unreadable=report.unreadable + bad)
    _remember(mailbox, found, former, gathering)
    if not report.left_out:
        gone = [mark for mark, one in former.items() if one.gone_at is None and mark not in found]
        gathering.evidence.mark_gone(mailbox.account, mailbox.folder, gone, gathering.now)
    return report


def keep_named(
    mailbox: Mailbox, marks: Mapping[str, MessageRef], evidence: EvidenceStore, reading: Reading, now: datetime
) -> None:
    """Keep the features of messages, by fingerprint, where they were or wherever in the folder they are by now.

    Raises:
        TransientMailError, AccountError: they could not be read.
    """
    here = {mark: ref for mark, ref in marks.items() if ref.uidvalidity == mailbox.uidvalidity}
    here |= mailbox.find([mark for mark in marks if mark not in here])
    # Another message may lie where one was, so that each says who it is.
    found = [
        item
        for item in mailbox.iter_messages(sorted(here.values()))
        if isinstance(item, RawMessage) and (item.server_id or fingerprint(item.content)) in marks
    ]
    evidence.save_features([one for one in reading.read_all(found, now) if one])


def _may_change(ref: MessageRef) -> bool:
    """Return whether another message may lie in this place by now: only UIDs promise that none does."""
    return not ref.uid


def _identify(mailbox: Mailbox, refs: Sequence[MessageRef]) -> Mapping[MessageRef, str]:
    """Return identities by the header alone, where that is cheaper than reading."""
    if not refs or not refs[0].uid or not isinstance(mailbox, ServerMailbox):
        return {}
    return mailbox.identify(refs)


def _batches(
    items: Iterator[RawMessage | UnreadableMessage], size: int
) -> Iterator[list[RawMessage | UnreadableMessage]]:
    while batch := list(islice(items, size)):
        yield batch


def _read_batch(
    batch: Sequence[RawMessage | UnreadableMessage], gathering: Gathering, known: frozenset[str]
) -> tuple[dict[str, MessageRef], int]:
    """Keep the features of messages; return where they are, and how many could not be read."""
    marked = [(item.server_id or fingerprint(item.content), item) for item in batch if isinstance(item, RawMessage)]
    new = {mark: item for mark, item in marked if mark not in known}
    kept = [one for one in gathering.reading.read_all(list(new.values()), gathering.now) if one]
    gathering.evidence.save_features(kept)
    readable = known | {one.fingerprint for one in kept}
    found = {mark: item.ref for mark, item in marked if mark in readable}
    gathering.advance(len(batch))
    return found, len(batch) - sum(mark in readable for mark, _ in marked)


def _remember(
    mailbox: Mailbox, found: Mapping[str, MessageRef], former: Mapping[str, Sighting], gathering: Gathering
) -> None:
    """Save where messages are; one that was in another folder meanwhile and is back was brought back, by its owner."""
    arrived = [mark for mark in found if mark not in former]
    back = [mark for mark in found if mark in former and former[mark].gone_at is not None]
    ours = gathering.is_ours(mailbox.account, mailbox.folder, arrived)
    elsewhere = gathering.evidence.newest_sightings(back)
    seen = []
    for mark, ref in found.items():
        known = former.get(mark)
        if known is None:
            seen.append(Sighting(ref, mark, mark in ours, gathering.now))
        elif known.gone_at is not None:
            was_elsewhere = elsewhere[mark] > known.since
            seen.append(
                Sighting(ref, mark, is_ours=False, since=gathering.now)
                if was_elsewhere
                else replace(known, ref=ref, gone_at=None)
            )
        elif known.ref != ref:
            seen.append(replace(known, ref=ref))
    gathering.evidence.save_sightings(seen)
