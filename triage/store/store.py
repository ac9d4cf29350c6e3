"""The store: one object for everything that must be remembered, on any SQLAlchemy database."""

import os
import secrets
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, Row, create_engine, delete, event, func, insert, select, update
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DatabaseError, NoSuchModuleError, SQLAlchemyError

from triage.errors import StoreError
from triage.records import Cursor, LabelChange, MessageRef, Outcome, State, Uid, UidValidity
from triage.store.schema import SCHEMA_VERSION, cursors, journal, judgements, metadata, passes, runs, versions

_CHUNK = 500
_BUSY_SECONDS = 15


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
class PassInfo:
    """How the last pass over an account ended.

    Attributes:
        problem: None after a whole pass; else what stopped it, in words.
    """

    account: str
    finished_at: datetime
    seen: int = 0
    unjudged: int = 0
    labelled: int = 0
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class RunInfo:
    """One run that wrote labels."""

    run_id: str
    purpose: str
    started_at: datetime
    undone_at: datetime | None
    writes: int


def open_store(url: str) -> "Store":
    """Open the store, making its folder, file and tables where they are missing.

    Raises:
        StoreError: the URL is not one of a database, the database cannot be reached or
            written, or it was made by a later version.
    """
    try:
        parsed = make_url(url)
        if parsed.get_backend_name() == "sqlite" and parsed.database and parsed.database != ":memory:":
            _make_private_file(Path(parsed.database))
        engine = create_engine(parsed)
    except (ArgumentError, NoSuchModuleError) as error:
        message = "store.url is not a database URL this program knows; use sqlite:///FILE or postgresql+psycopg://..."
        raise StoreError(message) from error
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _prepare_sqlite)
    store = Store(engine)
    store.create()
    return store


def _make_private_file(path: Path) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    except OSError as error:
        message = f"store {path} cannot be written: {error.strerror}; check the folder or set store.url"
        raise StoreError(message) from error


def _prepare_sqlite(connection: Any, _record: object) -> None:  # noqa: ANN401  the driver's own type
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode = WAL")
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.execute(f"PRAGMA busy_timeout = {_BUSY_SECONDS * 1000}")
    cursor.close()


def _names(labels: Collection[str]) -> str:
    return "\n".join(sorted(labels))


def _labels(text: str) -> frozenset[str]:
    return frozenset(text.split("\n")) - {""}


