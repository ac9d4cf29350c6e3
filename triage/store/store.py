"""The store: one object for everything that must be remembered, on any SQLAlchemy database."""

import secrets
from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, Row, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from triage.errors import StoreError
from triage.records import Cursor, LabelChange, MessageRef, Outcome, State, Uid, UidValidity
from triage.store.columns import Moment, ref_of
from triage.store.engine import make_engine, put, transaction
from triage.store.evidence import EvidenceStore
from triage.store.leads import LeadStore
from triage.store.records import Entry, Intent, PassInfo, Pruned, Relabelling, Retry, RunInfo, Status
from triage.store.schema import cursors, journal, judgements, leases, passes, relabellings, retries, runs
from triage.store.upgrade import bring_up_to_date

_CHUNK = 500
_PATIENCE = timedelta(seconds=15)
_JUDGEMENTS_KEPT = timedelta(days=2 * 365)
_SENT_KEPT = timedelta(days=10 * 365)


def open_store(url: str, *, patience: timedelta = _PATIENCE) -> "Store":
    """Open the store: make what is missing, upgrade what an earlier version made.

    Args:
        patience: how long to wait for a lock that another process holds.

    Raises:
        StoreError: the URL is not one of a database, the database cannot be reached or
            written, or a later version made it.
    """
    engine = make_engine(url, patience)
    with ExitStack() as stack:
        stack.callback(engine.dispose)
        bring_up_to_date(engine)
        stack.pop_all()
    return Store(engine)


def _names(labels: Collection[str]) -> str:
    return "\n".join(sorted(labels))


def _labels(text: str) -> frozenset[str]:
    return frozenset(text.split("\n")) - {""}


