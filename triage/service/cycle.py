"""One pass over one folder: read, parse, judge, plan, and, where asked, apply. It never sleeps."""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from triage.classify.judge import Judge
from triage.errors import MessageError
from triage.interfaces import Mailbox
from triage.mail.identity import fingerprint
from triage.records import (
    Applied,
    LabelChange,
    MessageRef,
    Outcome,
    RawMessage,
    State,
    UnreadableMessage,
)
from triage.service.plan import PHISHING, LabelNames, plan_labels
from triage.service.recovery import settle_pending
from triage.store.records import Entry, Intent, Status
from triage.store.store import Store

log = logging.getLogger(__name__)

CHUNK = 500
"""Messages between two writes: what a crash or Ctrl-C may leave for the next pass."""


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
    """

    names: LabelNames
    run_id: str | None = None
    authserv_ids: Mapping[str, str] = field(default_factory=dict)
    not_before: datetime | None = None
    label_again: bool = False
    should_stop: Callable[[], bool] = lambda: False


@dataclass(frozen=True, slots=True)
class _Judged:
    outcome: Outcome
    fingerprint: str
    present: frozenset[str]


def run_pass(
    mailbox: Mailbox, refs: Sequence[MessageRef], judge: Judge, store: Store | None, options: PassOptions
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
        settle_pending(mailbox, store, options.names)
    for chunk in _chunks(refs):
        if options.should_stop():
            return
        judged = [
            _judge_one(item, judge, options) for item in mailbox.iter_messages(chunk) if not _is_older(item, options)
        ]
        planned = _plan(judged, mailbox, store, options)
        if store is not None and options.run_id is not None:
            planned = _apply(planned, mailbox, store, options)
        yield from (one.outcome for one in planned)


def choose(refs: Sequence[MessageRef], limit: int | None) -> Sequence[MessageRef]:
    """Return at most `limit` messages: the newest on a server, the first of local mail."""
    if limit is None or len(refs) <= limit:
        return refs
    return refs[len(refs) - limit :] if refs[0].uid else refs[:limit]


def _chunks(refs: Sequence[MessageRef]) -> Iterator[Sequence[MessageRef]]:
    for start in range(0, len(refs), CHUNK):
        yield refs[start : start + CHUNK]


def _is_older(item: RawMessage | UnreadableMessage, options: PassOptions) -> bool:
    if options.not_before is None or isinstance(item, UnreadableMessage) or item.internal_date is None:
        return False
    return item.internal_date < options.not_before


def _judge_one(item: RawMessage | UnreadableMessage, judge: Judge, options: PassOptions) -> _Judged:
    nothing = LabelChange(item.ref)
    if isinstance(item, UnreadableMessage):
        return _Judged(
            Outcome(item.ref, None, State.UNJUDGED, None, nothing, applied=False, error=item.reason), "", frozenset()
        )
    mark = item.server_id or fingerprint(item.content)
    try:
        found = judge.read(item.content, is_cut=item.is_cut, authserv_id=options.authserv_ids.get(item.ref.account))
    except MessageError as error:
        outcome = Outcome(item.ref, None, State.UNJUDGED, None, nothing, applied=False, error=str(error))
        return _Judged(outcome, mark, item.keywords)
    opened = found.opened
    outcome = Outcome(
        ref=item.ref,
        message_id=opened.message_id,
        state=found.verdict.state,
        verdict=found.verdict,
        change=nothing,
        applied=False,
        error=None,
        subject=opened.subject,
        sender=opened.sender.addr_spec if opened.sender else "",
    )
    return _Judged(outcome, mark, item.keywords)


def _plan(judged: Sequence[_Judged], mailbox: Mailbox, store: Store | None, options: PassOptions) -> list[_Judged]:
    writes: dict[str, list[Entry]] = {}
    if store is not None:
        for account in {one.outcome.ref.account for one in judged}:
            writes.update(store.written(account, [one.fingerprint for one in judged if one.fingerprint]))
    planned = []
    for one in judged:
        verdict = one.outcome.verdict
        if verdict is not None:
            known = writes.get(one.fingerprint, [])
            if options.label_again:
                known = [entry for entry in known if entry.status is not Status.UNDONE]
            change = plan_labels(one.outcome.ref, verdict, one.present, known, options.names)
            if change.move_to:
                change = replace(change, move_to=mailbox.move_target(change.move_to))
            if not mailbox.carries_keywords:
                change = replace(change, add=change.add - {PHISHING})
            one = replace(one, outcome=replace(one.outcome, change=change))
        planned.append(one)
    return planned


def _apply(planned: Sequence[_Judged], mailbox: Mailbox, store: Store, options: PassOptions) -> list[_Judged]:
    """Journal, write and confirm; the outcomes say what became of each change."""
    changing = [one for one in planned if one.outcome.change]
    done: dict[MessageRef, Applied] = {}
    if changing and options.run_id is not None:
        intents = [
            Intent(
                one.outcome.change,
                one.fingerprint,
                (options.names.ours(one.present) | one.outcome.change.add) - one.outcome.change.remove,
            )
            for one in changing
        ]
        entries = store.intend(options.run_id, intents)
        applied = mailbox.apply([one.outcome.change for one in changing])
        done = {one.change.ref: one for one in applied}
        _confirm(entries, done, store)
    result = []
    for one in planned:
        written = done.get(one.outcome.ref)
        if written is not None:
            error = one.outcome.error or written.error
            one = replace(one, outcome=replace(one.outcome, applied=written.error is None, error=error))
        result.append(one)
    store.save_judgements({one.fingerprint: one.outcome for one in result if one.fingerprint})
    return result


def _confirm(entries: Sequence[Entry], done: dict[MessageRef, Applied], store: Store) -> None:
    succeeded = [one for one in entries if done[one.change.ref].error is None]
    failed = [one for one in entries if done[one.change.ref].error is not None]
    if succeeded:
        store.mark(succeeded, Status.CONFIRMED)
    if failed:
        log.warning("labels not written count=%d", len(failed))
        store.mark(failed, Status.FAILED)
