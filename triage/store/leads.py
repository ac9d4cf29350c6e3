"""Leads, contacts, what the owner sent, near misses and reports, in the same database."""

import json
import logging
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from types import MappingProxyType
from typing import Any

from pydantic import TypeAdapter, ValidationError
from sqlalchemy import Connection, Engine, Row, Select, Table, delete, func, insert, select, update

from triage.lead.acquaintances import Contact
from triage.lead.appearance import Appearance, Kind
from triage.lead.grouping import grouping_marks
from triage.lead.lead import NOTHING_SAID, THREADS, Answer, Lead, LeadMessage, Reply, Way, address_mark
from triage.lead.opportunity import Opportunity
from triage.lead.sent import SentMessage
from triage.records import Address, Category, MessageRef, Uid, UidValidity
from triage.store.columns import place_of, ref_of
from triage.store.engine import put, transaction
from triage.store.schema import (
    appearances,
    contacts,
    judgements,
    lead_marks,
    lead_messages,
    leads,
    near_misses,
    reports,
    sent_marks,
    side_cursors,
)

log = logging.getLogger(__name__)

_REPLIES = {one.value: one for one in Reply}  # an Enum that is called takes three times as long
_WAYS = {one.value: one for one in Way}

# Any numbers will do, if nobody else takes a lock of these numbers in the same database.
_COUNTING = 7_461_101_984
_GROUPING = 7_461_101_985

_CHUNK = 500
_NEAR_MISSES_KEPT = timedelta(days=35)


@dataclass(frozen=True, slots=True)
class SideCursor:
    """How far a folder beside the labelled ones was read."""

    folder: str
    uidvalidity: UidValidity
    last_uid: Uid


@dataclass(frozen=True, slots=True)
class NearMiss:
    """A message that was nearly judged a lead.

    Attributes:
        lead_chance: the probability that it is one after all.
    """

    ref: MessageRef
    fingerprint: str
    category: Category
    lead_chance: float
    sender: str
    subject: str
    judged_at: datetime


@dataclass(frozen=True, slots=True)
class ReportRecord:
    """A weekly report that was to be written.

    Attributes:
        appended_at: when it was found to be in the mailbox; None while that is not known.
    """

    account: str
    week: str
    folder: str
    message_id: str
    intended_at: datetime
    appended_at: datetime | None = None


@cache
def _cards() -> TypeAdapter[Opportunity]:
    return TypeAdapter(Opportunity)


