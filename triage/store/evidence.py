"""What the program learns from, in the same database: sightings, corrections, hashed features, what was learnt."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Engine, Row, delete, func, insert, select, update

from triage.records import Category, MessageRef
from triage.store.columns import place_of, ref_of
from triage.store.engine import put, transaction
from triage.store.schema import corrections, features, learnt, sightings, trainings

_CHUNK = 500


class Origin(StrEnum):
    """How the owner said what a message is."""

    FOLDER = "folder"
    LABEL = "label"
    CORRECT = "correct"
    REVIEW = "review"
    UNLEARN = "unlearn"


@dataclass(frozen=True, slots=True)
class Sighting:
    """A message seen in a folder the owner sorts into.

    Attributes:
        is_ours: this program put it there, which says nothing.
        since: when it was first seen there since it came, or came back.
        gone_at: when it was found to have left; None while it is there.
    """

    ref: MessageRef
    fingerprint: str
    is_ours: bool
    since: datetime
    gone_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Correction:
    """The owner's word on one message, given to this program itself.

    Attributes:
        category: None takes back what was learnt from the message.
    """

    ref: MessageRef
    fingerprint: str
    category: Category | None
    origin: Origin
    made_at: datetime


@dataclass(frozen=True, slots=True)
class KeptFeatures:
    """All that is kept of a message's content.

    Attributes:
        counts: see `triage.classify.counted`.
        sender, thread: keyed hashes; empty where there is none.
        glance: score of the first look, None without one.
        glance_model: whose first look it was.
    """

    fingerprint: str
    features_id: str
    counts: bytes
    sender: str
    thread: str
    received_at: datetime
    glance: float | None
    glance_model: str


@dataclass(frozen=True, slots=True)
class Learnt:
    """A message that a model learnt from, with its share of all that was learnt."""

    fingerprint: str
    category: Category
    influence: float


class Result(StrEnum):
    """How a training ended."""

    PROMOTED = "promoted"
    REFUSED = "refused"
    HELD = "held"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Training:
    """One training.

    Attributes:
        model_id: the model it made, in use or not; empty if it made none.
        evidence: digest of all it was to learn from.
        reason: in words.
    """

    finished_at: datetime
    result: Result
    model_id: str
    examples: int
    evidence: str
    reason: str


class EvidenceStore:
    """The part of the store that is about learning."""

    def __init__(self, engine: Engine) -> None:
        """Keep the engine."""
        self._engine = engine

    # -- folders

    def list_sightings(self, account: str | None = None, folder: str | None = None) -> list[Sighting]:
        """Return what was seen, in one folder or in all."""
        query = select(sightings).order_by(sightings.c.account, sightings.c.folder, sightings.c.fingerprint)
        if account is not None and folder is not None:
            query = query.where(sightings.c.account == account, sightings.c.folder == folder)
        with transaction(self._engine, writing=False) as connection:
            return [_sighting(row) for row in connection.execute(query)]

    def save_sightings(self, seen: Sequence[Sighting]) -> None:
        """Remember messages of folders, in place of what was known of them there."""
        with transaction(self._engine) as connection:
            for start in range(0, len(seen), _CHUNK):
                put(connection, sightings, [_sighting_row(one) for one in seen[start : start + _CHUNK]])

    def newest_sightings(self, marks: Collection[str]) -> Mapping[str, datetime]:
        """Return when messages were last seen to arrive in any folder."""
        found: dict[str, datetime] = {}
        with transaction(self._engine, writing=False) as connection:
            for chunk in _chunks(marks):
                query = select(sightings.c.fingerprint, func.max(sightings.c.since))
                query = query.where(sightings.c.fingerprint.in_(chunk)).group_by(sightings.c.fingerprint)
                found.update({row[0]: row[1] for row in connection.execute(query)})
        return found

    def mark_gone(self, account: str, folder: str, marks: Collection[str], moment: datetime) -> None:
        """Remember that messages have left a folder."""
        with transaction(self._engine) as connection:
            for chunk in _chunks(marks):
                connection.execute(
                    update(sightings)
                    .where(
                        sightings.c.account == account,
                        sightings.c.folder == folder,
                        sightings.c.fingerprint.in_(chunk),
                    )
                    .values(gone_at=moment)
                )

    # -- corrections

    def save_correction(self, correction: Correction) -> None:
        """Remember the owner's word."""
        values = place_of(correction.ref) | {
            "fingerprint": correction.fingerprint,
            "category": correction.category.value if correction.category else None,
            "origin": correction.origin.value,
            "made_at": correction.made_at,
        }
        with transaction(self._engine) as connection:
            connection.execute(insert(corrections).values(values))

    def list_corrections(self) -> list[Correction]:
        """Return the owner's words, oldest first."""
        with transaction(self._engine, writing=False) as connection:
            rows = connection.execute(select(corrections).order_by(corrections.c.number)).all()
        return [
            Correction(
                ref_of(row),
                row.fingerprint,
                Category(row.category) if row.category else None,
                Origin(row.origin),
                row.made_at,
            )
            for row in rows
        ]

    def corrected(self, marks: Collection[str]) -> frozenset[str]:
        """Return those messages that the owner told the category of."""
        found: set[str] = set()
        with transaction(self._engine, writing=False) as connection:
            for chunk in _chunks(marks):
                told = corrections.c.fingerprint.in_(chunk) & corrections.c.category.is_not(None)
                found.update(connection.scalars(select(corrections.c.fingerprint).where(told)))
        return frozenset(found)

    # -- features

    def save_features(self, kept: Sequence[KeptFeatures]) -> None:
        """Keep features, in place of those kept before."""
        if kept:
            with transaction(self._engine) as connection:
                put(connection, features, [asdict(one) for one in kept])

    def with_features(self, features_id: str) -> frozenset[str]:
        """Return the fingerprints of the messages that features of that name are kept of."""
        query = select(features.c.fingerprint).where(features.c.features_id == features_id)
        with transaction(self._engine, writing=False) as connection:
            return frozenset(connection.scalars(query))

    def iter_features(self, features_id: str, marks: Collection[str]) -> Iterator[KeptFeatures]:
        """Yield what is kept of messages, in the order of their fingerprints."""
        for chunk in _chunks(marks):
            query = (
                select(features)
                .where(features.c.features_id == features_id, features.c.fingerprint.in_(chunk))
                .order_by(features.c.fingerprint)
            )
            with transaction(self._engine, writing=False) as connection:
                rows = connection.execute(query).all()
            yield from (KeptFeatures(**row._asdict()) for row in rows)

    def drop_features(self, other_than: str) -> int:
        """Forget features of other names, which nothing can use any more; return how many."""
        with transaction(self._engine) as connection:
            return connection.execute(delete(features).where(features.c.features_id != other_than)).rowcount

    # -- what was learnt

    def save_learnt(self, model_id: str, examples: Sequence[Learnt]) -> None:
        """Remember what a model learnt from."""
        with transaction(self._engine) as connection:
            connection.execute(delete(learnt).where(learnt.c.model_id == model_id))
            for start in range(0, len(examples), _CHUNK):
                rows = [{"model_id": model_id} | asdict(one) for one in examples[start : start + _CHUNK]]
                connection.execute(insert(learnt), rows)

    def list_learnt(self, model_id: str) -> list[Learnt]:
        """Return what a model learnt from, by fingerprint."""
        query = select(learnt).where(learnt.c.model_id == model_id).order_by(learnt.c.fingerprint)
        with transaction(self._engine, writing=False) as connection:
            rows = connection.execute(query).all()
        return [Learnt(row.fingerprint, Category(row.category), row.influence) for row in rows]

    def drop_learnt(self, model_ids: Collection[str]) -> None:
        """Forget what models learnt from that are no more."""
        with transaction(self._engine) as connection:
            connection.execute(delete(learnt).where(learnt.c.model_id.in_(model_ids)))

    def save_training(self, training: Training) -> None:
        """Remember how a training ended."""
        with transaction(self._engine) as connection:
            connection.execute(insert(trainings).values(asdict(training)))

    def list_trainings(self, limit: int = 20) -> list[Training]:
        """Return the last trainings, newest first."""
        query = select(trainings).order_by(trainings.c.number.desc()).limit(limit)
        with transaction(self._engine, writing=False) as connection:
            rows = connection.execute(query).all()
        return [
            Training(row.finished_at, Result(row.result), row.model_id, row.examples, row.evidence, row.reason)
            for row in rows
        ]


def _chunks(marks: Collection[str]) -> Iterator[list[str]]:
    ordered = sorted(set(marks))
    for start in range(0, len(ordered), _CHUNK):
        yield ordered[start : start + _CHUNK]


def _sighting_row(seen: Sighting) -> dict[str, Any]:
    return place_of(seen.ref) | {
        "fingerprint": seen.fingerprint,
        "is_ours": seen.is_ours,
        "since": seen.since,
        "gone_at": seen.gone_at,
    }


def _sighting(row: Row[Any]) -> Sighting:
    return Sighting(ref_of(row), row.fingerprint, row.is_ours, row.since, row.gone_at)
