"""Evidence to examples, pure: of everything the owner said about a message, the last word counts."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from triage.records import Category, MessageRef
from triage.store.evidence import Correction, Origin, Sighting
from triage.store.records import Relabelling


@dataclass(frozen=True, slots=True)
class Example:
    """A message and what its owner says it is.

    Attributes:
        before: what the owner, or another folder, said earlier, oldest first.
    """

    fingerprint: str
    category: Category
    origin: Origin
    ref: MessageRef
    since: datetime
    before: tuple[Category, ...] = ()


@dataclass(frozen=True, slots=True)
class Conflict:
    """A message that lies in folders of several categories and was never seen in one alone: nothing is learnt."""

    fingerprint: str
    places: tuple[tuple[MessageRef, Category], ...]


@dataclass(frozen=True)
class Evidence:
    """Everything the owner said.

    Attributes:
        folders: category by account and folder.
        labels: category by label; removing a label says `other`, which has none.
    """

    folders: Mapping[tuple[str, str], Category]
    labels: Mapping[str, Category]
    sightings: Sequence[Sighting] = ()
    relabellings: Sequence[Relabelling] = ()
    corrections: Sequence[Correction] = ()


@dataclass(frozen=True)
class Resolved:
    """Examples by fingerprint, in its order, and what could not be told."""

    examples: tuple[Example, ...] = ()
    conflicts: tuple[Conflict, ...] = ()
    unlearnt: frozenset[str] = field(default_factory=frozenset)


@dataclass(frozen=True, slots=True)
class _Word:
    """One word of the owner on a message; no category takes all earlier ones back."""

    since: datetime
    category: Category | None
    origin: Origin
    ref: MessageRef


def resolve(evidence: Evidence) -> Resolved:
    """Return what to learn: the last word on each message."""
    words: dict[str, list[_Word]] = {}
    for mark, word in _iter_words(evidence):
        words.setdefault(mark, []).append(word)
    examples, conflicts, unlearnt = [], [], set()
    for mark, said in sorted(words.items()):
        said.sort(key=lambda word: word.since)
        last = [word for word in said if word.since == said[-1].since]
        categories = {word.category for word in last}
        if len(categories) > 1:
            conflicts.append(Conflict(mark, tuple((word.ref, word.category) for word in last if word.category)))
        elif (category := last[-1].category) is None:
            unlearnt.add(mark)
        else:
            before = tuple(word.category for word in said if word.category and word.category is not category)
            examples.append(Example(mark, category, last[-1].origin, last[-1].ref, last[-1].since, before))
    return Resolved(tuple(examples), tuple(conflicts), frozenset(unlearnt))


def _iter_words(evidence: Evidence) -> Iterable[tuple[str, _Word]]:
    for seen in evidence.sightings:
        category = evidence.folders.get((seen.ref.account, seen.ref.folder))
        if category is not None and not seen.is_ours:
            yield seen.fingerprint, _Word(seen.since, category, Origin.FOLDER, seen.ref)
    for change in evidence.relabellings:
        told = told_by_labels(change.was, change.now, evidence.labels)
        if told is not None:
            yield change.fingerprint, _Word(change.seen_at, told, Origin.LABEL, change.ref)
    for word in evidence.corrections:
        yield word.fingerprint, _Word(word.made_at, word.category, word.origin, word.ref)


def told_by_labels(was: frozenset[str], now: frozenset[str], labels: Mapping[str, Category]) -> Category | None:
    """Return what a change of labels says the message is; None where it says nothing clear.

    One label added says its category. A label taken away leaves what another says, or
    `other`, which has no label. Whether the owner is sure says nothing of the message.
    """
    added = {labels[name] for name in now - was if name in labels}
    if added:
        return added.pop() if len(added) == 1 else None
    if not any(name in labels for name in was - now):
        return None
    left = {labels[name] for name in now if name in labels}
    if len(left) > 1:
        return None
    return left.pop() if left else Category.OTHER


def digest_of(examples: Sequence[Example]) -> str:
    """Return a digest of what is to be learnt: the same as long as nothing new was said."""
    digest = hashlib.sha256()
    for one in sorted(examples, key=lambda one: one.fingerprint):
        digest.update(f"{one.fingerprint} {one.category.value}\n".encode())
    return digest.hexdigest()[:32]