class LeadStore:
    """The part of the store that is about leads and the people behind them."""

    def __init__(self, engine: Engine, within: Connection | None = None) -> None:
        """Keep the engine.

        Args:
            within: the transaction that all of it happens in; by default each method opens its own.
        """
        self._engine = engine
        self._within = within

    @contextmanager
    def _transaction(self, *, writing: bool = True) -> Iterator[Connection]:
        if self._within is not None:
            yield self._within
            return
        with transaction(self._engine, writing=writing) as connection:
            yield connection

    # -- leads

    @contextmanager
    def grouping(self) -> Iterator["LeadStore"]:
        """Open a transaction that one thread of all processes is in at a time: what it reads holds until it has written.

        All that the store which it yields reads and writes happens in it, and nothing is left of it on any error.

        Raises:
            TransientStoreError: it failed for now; others were too long at it, for one.
            StoreError: it failed, and will fail again.
        """
        with transaction(self._engine) as connection:  # of SQLite it has the one writer's lock from here on
            if connection.dialect.name == "postgresql":
                connection.execute(select(func.pg_advisory_xact_lock(_GROUPING)))
            yield LeadStore(self._engine, connection)

    def list_leads(self, since: datetime | None = None, lead_ids: Collection[str] | None = None) -> list[Lead]:
        """Return leads with all their messages, the latest first.

        Args:
            since: only leads with a message since then.
            lead_ids: only these.
        """
        which = select(leads.c.lead_id)
        if since is not None:
            which = which.where(leads.c.last_at >= since)
        if lead_ids is not None:
            which = which.where(leads.c.lead_id.in_(lead_ids))
        query = select(lead_messages)
        if since is not None or lead_ids is not None:
            query = query.where(lead_messages.c.lead_id.in_(which))
        with self._transaction(writing=False) as connection:
            found = _leads(connection.execute(_in_order(query)))
        # What the owner said is none is kept, so that it stays none, and is not shown.
        found = [lead for lead in found if any(one.is_lead for one in lead.messages)]
        return sorted(found, key=lambda lead: (lead.last_at, lead.lead_id), reverse=True)

    def find_leads(self, marks: Collection[str], fingerprints: Collection[str], since: datetime) -> list[Lead]:
        """Return leads that have one of these marks or messages, in any order.

        Args:
            since: without a message since then only those of a thread, or with one of the messages: these have no age.
        """
        found: set[str] = set()
        is_close = lead_marks.c.way.in_([one.value for one in THREADS]) | (leads.c.last_at >= since)
        by_mark = select(lead_marks.c.lead_id).join(leads, leads.c.lead_id == lead_marks.c.lead_id).where(is_close)
        wanted = (
            (by_mark, lead_marks.c.mark, marks),
            (select(lead_messages.c.lead_id), lead_messages.c.fingerprint, fingerprints),
        )
        with self._transaction(writing=False) as connection:
            for query, column, values in wanted:
                ordered = sorted(values)
                for start in range(0, len(ordered), _CHUNK):
                    found.update(connection.scalars(query.where(column.in_(ordered[start : start + _CHUNK]))))
        names = sorted(found)
        parts = (self.list_leads(lead_ids=names[start : start + _CHUNK]) for start in range(0, len(names), _CHUNK))
        return [one for part in parts for one in part]

    def find_lead_ids(self, beginning: str, but_of: tuple[str, str] | None = None) -> list[str]:
        """Return the leads whose name begins so, in order.

        Args:
            but_of: account and fingerprint of a message whose own lead is left out.
        """
        query = select(leads.c.lead_id).where(leads.c.lead_id.startswith(beginning, autoescape=True))
        if but_of is not None:
            is_it = (lead_messages.c.account == but_of[0]) & (lead_messages.c.fingerprint == but_of[1])
            query = query.where(leads.c.lead_id.not_in(select(lead_messages.c.lead_id).where(is_it)))
        with self._transaction(writing=False) as connection:
            return list(connection.scalars(query.order_by(leads.c.lead_id)))

    def save_leads(self, changed: Sequence[Lead], known: Mapping[str, Lead] = MappingProxyType({})) -> None:
        """Remember leads with their messages and marks; a message known already stays in its lead.

        Args:
            known: the same leads as they were read: what is the same in them is not written again.
        """
        fresh = [(lead, _fresh(lead, known.get(lead.lead_id))) for lead in changed]
        with self._transaction() as connection:
            _put_chunks(connection, leads, [_lead_row(lead) for lead in changed])
            _put_chunks(
                connection, lead_messages, [_message_row(lead.lead_id, one) for lead, some in fresh for one in some]
            )
            _put_marks(connection, fresh)

    def list_answers(self, since: datetime | None = None) -> Mapping[str, list[Answer]]:
        """Return what the owner sent since each lead came, as far as it speaks to it, and all in its thread; each once.

        What was sent in a lead's thread speaks to no other lead of the same people. A sent message is
        known by its second and its kind: two of one second are rare, and then a lead at worst waits on.

        Args:
            since: only of leads with a message since then.
        """
        query = (
            select(lead_marks.c.lead_id, func.max(lead_marks.c.way), sent_marks.c.sent_at, sent_marks.c.reply)
            .join(sent_marks, sent_marks.c.mark == lead_marks.c.mark)
            .join(leads, leads.c.lead_id == lead_marks.c.lead_id)
            .where(lead_marks.c.way.in_([Way.THREAD.value, Way.SUBJECT.value, Way.ADDRESS.value]))
            .where((sent_marks.c.sent_at >= leads.c.first_at) | (lead_marks.c.way == Way.THREAD.value))
            # An answer names many messages of its thread, and is one all the same. Of the words THREAD is the greatest.
            .group_by(lead_marks.c.lead_id, sent_marks.c.sent_at, sent_marks.c.reply)
        )
        if since is not None:
            query = query.where(lead_marks.c.lead_id.in_(select(leads.c.lead_id).where(leads.c.last_at >= since)))
        found: dict[str, list[Answer]] = {}
        with self._transaction(writing=False) as connection:
            rows = connection.execute(query).all()
            in_threads = {(sent_at, reply) for _, way, sent_at, reply in rows if way == Way.THREAD.value}
            if since is not None:  # or in the thread of a lead that is not asked for
                times = {sent_at for _, way, sent_at, _ in rows if way != Way.THREAD.value}
                in_threads |= _sent_in_threads(connection, times)
        for lead_id, way, sent_at, reply in rows:
            if way == Way.THREAD.value or (sent_at, reply) not in in_threads:
                found.setdefault(lead_id, []).append(Answer(sent_at, _REPLIES[reply], _WAYS[way]))
        return found

    def marked(self, marks: Collection[str]) -> frozenset[str]:
        """Return which of these marks leads have."""
        ordered = sorted(marks)
        found: set[str] = set()
        with self._transaction(writing=False) as connection:
            for start in range(0, len(ordered), _CHUNK):
                some = lead_marks.c.mark.in_(ordered[start : start + _CHUNK])
                found.update(connection.scalars(select(lead_marks.c.mark).where(some)))
        return frozenset(found)

    def holding(self, account: str, fingerprints: Collection[str]) -> frozenset[str]:
        """Return which of these messages of an account are in leads."""
        ordered = sorted(fingerprints)
        found: set[str] = set()
        with self._transaction(writing=False) as connection:
            for start in range(0, len(ordered), _CHUNK):
                some = lead_messages.c.fingerprint.in_(ordered[start : start + _CHUNK])
                here = lead_messages.c.account == account
                found.update(connection.scalars(select(lead_messages.c.fingerprint).where(here, some)))
        return frozenset(found)

    # -- what the owner sent, and to whom

    def save_sent(self, sent: Sequence[SentMessage], account: str, cursor: SideCursor) -> None:
        """Remember sent messages and how far the folder was read: all or nothing, so that each is counted once."""
        with self._transaction() as connection:
            if (
                connection.dialect.name == "postgresql"
            ):  # two accounts may count one person at once; SQLite has one writer
                connection.execute(select(func.pg_advisory_xact_lock(_COUNTING)))
            new = _not_counted(connection, sent)
            marks = {(mark.mark, one.sent_at, one.reply.value) for one in sent for mark in one.marks}
            _put_chunks(
                connection, sent_marks, [dict(zip(("mark", "sent_at", "reply"), m, strict=True)) for m in marks]
            )
            _count_sent(connection, new)
            _put_cursor(connection, account, "sent", cursor)

    def list_contacts(self) -> list[Contact]:
        """Return everybody the owner wrote to, by address."""
        with self._transaction(writing=False) as connection:
            return [_contact(row) for row in connection.execute(select(contacts).order_by(contacts.c.address))]

    def contacts_stamp(self) -> tuple[int, int]:
        """Return what changes when a contact is added or written to: cheaper than the list."""
        with self._transaction(writing=False) as connection:
            row = connection.execute(select(func.count(), func.coalesce(func.sum(contacts.c.sent), 0))).one()
        return int(row[0]), int(row[1])

    def note_received(self, received: Mapping[str, datetime]) -> None:
        """Remember when contacts last wrote, by address; whoever is none stays unknown."""
        addresses = sorted(received)
        with self._transaction(writing=False) as connection:  # most mail is from nobody in particular
            known: set[str] = set()
            for start in range(0, len(addresses), _CHUNK):
                some = contacts.c.address.in_(addresses[start : start + _CHUNK])
                known.update(connection.scalars(select(contacts.c.address).where(some)))
        if not known:
            return
        with self._transaction() as connection:
            for address, moment in sorted((one, received[one]) for one in known):
                last = contacts.c.last_received_at
                is_news = (contacts.c.address == address) & (last.is_(None) | (last < moment))
                connection.execute(update(contacts).where(is_news).values(last_received_at=moment))

    # -- how far other folders were read

    def load_side_cursor(self, account: str, purpose: str) -> SideCursor | None:
        """Return how far a folder was read for a purpose, None if it never was."""
        with self._transaction(writing=False) as connection:
            row = connection.execute(
                select(side_cursors).where(side_cursors.c.account == account, side_cursors.c.purpose == purpose)
            ).first()
        return None if row is None else SideCursor(row.folder, UidValidity(row.uidvalidity), Uid(row.last_uid))

    def save_side_cursor(self, account: str, purpose: str, cursor: SideCursor) -> None:
        """Remember how far a folder was read for a purpose."""
        with self._transaction() as connection:
            _put_cursor(connection, account, purpose, cursor)

    # -- appearances in searches

    def save_appearances(self, account: str, found: Mapping[str, Appearance]) -> None:
        """Remember counts by the fingerprint of the notice that told them."""
        rows = [
            {
                "account": account,
                "fingerprint": mark,
                "platform": one.platform,
                "what": one.kind.value,
                "seen_at": one.seen_at,
                "number": one.number,
            }
            for mark, one in found.items()
        ]
        with self._transaction() as connection:
            _put_chunks(connection, appearances, rows)

    def list_appearances(self, since: datetime) -> list[Appearance]:
        """Return the series of counts, oldest first."""
        query = select(appearances).where(appearances.c.seen_at >= since)
        with self._transaction(writing=False) as connection:
            rows = connection.execute(query.order_by(appearances.c.seen_at, appearances.c.fingerprint)).all()
        return [Appearance(row.platform, Kind(row.what), row.number, row.seen_at) for row in rows]

    # -- near misses, and counts for the report

    def save_near_misses(self, found: Sequence[NearMiss]) -> None:
        """Remember near misses, in place of what was known of these messages; old ones are forgotten."""
        with self._transaction() as connection:
            _put_chunks(connection, near_misses, [_near_miss_row(one) for one in found])
            if found:
                oldest = max(one.judged_at for one in found) - _NEAR_MISSES_KEPT
                connection.execute(delete(near_misses).where(near_misses.c.judged_at < oldest))

    def forget_near_misses(self, account: str, marks: Collection[str]) -> None:
        """Forget near misses that were judged otherwise since."""
        if not marks:
            return
        with self._transaction() as connection:
            here = near_misses.c.account == account
            connection.execute(delete(near_misses).where(here, near_misses.c.fingerprint.in_(marks)))

    def list_near_misses(self, since: datetime, limit: int = 20) -> list[NearMiss]:
        """Return near misses judged since then, the nearest first."""
        query = select(near_misses).where(near_misses.c.judged_at >= since)
        query = query.order_by(near_misses.c.lead_chance.desc(), near_misses.c.fingerprint).limit(limit)
        with self._transaction(writing=False) as connection:
            return [_near_miss(row) for row in connection.execute(query)]

    def count_scams(self, since: datetime, until: datetime, but: Collection[str] = ()) -> Mapping[str, int]:
        """Return how many scams were judged in a time, by kind.

        Args:
            but: accounts that are left out.
        """
        query = (
            select(func.coalesce(judgements.c.scam_kind, "other"), func.count())
            .where(judgements.c.category == Category.SCAM.value, judgements.c.account.not_in(but))
            .where(judgements.c.judged_at >= since, judgements.c.judged_at < until)
            .group_by(judgements.c.scam_kind)
        )
        with self._transaction(writing=False) as connection:
            return {str(row[0]): int(row[1]) for row in connection.execute(query)}

    def count_judged(self, since: datetime, until: datetime, but: Collection[str] = ()) -> Mapping[str, int]:
        """Return how many messages were judged in a time, by category or, without one, by state.

        Args:
            but: accounts that are left out.
        """
        word = func.coalesce(judgements.c.category, judgements.c.state)
        query = (
            select(word, func.count())
            .where(judgements.c.judged_at >= since, judgements.c.judged_at < until, judgements.c.account.not_in(but))
            .group_by(word)
        )
        with self._transaction(writing=False) as connection:
            return {str(row[0]): int(row[1]) for row in connection.execute(query)}

    def prune(self, before: datetime) -> int:
        """Forget what the owner sent earlier, and return how many marks that were; contacts and leads stay."""
        with self._transaction() as connection:
            return connection.execute(delete(sent_marks).where(sent_marks.c.sent_at < before)).rowcount

    # -- reports

    def report_ids(self) -> frozenset[str]:
        """Return the Message-IDs of all reports: mail of our own, which is not judged."""
        with self._transaction(writing=False) as connection:
            return frozenset(connection.scalars(select(reports.c.message_id)))

    def load_report(self, account: str, week: str) -> ReportRecord | None:
        """Return what is known of the report of a week, None if none was to be written."""
        with self._transaction(writing=False) as connection:
            row = connection.execute(
                select(reports).where(reports.c.account == account, reports.c.week == week)
            ).first()
        return (
            None
            if row is None
            else (ReportRecord(row.account, row.week, row.folder, row.message_id, row.intended_at, row.appended_at))
        )

    def save_report(self, record: ReportRecord) -> None:
        """Remember that a report is to be written, or was."""
        with self._transaction() as connection:
            values = {name: getattr(record, name) for name in ReportRecord.__dataclass_fields__}
            put(connection, reports, [values])


