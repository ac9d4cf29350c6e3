"""One pass over one folder: read, parse, judge, plan, and, where asked, apply. It never sleeps."""

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from triage.classify.judge import Judge
from triage.interfaces import Mailbox
from triage.lead.acquaintances import NOBODY_KNOWN, People
from triage.records import (
    Applied,
    LabelChange,
    MessageRef,
    Outcome,
    RawMessage,
    State,
    UnreadableMessage,
)
from triage.service.judging import MANY, Item, Judgement, batched, judge_here
from triage.service.plan import PHISHING, LabelNames, plan_labels
from triage.service.recovery import settle_pending
from triage.store.records import Entry, Intent, Status

if TYPE_CHECKING:
    from triage.service.leadbook import LeadBook
    from triage.store.store import Store  # brings SQLAlchemy along, which a scan of paths does without

log = logging.getLogger(__name__)

CHUNK = 500
"""Messages between two writes: what a crash or Ctrl-C may leave for the next pass."""


class Judges(Protocol):
    """What judges beside this process: processes of this machine, or a cluster."""

    @property
    def guard(self) -> AbstractContextManager[bool]:
        """Held while messages are read ahead; whoever else uses the mailbox takes it first."""

    def judge_all(self, items: Iterable[Item], authserv_ids: Mapping[str, str]) -> Iterator[tuple[Item, Judgement]]:
        """Yield each message with its judgement, in order."""


@dataclass(frozen=True, slots=True)
class PassOptions:
    """How to judge and whether to write.

    Attributes:
        run_id: the run to journal under; None for a dry run.
        authserv_ids: by account, whose word about a sender's domain is to be believed; an
            account without one believes the topmost header (RFC 8601 section 5).
        not_before: messages the server received earlier are passed over; None judges all.
        should_stop: asked between chunks; a pass that stops has finished its chunk.
        label_again: also write what was once written and taken back with `undo`.
        pool: judges beside this process where there are many messages, and knows people itself; None judges here.
        fence: called before anything is written; raises where this process may not any more.
        people: whom the owner wrote to.
        book: where leads are written down; None for nowhere.
        ours: Message-IDs of our own reports, which are passed over.
        labels_only: accounts where nothing but labels is ever written: no mail moves.
    """

    names: LabelNames
    run_id: str | None = None
    authserv_ids: Mapping[str, str] = field(default_factory=dict)
    not_before: datetime | None = None
    label_again: bool = False
    should_stop: Callable[[], bool] = lambda: False
    pool: Judges | None = None
    fence: Callable[[], None] = lambda: None
    people: People = NOBODY_KNOWN
    book: "LeadBook | None" = None
    labels_only: frozenset[str] = frozenset()
    ours: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class _Judged:
    outcome: Outcome
    fingerprint: str
    present: frozenset[str]


def run_pass(
    mailbox: Mailbox, refs: Sequence[MessageRef], judge: Judge, store: "Store | None", options: PassOptions
) -> Iterator[Outcome]:
    """Judge messages of a folder and yield an outcome for each, in the order given.

    Args:
        refs: what the mailbox listed, or a choice of it.
        store: None for a dry run without memory.

    Raises:
        TransientMailError: the connection failed; what was yielded is done, the rest is not.
        AccountError: the folder cannot be read or written.
        StoreError: nothing more is written, since it could not be remembered.
    """
    if store is not None and options.run_id is not None:
        options.fence()
        settle_pending(mailbox, store, options.names)
    items = (item for item in _iter_items(mailbox, refs, options) if not _is_older(item, options))
    if options.pool is not None and len(refs) >= MANY:
        judged = options.pool.judge_all(items, options.authserv_ids)
    else:
        judged = judge_here(judge, items, options.authserv_ids, options.people)
    others = (pair for pair in judged if pair[1].message_id is None or pair[1].message_id not in options.ours)
    for group in batched(others, CHUNK):
        for item, found in group:
            if options.book is not None and isinstance(item, RawMessage):
                options.book.note(item, found)
        planned = _plan([_to_outcome(item, found) for item, found in group], mailbox, store, options)
        if store is not None and options.run_id is not None:
            with options.pool.guard if options.pool else nullcontext():
                planned = _apply(planned, mailbox, store, options)
        if options.book is not None:
            options.book.save()
        yield from (one.outcome for one in planned)