class Store:
    """Cursors, judgements and the journal in one database."""

    def __init__(self, engine: Engine) -> None:
        """Keep the engine; connections are made when needed."""
        self._engine = engine
        self.evidence = EvidenceStore(engine)
        self.leads = LeadStore(engine)

    def _reading(self) -> AbstractContextManager[Connection]:
        return transaction(self._engine, writing=False)

    def _writing(self) -> AbstractContextManager[Connection]:
        return transaction(self._engine)

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()

    # -- cursors

    def load_cursor(self, account: str, folder: str) -> Cursor | None:
        """Return how far a folder was seen, None if it was never visited."""
        with self._reading() as connection:
            row = connection.execute(
                select(cursors).where(cursors.c.account == account, cursors.c.folder == folder)
            ).first()
        if row is None:
            return None
        return Cursor(
            UidValidity(row.uidvalidity),
            Uid(row.last_uid),
            Uid(row.floor_uid),
            row.began_at,
            row.highest_modseq,
            tuple(Uid(int(uid)) for uid in row.recent_uids.split()),
        )

    def save_cursor(self, account: str, folder: str, cursor: Cursor) -> None:
        """Remember how far a folder was seen."""
        values = asdict(cursor) | {"recent_uids": " ".join(map(str, cursor.recent_uids))}
        with self._writing() as connection:
            put(
                connection, cursors, [{"account": account, "folder": folder, "updated_at": datetime.now(UTC), **values}]
            )

    # -- judgements

    def save_judgements(self, outcomes: Mapping[str, Outcome]) -> None:
        """Remember outcomes by fingerprint; the last judgement of a message stands."""
        if not outcomes:
            return
        now = datetime.now(UTC)
        rows = [_judgement_row(mark, outcome, now) for mark, outcome in outcomes.items()]
        with self._writing() as connection:
            put(connection, judgements, rows)

    def count_judgements(self, account: str) -> Mapping[State, int]:
        """Return how many messages of an account are in each state."""
        with self._reading() as connection:
            rows = connection.execute(
                select(judgements.c.state, func.count())
                .where(judgements.c.account == account)
                .group_by(judgements.c.state)
            ).all()
        return {State(row[0]): int(row[1]) for row in rows}

    # -- passes

    def save_pass(self, info: PassInfo) -> None:
        """Remember how a pass ended, in place of the one before."""
        with self._writing() as connection:
            former = connection.scalar(select(passes.c.succeeded_at).where(passes.c.account == info.account))
            succeeded = info.finished_at if info.problem is None else former
            put(connection, passes, [asdict(info) | {"succeeded_at": succeeded}])

    def list_passes(self) -> list[PassInfo]:
        """Return how the last pass of each account ended, by name."""
        with self._reading() as connection:
            rows = connection.execute(select(passes).order_by(passes.c.account)).all()
        return [
            PassInfo(
                row.account,
                row.finished_at,
                row.seen,
                row.unjudged,
                row.labelled,
                row.problem,
                row.succeeded_at,
            )
            for row in rows
        ]

    # -- journal

    def begin_run(self, purpose: str) -> str:
        """Begin a run that may write labels and return its name."""
        now = datetime.now(UTC)
        run_id = f"{now:%Y%m%dT%H%M%S}-{secrets.token_hex(3)}"
        with self._writing() as connection:
            connection.execute(insert(runs).values(run_id=run_id, purpose=purpose, started_at=now))
        return run_id

    def intend(self, run_id: str, intents: Sequence[Intent]) -> list[Entry]:
        """Write down what is about to be written on the server, and return the entries."""
        if not intents:
            return []
        now = datetime.now(UTC)
        rows = [_intent_row(run_id, intent, now) for intent in intents]
        statement = insert(journal).returning(journal.c.entry_id, sort_by_parameter_order=True)
        with self._writing() as connection:
            numbers = connection.scalars(statement, rows).all()
        return [
            Entry(int(number), run_id, intent.change, intent.fingerprint, intent.after, Status.INTENDED)
            for number, intent in zip(numbers, intents, strict=True)
        ]

    def mark(self, entries: Sequence[Entry], status: Status) -> None:
        """Set what became of entries."""
        numbers = [entry.entry_id for entry in entries]
        with self._writing() as connection:
            for start in range(0, len(numbers), _CHUNK):
                connection.execute(
                    update(journal).where(journal.c.entry_id.in_(numbers[start : start + _CHUNK])).values(status=status)
                )

    def mark_run_undone(self, run_id: str) -> None:
        """Remember that a run was taken back."""
        with self._writing() as connection:
            connection.execute(update(runs).where(runs.c.run_id == run_id).values(undone_at=datetime.now(UTC)))

    def pending(self, account: str, folder: str) -> list[Entry]:
        """Return the writes of a folder that were intended and neither confirmed nor failed."""
        with self._reading() as connection:
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
        with self._reading() as connection:
            rows = connection.execute(
                select(journal)
                .where(journal.c.run_id == run_id, journal.c.status.in_([Status.CONFIRMED, Status.INTENDED]))
                .order_by(journal.c.entry_id)
            ).all()
        return [_entry(row) for row in rows]

    def written(self, account: str, fingerprints: Collection[str]) -> Mapping[str, list[Entry]]:
        """Return the writes that stand or were taken back, oldest first, by fingerprint."""
        found: dict[str, list[Entry]] = {}
        marks = sorted(set(fingerprints))
        with self._reading() as connection:
            for start in range(0, len(marks), _CHUNK):
                rows = connection.execute(
                    select(journal)
                    .where(
                        journal.c.account == account,
                        journal.c.fingerprint.in_(marks[start : start + _CHUNK]),
                        journal.c.status.in_([Status.CONFIRMED, Status.UNDONE]),
                    )
                    .order_by(journal.c.entry_id)
                ).all()
                for row in rows:
                    found.setdefault(row.fingerprint, []).append(_entry(row))
        return found

    def labelled(
        self, account: str, folder: str, uidvalidity: UidValidity, among: Collection[MessageRef] | int
    ) -> Mapping[MessageRef, Entry]:
        """Return the last write, whether it stands or was taken back, on messages of a folder.

        Args:
            among: these messages, or those of so many latest writes.
        """
        query = select(journal).where(
            journal.c.account == account,
            journal.c.folder == folder,
            journal.c.uidvalidity == uidvalidity,
            journal.c.status.in_([Status.CONFIRMED, Status.UNDONE]),
            journal.c.moved_to == "",
        )
        with self._reading() as connection:
            if isinstance(among, int):
                rows = connection.execute(query.order_by(journal.c.entry_id.desc()).limit(among)).all()
            else:
                uids = sorted({ref.uid for ref in among})
                rows = [
                    row
                    for start in range(0, len(uids), _CHUNK)
                    for row in connection.execute(query.where(journal.c.uid.in_(uids[start : start + _CHUNK])))
                ]
        entries = sorted((_entry(row) for row in rows), key=lambda entry: entry.entry_id)
        return {entry.change.ref: entry for entry in entries}

    def list_runs(self, limit: int = 20) -> list[RunInfo]:
        """Return the latest runs that wrote something, newest first."""
        with self._reading() as connection:
            rows = connection.execute(
                select(runs, func.count(journal.c.entry_id).label("writes"))
                .join(journal, journal.c.run_id == runs.c.run_id)
                .where(journal.c.status != Status.FAILED)
                .group_by(*runs.c)
                .order_by(runs.c.started_at.desc())
                .limit(limit)
            ).all()
        return [RunInfo(row.run_id, row.purpose, row.started_at, row.undone_at, row.writes) for row in rows]

    def runs_since(self, moment: datetime) -> list[str]:
        """Return the runs that began since a moment and have writes that stand, newest first."""
        with self._reading() as connection:
            return list(
                connection.scalars(
                    select(runs.c.run_id)
                    .join(journal, journal.c.run_id == runs.c.run_id)
                    .where(runs.c.started_at >= moment, journal.c.status == Status.CONFIRMED)
                    .group_by(runs.c.run_id, runs.c.started_at)
                    .order_by(runs.c.started_at.desc(), runs.c.run_id)
                )
            )

    def has_run(self, run_id: str) -> bool:
        """Return whether there was a run of that name."""
        with self._reading() as connection:
            return connection.execute(select(runs.c.run_id).where(runs.c.run_id == run_id)).first() is not None

    # -- what is tried again

    def save_retry(self, retry: Retry) -> None:
        """Remember a message to be tried again, in place of what was known of it."""
        with self._writing() as connection:
            put(connection, retries, [_retry_row(retry)])

    def list_retries(self, account: str, folder: str | None = None) -> list[Retry]:
        """Return what is to be tried again of an account or one folder of it, the oldest first."""
        where = [retries.c.account == account]
        if folder is not None:
            where.append(retries.c.folder == folder)
        with self._reading() as connection:
            rows = connection.execute(select(retries).where(*where).order_by(retries.c.first_at, retries.c.uid)).all()
        return [_retry(row) for row in rows]

    def forget_retries(self, refs: Collection[MessageRef]) -> None:
        """Forget messages that were judged and labelled, or have gone."""
        with self._writing() as connection:
            for ref in refs:
                connection.execute(delete(retries).where(*_is_at(ref)))

    # -- the owner's hand

    def save_relabelling(self, seen: Relabelling) -> None:
        """Remember that the owner changed our labels on a message."""
        with self._writing() as connection:
            connection.execute(
                insert(relabellings).values(
                    account=seen.ref.account,
                    folder=seen.ref.folder,
                    uidvalidity=seen.ref.uidvalidity,
                    uid=seen.ref.uid,
                    fingerprint=seen.fingerprint,
                    was=_names(seen.was),
                    now=_names(seen.now),
                    seen_at=seen.seen_at,
                )
            )

    def list_relabellings(self, account: str) -> list[Relabelling]:
        """Return what the owner changed in an account, oldest first."""
        with self._reading() as connection:
            rows = connection.execute(
                select(relabellings).where(relabellings.c.account == account).order_by(relabellings.c.number)
            ).all()
        return [_relabelling(row) for row in rows]

    # -- housekeeping

    def prune(self, before: datetime) -> Pruned:
        """Forget what is older and nothing depends on: runs without writes, writes that failed, old judgements.

        Writes that stand, were taken back or are not settled yet are kept for ever, as are the
        owner's relabellings: by them a label that the owner removed is never put back.

        Args:
            before: so long ago that no run of that time is still at work; judgements are
                kept for two years more, the marks of sent mail for ten.
        """
        self.leads.prune(before - _SENT_KEPT)
        has_writes = select(journal.c.entry_id).where(journal.c.run_id == runs.c.run_id).exists()
        with self._writing() as connection:
            failed = delete(journal).where(journal.c.status == Status.FAILED, journal.c.written_at < before)
            writes = connection.execute(failed).rowcount
            empty = connection.execute(delete(runs).where(runs.c.started_at < before, ~has_writes)).rowcount
            judged = delete(judgements).where(judgements.c.judged_at < before - _JUDGEMENTS_KEPT)
            return Pruned(empty, writes, connection.execute(judged).rowcount)

    # -- leases

    def take_lease(self, name: str, holder: str, now: datetime, until: datetime) -> str | None:
        """Take or renew a lease, and return None; or return who else holds it.

        A lease that has run out may be taken over.
        """
        try:
            with self._writing() as connection:
                connection.execute(
                    delete(leases).where(
                        leases.c.name == name, (leases.c.holder == holder) | (leases.c.expires_at <= now)
                    )
                )
                row = connection.execute(select(leases).where(leases.c.name == name)).first()
                if row is not None:
                    return str(row.holder)
                connection.execute(insert(leases).values(name=name, holder=holder, expires_at=until))
        except StoreError as error:
            if isinstance(error.__cause__, IntegrityError):  # two took it at once, and the other was faster
                return "another process"
            raise
        return None

    def renew_leases(self, names: Collection[str], holder: str, until: datetime) -> frozenset[str]:
        """Renew leases and return those that are still the holder's: what another took meanwhile is lost."""
        if not names:
            return frozenset()
        mine = leases.c.name.in_(sorted(names)), leases.c.holder == holder
        with self._writing() as connection:
            renewed = update(leases).where(*mine).values(expires_at=until).returning(leases.c.name)
            return frozenset(connection.scalars(renewed))

    def lease_holder(self, name: str, now: datetime) -> str | None:
        """Return who holds a lease, None if nobody does or it has run out."""
        with self._reading() as connection:
            return connection.scalar(select(leases.c.holder).where(leases.c.name == name, leases.c.expires_at > now))

    def read_clock(self) -> datetime:
        """Return the time by which leases run out: the database server's, so that machines need not agree on it."""
        if self._engine.dialect.name != "postgresql":
            return datetime.now(UTC)
        with self._reading() as connection:
            return connection.execute(select(func.clock_timestamp(type_=Moment))).scalar_one()

    def drop_lease(self, name: str, holder: str) -> None:
        """Give a lease back; one that somebody else holds by now stays theirs."""
        with self._writing() as connection:
            connection.execute(delete(leases).where(leases.c.name == name, leases.c.holder == holder))