def add_marks(connection: Connection) -> None:
    """Add the marks that leads have by now: a step of every upgrade, when the tables are those of today."""
    _put_marks(
        connection, [(lead, lead.messages) for lead in _leads(connection.execute(_in_order(select(lead_messages))))]
    )


def _in_order(query: Select[Any]) -> Select[Any]:
    return query.order_by(lead_messages.c.received_at, lead_messages.c.fingerprint)


def _leads(rows: Iterable[Row[Any]]) -> list[Lead]:
    """Return leads of rows of messages, which come in order."""
    grouped: dict[str, list[LeadMessage]] = {}
    for row in rows:
        grouped.setdefault(row.lead_id, []).append(_lead_message(row))
    return [Lead(name, tuple(some)) for name, some in grouped.items()]


def _put_marks(connection: Connection, found: Iterable[tuple[Lead, Sequence[LeadMessage]]]) -> None:
    marks = {(lead.lead_id, one.mark): one.way.value for lead, some in found for one in grouping_marks(lead, some)}
    rows = [{"lead_id": lead_id, "mark": mark, "way": way} for (lead_id, mark), way in sorted(marks.items())]
    _put_chunks(connection, lead_marks, rows)


def _fresh(lead: Lead, known: Lead | None) -> list[LeadMessage]:
    former = {one.fingerprint: one for one in known.messages} if known else {}
    return [one for one in lead.messages if one is not former.get(one.fingerprint)]


