"""Reads the folders that the owner sorts into: what is there, and the features of what is new.

A text is fetched once: a message that is known by its header fields is not read again,
whatever folder it lies in by now.
"""

import hmac
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import islice

from triage.classify.counted import features_id, pack_counts
from triage.classify.features import OwnerMask, extract_features
from triage.classify.judge import only_vouched
from triage.classify.model import LinearModel
from triage.classify.scorer import count_features
from triage.classify.screen import glance_words
from triage.errors import MessageError
from triage.interfaces import Mailbox, ServerMailbox
from triage.mail.identity import fingerprint
from triage.mail.parse import open_message
from triage.records import Message, MessageRef, RawMessage, UnreadableMessage
from triage.store.evidence import EvidenceStore, KeptFeatures, Sighting

MAX_MESSAGES = 10_000
"""Of a folder, so many of the newest are learnt from: more teach nothing new and take minutes."""

_BATCH = 200


@dataclass(frozen=True)
class Reading:
    """How a message becomes features, the same for every message of a training.

    Attributes:
        key: keeps what tells senders and threads apart from telling who they are.
        authserv_ids: by account, see `PassOptions`.
    """

    model: LinearModel
    owner: OwnerMask
    key: bytes = field(repr=False)
    authserv_ids: Mapping[str, str] = field(default_factory=dict)

    @property
    def features_id(self) -> str:
        """The name of the features that this reading makes."""
        return features_id(self.model.blocks, self.owner)

    def read(self, item: RawMessage, now: datetime) -> KeptFeatures:
        """Return what is kept of a message.

        Raises:
            MessageError: it is no mail message.
        """
        opened = open_message(item.content, is_cut=item.is_cut)
        message = only_vouched(opened.complete(), self.authserv_ids.get(item.ref.account))
        counted = count_features(extract_features(message, self.owner), self.model.blocks)
        return KeptFeatures(
            fingerprint=item.server_id or fingerprint(item.content),
            features_id=self.features_id,
            counts=pack_counts(counted),
            sender=self._hashed(message.sender.addr_spec if message.sender else ""),
            thread=self._hashed(_thread(message)),
            received_at=item.internal_date or _aware(message.date) or now,
            glance=self.model.screen.look(glance_words(opened.glance())).score,
            glance_model=self.model.model_id,
        )

    def _hashed(self, text: str) -> str:
        return hmac.new(self.key, text.encode("utf-8", "replace"), "sha256").hexdigest()[:16] if text else ""


def _thread(message: Message) -> str:
    """Return the subject without the marks of answers: all mails of a thread or a campaign share it."""
    words = [word for word in message.subject.casefold().split() if not word.endswith(":")]
    return " ".join(words)


def _aware(moment: datetime | None) -> datetime | None:
    return None if moment is None else moment.astimezone(UTC)


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
    for batch in _batches(mailbox.iter_messages(unread)):
        read, bad = _read_batch(batch, gathering, known)
        found |= read
        report = replace(report, read=report.read + len(read), unreadable=report.unreadable + bad)
    _remember(mailbox, found, former, gathering)
    if not report.left_out:
        gone = [mark for mark, one in former.items() if one.gone_at is None and mark not in found]
        gathering.evidence.mark_gone(mailbox.account, mailbox.folder, gone, gathering.now)
    return report


def _may_change(ref: MessageRef) -> bool:
    """Return whether another message may lie in this place by now: only UIDs promise that none does."""
    return not ref.uid


def _identify(mailbox: Mailbox, refs: Sequence[MessageRef]) -> Mapping[MessageRef, str]:
    """Return identities by the header alone, where that is cheaper than reading."""
    if not refs or not refs[0].uid or not isinstance(mailbox, ServerMailbox):
        return {}
    return mailbox.identify(refs)


def _batches(items: Iterator[RawMessage | UnreadableMessage]) -> Iterator[list[RawMessage | UnreadableMessage]]:
    while batch := list(islice(items, _BATCH)):
        yield batch


def _read_batch(
    batch: Sequence[RawMessage | UnreadableMessage], gathering: Gathering, known: frozenset[str]
) -> tuple[dict[str, MessageRef], int]:
    """Keep the features of messages; return where they are, and how many could not be read."""
    found: dict[str, MessageRef] = {}
    kept: dict[str, KeptFeatures] = {}
    for item in batch:
        if isinstance(item, UnreadableMessage):
            continue
        mark = item.server_id or fingerprint(item.content)
        if mark not in known:
            try:
                kept[mark] = gathering.reading.read(item, gathering.now)
            except MessageError:
                continue
        found[mark] = item.ref
    gathering.evidence.save_features(list(kept.values()))
    gathering.advance(len(batch))
    return found, len(batch) - len(found)


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