def _is_at(ref: MessageRef) -> list[ColumnElement[bool]]:
    return [
        retries.c.account == ref.account,
        retries.c.folder == ref.folder,
        retries.c.uidvalidity == ref.uidvalidity,
        retries.c.uid == ref.uid,
    ]


def _retry_row(retry: Retry) -> dict[str, Any]:
    return {
        "account": retry.ref.account,
        "folder": retry.ref.folder,
        "uidvalidity": retry.ref.uidvalidity,
        "uid": retry.ref.uid,
        "state": retry.state.value,
        "reason": retry.reason,
        "attempts": retry.attempts,
        "first_at": retry.first_at,
        "next_at": retry.next_at,
    }


def _retry(row: Row[Any]) -> Retry:
    ref = MessageRef(row.account, row.folder, UidValidity(row.uidvalidity), Uid(row.uid))
    return Retry(ref, State(row.state), row.reason, row.attempts, row.first_at, row.next_at)


def _relabelling(row: Row[Any]) -> Relabelling:
    ref = MessageRef(row.account, row.folder, UidValidity(row.uidvalidity), Uid(row.uid))
    return Relabelling(ref, row.fingerprint, _labels(row.was), _labels(row.now), row.seen_at)


def _intent_row(run_id: str, intent: Intent, now: datetime) -> dict[str, Any]:
    change = intent.change
    return {
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
        "moved_to": change.move_to,
        "status": Status.INTENDED,
        "written_at": now,
    }


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


def _entry(row: Row[Any]) -> Entry:
    change = LabelChange(ref_of(row), add=_labels(row.added), remove=_labels(row.removed), move_to=row.moved_to)
    return Entry(row.entry_id, row.run_id, change, row.fingerprint, _labels(row.after), Status(row.status))