def _put_chunks(connection: Connection, table: Table, rows: Sequence[Mapping[str, object]]) -> None:
    for start in range(0, len(rows), _CHUNK):
        put(connection, table, rows[start : start + _CHUNK])


def _put_cursor(connection: Connection, account: str, purpose: str, cursor: SideCursor) -> None:
    values = {"folder": cursor.folder, "uidvalidity": cursor.uidvalidity, "last_uid": cursor.last_uid}
    put(connection, side_cursors, [{"account": account, "purpose": purpose, **values}])


def _sent_in_threads(connection: Connection, times: Collection[datetime]) -> set[tuple[datetime, str]]:
    """Return time and kind of what was sent at these times in the thread of a lead of whatever age."""
    query = (
        select(sent_marks.c.sent_at, sent_marks.c.reply)
        .join(lead_marks, sent_marks.c.mark == lead_marks.c.mark)
        .where(lead_marks.c.way == Way.THREAD.value)
    )
    ordered = sorted(times)
    found: set[tuple[datetime, str]] = set()
    for start in range(0, len(ordered), _CHUNK):
        some = sent_marks.c.sent_at.in_(ordered[start : start + _CHUNK])
        found.update((sent_at, reply) for sent_at, reply in connection.execute(query.where(some)))
    return found


_Sent = tuple[datetime, Address]