class Store:
    """Cursors, judgements and the journal in one database."""

    def __init__(self, engine: Engine) -> None:
        """Keep the engine; connections are made when needed."""
        self._engine = engine

    @contextmanager
    def _transaction(self) -> Iterator[Connection]:
        try:
            with self._engine.begin() as connection:
                yield connection
        except DatabaseError as error:
            message = f"the store failed: {error.orig}; check the disk and store.url"
            raise StoreError(message) from error
        except SQLAlchemyError as error:
            message = f"the store failed: {type(error).__name__}; check store.url"
            raise StoreError(message) from error

    def create(self) -> None:
        """Make the tables where they are missing and check their version."""
        with self._transaction() as connection:
            metadata.create_all(connection)
            found = connection.scalar(select(versions.c.version))
            if found is None:
                connection.execute(insert(versions).values(version=SCHEMA_VERSION))
            elif found > SCHEMA_VERSION:
                message = f"the store was made by a later version of triage (schema {found}); update triage"
                raise StoreError(message)

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()

    # -- cursors

    def load_cursor(self, account: str, folder: str) -> Cursor | None:
        """Return how far a folder was seen, None if it was never visited."""
        with self._transaction() as connection:
            row = connection.execute(
                select(cursors).where(cursors.c.account == account, cursors.c.folder == folder)
            ).first()
        if row is None:
            return None
        return Cursor(UidValidity(row.uidvalidity), Uid(row.last_uid), Uid(row.floor_uid), _aware(row.began_at))

    def save_cursor(self, account: str, folder: str, cursor: Cursor) -> None:
        """Remember how far a folder was seen."""
        with self._transaction() as connection:
            connection.execute(delete(cursors).where(cursors.c.account == account, cursors.c.folder == folder))
            connection.execute(
                insert(cursors).values(account=account, folder=folder, updated_at=datetime.now(UTC), **asdict(cursor))
            )

    # -- judgements

    def save_judgements(self, outcomes: Mapping[str, Outcome]) -> None:
        """Remember outcomes by fingerprint; the last judgement of a message stands."""
        if not outcomes:
            return
        now = datetime.now(UTC)
        rows = [_judgement_row(mark, outcome, now) for mark, outcome in outcomes.items()]
        with self._transaction() as connection:
            for account in {row["account"] for row in rows}:
                marks = [row["fingerprint"] for row in rows if row["account"] == account]
                for start in range(0, len(marks), _CHUNK):
                    connection.execute(
                        delete(judgements).where(
                            judgements.c.account == account,
                            judgements.c.fingerprint.in_(marks[start : start + _CHUNK]),
                        )
                    )
            connection.execute(insert(judgements), rows)

    def count_judgements(self, account: str) -> Mapping[State, int]:
        """Return how many messages of an account are in each state."""
        with self._transaction() as connection:
            rows = connection.execute(
                select(judgements.c.state, func.count())
                .where(judgements.c.account == account)
                .group_by(judgements.c.state)
            ).all()
        return {State(row[0]): int(row[1]) for row in rows}

    # -- passes

    def save_pass(self, info: PassInfo) -> None:
        """Remember how a pass ended, in place of the one before."""
        with self._transaction() as connection:
            connection.execute(delete(passes).where(passes.c.account == info.account))
            connection.execute(insert(passes).values(asdict(info)))

    def list_passes(self) -> list[PassInfo]:
        """Return how the last pass of each account ended, by name."""
        with self._transaction() as connection:
            rows = connection.execute(select(passes).order_by(passes.c.account)).all()
        return [
            PassInfo(row.account, _aware(row.finished_at), row.seen, row.unjudged, row.labelled, row.problem)
            for row in rows
        ]

    # -- journal

    def begin_run(self, purpose: str) -> str:
        """Begin a run that may write labels and return its name."""
        now = datetime.now(UTC)
        run_id = f"{now:%Y%m%dT%H%M%S}-{secrets.token_hex(3)}"
        with self._transaction() as connection:
            connection.execute(insert(runs).values(run_id=run_id, purpose=purpose, started_at=now))
        return run_id

    def intend(self, run_id: str, intents: Sequence[Intent]) -> list[Entry]:
        """Write down what is about to be written on the server, and return the entries."""
        now = datetime.now(UTC)
        entries = []
        with self._transaction() as connection:
            for intent in intents:
                change = intent.change
                values = {
                    "run_id": run_id,
                    "account": change.ref.account,
                    "folder": change.ref.folder,
                    "uidvalidity": change.ref.uidvalidity,
                    "uid": change.ref.uid,
                    "key": change.ref.key,
                    "fingerprint": intent.fingerprint,
                    "added": _names(change.add),
                    "removed": _names(change.remove),
                    "after": _names(intent.after),
                    "status": Status.INTENDED,
                    "written_at": now,
                }
                number = connection.scalar(insert(journal).values(values).returning(journal.c.entry_id))
                entries.append(
                    Entry(int(number or 0), run_id, change, intent.fingerprint, intent.after, Status.INTENDED)
                )
        return entries

    def mark(self, entries: Sequence[Entry], status: Status) -> None:
        """Set what became of entries."""
        numbers = [entry.entry_id for entry in entries]
        with self._transaction() as connection:
            for start in range(0, len(numbers), _CHUNK):
                connection.execute(
                    update(journal).where(journal.c.entry_id.in_(numbers[start : start + _CHUNK])).values(status=status)
                )

    def mark_run_undone(self, run_id: str) -> None:
        """Remember that a run was taken back."""
        with self._transaction() as connection:
            connection.execute(update(runs).where(runs.c.run_id == run_id).values(undone_at=datetime.now(UTC)))

    def pending(self, account: str, folder: str) -> list[Entry]:
        """Return the writes of a folder that were intended and neither confirmed nor failed."""
        with self._transaction() as connection:
            rows = connection.execute(
                select(journal)
                .where(
                    journal.c.account == account,
                    journal.c.folder == folder,
                    journal.c.status == Status.INTENDED,
                )
                .order_by(journal.c.entry_id)
            ).all()
        return [_entry(row) for row in rows]

    def entries_of_run(self, run_id: str) -> list[Entry]:
        """Return the writes of a run that stand, in the order they were made."""
        with self._transaction() as connection:
            rows = connection.execute(
                select(journal)
                .where(journal.c.run_id == run_id, journal.c.status.in_([Status.CONFIRMED, Status.INTENDED]))
                .order_by(journal.c.entry_id)
            ).all()
        return [_entry(row) for row in rows]

    def written(self, account: str, fingerprints: Collection[str]) -> Mapping[str, list[Entry]]:
        """Return the writes that stand, oldest first, by fingerprint."""
        found: dict[str, list[Entry]] = {}
        marks = sorted(set(fingerprints))
        with self._transaction() as connection:
            for start in range(0, len(marks), _CHUNK):
                rows = connection.execute(
                    select(journal)
                    .where(
                        journal.c.account == account,
                        journal.c.fingerprint.in_(marks[start : start + _CHUNK]),
                        journal.c.status == Status.CONFIRMED,
                    )
                    .order_by(journal.c.entry_id)
                ).all()
                for row in rows:
                    found.setdefault(row.fingerprint, []).append(_entry(row))
        return found

    def list_runs(self, limit: int = 20) -> list[RunInfo]:
        """Return the latest runs that wrote something, newest first."""
        with self._transaction() as connection:
            rows = connection.execute(
                select(runs, func.count(journal.c.entry_id).label("writes"))
                .join(journal, journal.c.run_id == runs.c.run_id)
                .where(journal.c.status != Status.FAILED)
                .group_by(*runs.c)
                .order_by(runs.c.started_at.desc())
                .limit(limit)
            ).all()
        return [RunInfo(row.run_id, row.purpose, row.started_at, row.undone_at, row.writes) for row in rows]

    def has_run(self, run_id: str) -> bool:
        """Return whether there was a run of that name."""
        with self._transaction() as connection:
            return connection.execute(select(runs.c.run_id).where(runs.c.run_id == run_id)).first() is not None


def _judgement_row(mark: str, outcome: Outcome, now: datetime) -> dict[str, Any]:
    verdict = outcome.verdict
    category = verdict.category if verdict else None
    return {
        "account": outcome.ref.account,
        "fingerprint": mark,
        "state": outcome.state.value,
        "category": category.value if category else None,
        "probability": round(verdict.probabilities[category] * 1000) if verdict and category else None,
        "scam_kind": verdict.scam_kind if verdict else None,
        "model_id": verdict.model_id if verdict else None,
        "judged_at": now,
    }


def _aware(moment: datetime) -> datetime:
    """Return a moment with its zone, which SQLite does not keep."""
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _entry(row: Row[Any]) -> Entry:
    ref = MessageRef(row.account, row.folder, UidValidity(row.uidvalidity), Uid(row.uid), row.key)
    change = LabelChange(ref, add=_labels(row.added), remove=_labels(row.removed))
    return Entry(row.entry_id, row.run_id, change, row.fingerprint, _labels(row.after), Status(row.status))