def choose(refs: Sequence[MessageRef], limit: int | None) -> Sequence[MessageRef]:
    """Return at most `limit` messages: the newest on a server, the first of local mail."""
    if limit is None or len(refs) <= limit:
        return refs
    return refs[len(refs) - limit :] if refs[0].uid else refs[:limit]


def _iter_items(mailbox: Mailbox, refs: Sequence[MessageRef], options: PassOptions) -> Iterator[Item]:
    for start in range(0, len(refs), CHUNK):
        if options.should_stop():
            return
        yield from mailbox.iter_messages(refs[start : start + CHUNK])


def _is_older(item: RawMessage | UnreadableMessage, options: PassOptions) -> bool:
    if options.not_before is None or isinstance(item, UnreadableMessage) or item.internal_date is None:
        return False
    return item.internal_date < options.not_before


def _to_outcome(item: Item, found: Judgement) -> _Judged:
    outcome = Outcome(
        ref=item.ref,
        message_id=found.message_id,
        state=found.verdict.state if found.verdict else State.UNJUDGED,
        verdict=found.verdict,
        change=LabelChange(item.ref),
        applied=False,
        error=found.error,
        subject=found.subject,
        sender=found.sender,
    )
    return _Judged(outcome, found.mark, item.keywords if isinstance(item, RawMessage) else frozenset())


def _plan(judged: Sequence[_Judged], mailbox: Mailbox, store: "Store | None", options: PassOptions) -> list[_Judged]:
    writes: dict[str, list[Entry]] = {}
    told: frozenset[str] = frozenset()
    if store is not None:
        marks = [one.fingerprint for one in judged if one.fingerprint]
        told = store.evidence.corrected(marks)
        for account in {one.outcome.ref.account for one in judged}:
            writes.update(store.written(account, marks))
    planned = []
    for one in judged:
        verdict = one.outcome.verdict
        if verdict is not None and one.fingerprint not in told:  # the owner's word stands
            known = writes.get(one.fingerprint, [])
            if options.label_again:
                known = [entry for entry in known if entry.status is not Status.UNDONE]
            change = plan_labels(one.outcome.ref, verdict, one.present, known, options.names)
            if change.move_to:
                may_move = mailbox.account not in options.labels_only
                change = replace(change, move_to=mailbox.move_target(change.move_to) if may_move else "")
            if not mailbox.carries_keywords:
                change = replace(change, add=change.add - {PHISHING})
            if change:  # most have none, and a copy of each would take as long as the rest of this
                one = replace(one, outcome=replace(one.outcome, change=change))
        planned.append(one)
    return planned


def _apply(planned: Sequence[_Judged], mailbox: Mailbox, store: "Store", options: PassOptions) -> list[_Judged]:
    """Journal, write and confirm; the outcomes say what became of each change."""
    changing = [one for one in planned if one.outcome.change]
    done: dict[MessageRef, Applied] = {}
    if changing and options.run_id is not None:
        options.fence()
        intents = [
            Intent(
                one.outcome.change,
                one.fingerprint,
                (options.names.ours(one.present) | one.outcome.change.add) - one.outcome.change.remove,
            )
            for one in changing
        ]
        done = write_labels(intents, mailbox, store, options.run_id)
    result = []
    for one in planned:
        written = done.get(one.outcome.ref)
        if written is not None:
            error = one.outcome.error or written.error
            one = replace(one, outcome=replace(one.outcome, applied=written.error is None, error=error))
        result.append(one)
    store.save_judgements({one.fingerprint: one.outcome for one in result if one.fingerprint})
    return result


def write_labels(intents: Sequence[Intent], mailbox: Mailbox, store: "Store", run_id: str) -> dict[MessageRef, Applied]:
    """Journal the writes, write, confirm, and return what became of each: the only way that anything is written."""
    entries = store.intend(run_id, intents)
    done = {one.change.ref: one for one in mailbox.apply([one.change for one in intents])}
    _confirm(entries, done, store)
    return done


def _confirm(entries: Sequence[Entry], done: dict[MessageRef, Applied], store: "Store") -> None:
    succeeded = [one for one in entries if done[one.change.ref].error is None]
    failed = [one for one in entries if done[one.change.ref].error is not None]
    if succeeded:
        store.mark(succeeded, Status.CONFIRMED)
    if failed:
        log.warning("labels not written count=%d", len(failed))
        store.mark(failed, Status.FAILED)