def _not_counted(connection: Connection, sent: Sequence[SentMessage]) -> list[_Sent]:
    """Return to whom was written and when, each once: not what was counted from another copy, or before a new UIDVALIDITY."""
    pairs = {(address_mark(person.addr_spec), one.sent_at): person for one in sent for person in one.people}
    marks = sorted({mark for mark, _ in pairs})
    counted: set[tuple[str, datetime]] = set()
    for start in range(0, len(marks), _CHUNK):
        some = sent_marks.c.mark.in_(marks[start : start + _CHUNK])
        counted.update((row.mark, row.sent_at) for row in connection.execute(select(sent_marks).where(some)))
    return [(key[1], person) for key, person in pairs.items() if key not in counted]


def _count_sent(connection: Connection, sent: Iterable[_Sent]) -> None:
    found: dict[str, list[_Sent]] = {}
    for moment, person in sent:
        found.setdefault(person.addr_spec, []).append((moment, person))
    for address, times in sorted(found.items()):
        first, last = min(time for time, _ in times), max(time for time, _ in times)
        name = next((person.name for _, person in sorted(times, key=lambda t: t[0], reverse=True) if person.name), "")
        known = connection.execute(select(contacts).where(contacts.c.address == address)).first()
        if known is None:
            values = {"sent": len(times), "first_sent_at": first, "last_sent_at": last}
            connection.execute(insert(contacts).values(address=address, name=name, **values))
        else:
            values = {
                "name": name or known.name,
                "sent": known.sent + len(times),
                "first_sent_at": min(first, known.first_sent_at),
                "last_sent_at": max(last, known.last_sent_at),
            }
            connection.execute(update(contacts).where(contacts.c.address == address).values(**values))


