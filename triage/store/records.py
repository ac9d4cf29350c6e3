"""What the store keeps, as frozen values."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from triage.records import LabelChange, MessageRef, State


class Status(StrEnum):
    """How far a write of the journal came."""

    INTENDED = "intended"
    CONFIRMED = "confirmed"
    FAILED = "failed"
    UNDONE = "undone"


@dataclass(frozen=True, slots=True)
class Entry:
    """One write of the journal.

    Attributes:
        after: our labels on the message once the write is done.
    """

    entry_id: int
    run_id: str
    change: LabelChange
    fingerprint: str
    after: frozenset[str]
    status: Status


@dataclass(frozen=True, slots=True)
class Intent:
    """A write that is about to happen."""

    change: LabelChange
    fingerprint: str
    after: frozenset[str]


@dataclass(frozen=True, slots=True)
class Retry:
    """A message to be tried again: unjudged, or judged and not labelled.

    Attributes:
        state: UNJUDGED, or JUDGED where only the label could not be written.
        reason: why, without mail text.
    """

    ref: MessageRef
    state: State
    reason: str
    attempts: int
    first_at: datetime
    next_at: datetime


@dataclass(frozen=True, slots=True)
class Relabelling:
    """The owner's hand seen on a message: our labels on it before and after."""

    ref: MessageRef
    fingerprint: str
    was: frozenset[str]
    now: frozenset[str]
    seen_at: datetime


@dataclass(frozen=True, slots=True)
class PassInfo:
    """How the last pass over an account ended.

    Attributes:
        problem: None after a whole pass; else what stopped it, in words.
        succeeded_at: when the last whole pass ended, None if none did yet.
    """

    account: str
    finished_at: datetime
    seen: int = 0
    unjudged: int = 0
    labelled: int = 0
    problem: str | None = None
    succeeded_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class RunInfo:
    """One run that wrote labels."""

    run_id: str
    purpose: str
    started_at: datetime
    undone_at: datetime | None
    writes: int


@dataclass(frozen=True, slots=True)
class Pruned:
    """How many rows were forgotten."""

    runs: int
    writes: int
    judgements: int