def _lead_row(lead: Lead) -> dict[str, Any]:
    return {"lead_id": lead.lead_id, "first_at": lead.first.received_at, "last_at": lead.last_at}


def _message_row(lead_id: str, one: LeadMessage) -> dict[str, Any]:
    return place_of(one.ref) | {
        "fingerprint": one.fingerprint,
        "lead_id": lead_id,
        "received_at": one.received_at,
        "category": one.category.value if one.category else None,
        "scam_kind": one.scam_kind,
        "sender_name": one.sender.name,
        "sender_address": one.sender.addr_spec,
        "reply_to": one.reply_to,
        "subject": one.subject,
        "message_id": one.message_id,
        "thread": "\n".join(one.thread),
        "card": _card_text(one.card),
        "is_rescued": one.is_rescued,
    }


def _lead_message(row: Row[Any]) -> LeadMessage:
    return LeadMessage(
        ref=ref_of(row),
        fingerprint=row.fingerprint,
        received_at=row.received_at,
        category=Category(row.category) if row.category else None,
        sender=Address(row.sender_name, row.sender_address),
        reply_to=row.reply_to,
        subject=row.subject,
        message_id=row.message_id,
        thread=tuple(row.thread.split("\n")) if row.thread else (),
        scam_kind=row.scam_kind,
        card=_card(row),
        is_rescued=row.is_rescued,
    )


def _card_text(card: Opportunity) -> str:
    """Return a card as JSON; half a letter, which no JSON holds, becomes a question mark."""
    plain = _cards().dump_python(card, mode="json", exclude_defaults=True)
    return json.dumps(plain, ensure_ascii=False).encode("utf-8", "replace").decode()


def _card(row: Row[Any]) -> Opportunity:
    """Return a card; one that cannot be read, such as another version's, does not hide the lead."""
    try:
        return _cards().validate_json(row.card)
    except ValidationError:
        log.warning("the card of a lead cannot be read, and is shown empty lead=%s", row.lead_id)
        return NOTHING_SAID


def _contact(row: Row[Any]) -> Contact:
    return Contact(
        row.address,
        row.name,
        row.sent,
        row.first_sent_at,
        row.last_sent_at,
        row.last_received_at,
    )


def _near_miss_row(one: NearMiss) -> dict[str, Any]:
    return place_of(one.ref) | {
        "fingerprint": one.fingerprint,
        "category": one.category.value,
        "lead_chance": round(one.lead_chance * 1000),
        "sender": one.sender,
        "subject": one.subject,
        "judged_at": one.judged_at,
    }


def _near_miss(row: Row[Any]) -> NearMiss:
    chance = row.lead_chance / 1000
    return NearMiss(
        ref_of(row), row.fingerprint, Category(row.category), chance, row.sender, row.subject, row.judged_at
    )
