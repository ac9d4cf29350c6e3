"""One visit of the daemon to one folder: what is new, what is tried again, what the owner changed."""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from triage.classify.judge import Judge
from triage.interfaces import ServerMailbox
from triage.lead.acquaintances import NOBODY_KNOWN, People
from triage.records import Category, Cursor, MessageRef, Outcome, RawMessage, State, Uid
from triage.service.backoff import is_due, retry_delay
from triage.service.cycle import CHUNK, PassOptions, run_pass
from triage.service.leadbook import LeadBook
from triage.service.plan import LabelNames
from triage.service.relabelling import note_relabellings
from triage.store.records import Relabelling, Retry
from triage.store.store import Store

log = logging.getLogger(__name__)

LOOK_BACK = 20
"""UIDs before the last one seen: on some servers a low one appears late."""

_SKEW = timedelta(hours=1)
"""How far the server's clock may be behind ours before mail looks older than it is."""

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class CycleReport:
    """Counts of one pass over an account.

    Attributes:
        problems: folders that could not be visited, with the reason, in words.
    """

    account: str
    seen: int = 0
    unjudged: int = 0
    labelled: int = 0
    problems: tuple[str, ...] = ()

    def __add__(self, other: "CycleReport") -> "CycleReport":
        """Return both counts as one."""
        return CycleReport(
            self.account,
            self.seen + other.seen,
            self.unjudged + other.unjudged,
            self.labelled + other.labelled,
            self.problems + other.problems,
        )


@dataclass(frozen=True)
class VisitOptions:
    """What every visit needs.

    Attributes:
        since: judge mail so old on the first visit of a folder; None judges only what comes after it.
        authserv_ids: see `PassOptions`.
        keep: keeps what can be learnt from a message whose label the owner changed.
        should_stop: asked between chunks.
        fence: see `PassOptions`.
        clock: the time now, aware.
        book: makes what leads are written down in; None for nothing.
        people: whom the owner wrote to.
        labels_only: see `PassOptions`.
    """

    judge: Judge
    store: Store
    names: LabelNames
    since: timedelta | None = None
    authserv_ids: Mapping[str, str] = field(default_factory=dict)
    keep: Callable[[RawMessage], None] = lambda _: None
    should_stop: Callable[[], bool] = lambda: False
    fence: Callable[[], None] = lambda: None
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    book: Callable[[], LeadBook] | None = None
    people: Callable[[], People] = lambda: NOBODY_KNOWN
    labels_only: frozenset[str] = frozenset()


class Visit:
    """One visit to an opened folder."""

    def __init__(self, mailbox: ServerMailbox, options: VisitOptions) -> None:
        """Look up how far the folder was seen; nothing is asked of the server yet."""
        self._mailbox = mailbox
        self._options = options
        self._store = options.store
        self._now = options.clock()
        self._cursor = self._store.load_cursor(mailbox.account, mailbox.folder)
        is_same = self._cursor is not None and self._cursor.uidvalidity == mailbox.uidvalidity
        self._known = self._cursor if is_same else None

    def run(self) -> CycleReport:
        """Judge and label what is new or due, and remember how far the folder was seen.

        Raises:
            TransientMailError: the connection failed; the next visit goes on where this one stopped.
            StoreError: nothing more is written, since it could not be remembered.
        """
        if self._cursor is None and self._options.since is None:
            self._save(self._begin())
            return CycleReport(self._mailbox.account)
        retries = self._due_retries()
        last_at_open = self._last_uid() if self._known is None else self._known.last_uid
        refs = self._new_refs()
        report = CycleReport(self._mailbox.account)
        if refs or retries or self._store.pending(self._mailbox.account, self._mailbox.folder):
            listed = {ref.uid for ref in refs} if retries else set()
            again = [ref for ref in retries if ref.uid not in listed]
            report = self._judge([*again, *refs] if again else refs, retries)
        if self._options.should_stop():
            return report
        if self._known is not None:
            modseq = self._known.highest_modseq
            noted = note_relabellings(self._mailbox, self._store, self._options.names, modseq, self._now)
            # Now, since its owner may file the message away before the next training.
            seen = {one.ref: one for one in noted}
            for item in self._mailbox.iter_messages([one.ref for one in noted]):
                if isinstance(item, RawMessage):
                    self._options.keep(item)
                    self._tell(item, seen[item.ref])
        self._finish(refs, last_at_open)
        return report

    def _tell(self, item: RawMessage, noted: Relabelling) -> None:
        """Let leads follow the owner's hand: a label taken away says that it is none."""
        names = self._options.names
        said = next((one for one in Category if names.of(one) in noted.now), None)
        if self._options.book is not None and names.unsure not in noted.now:
            self._options.book().tell(item, said or Category.OTHER)

    def _begin(self) -> Cursor:
        """Return the cursor of a first visit: what is there is the owner's own business."""
        last = self._last_uid()
        return Cursor(self._mailbox.uidvalidity, last, last, self._now, self._mailbox.highest_modseq)

    def _last_uid(self) -> Uid:
        if self._mailbox.uid_next is not None:
            return Uid(self._mailbox.uid_next - 1)
        return max((ref.uid for ref in self._mailbox.list_refs()), default=Uid(0))

    def _new_refs(self) -> Sequence[MessageRef]:
        if self._known is None:
            # Days of SINCE are the server's own (RFC 9051 section 6.4.4): one more, so that no zone loses mail.
            return self._mailbox.list_refs(since=(self._began_at() - _DAY).date())
        if self._is_untouched(self._known):
            return []
        last, recent = self._known.last_uid, set(self._known.recent_uids)
        after = Uid(max(self._known.floor_uid, last - LOOK_BACK)) if recent else last
        return [ref for ref in self._mailbox.list_refs(after=after) if ref.uid not in recent]

    def _is_untouched(self, known: Cursor) -> bool:
        """Return whether the server's own counters say that nothing happened: no SEARCH is needed."""
        return (
            known.highest_modseq is not None
            and known.highest_modseq == self._mailbox.highest_modseq
            and self._mailbox.uid_next == known.last_uid + 1
        )

    def _began_at(self) -> datetime:
        return self._cursor.began_at if self._cursor else self._now - (self._options.since or timedelta())

    def _judge(self, refs: Sequence[MessageRef], retries: Mapping[MessageRef, Retry]) -> CycleReport:
        report = CycleReport(self._mailbox.account)
        options = PassOptions(
            self._options.names,
            self._store.begin_run("daemon"),
            authserv_ids=self._options.authserv_ids,
            not_before=None if self._known else self._began_at() - _SKEW,
            should_stop=self._options.should_stop,
            fence=self._options.fence,
            people=self._options.people(),
            book=self._options.book() if self._options.book else None,
            labels_only=self._options.labels_only,
            ours=self._store.leads.report_ids(),
        )
        gone = set(retries)
        cursor, done = self._known, list[Uid]()
        for count, outcome in enumerate(run_pass(self._mailbox, refs, self._options.judge, self._store, options), 1):
            gone.discard(outcome.ref)
            done.append(outcome.ref.uid)
            self._remember(outcome, retries.get(outcome.ref))
            report += CycleReport(self._mailbox.account, 1, int(outcome.state is State.UNJUDGED), int(outcome.applied))
            if count % CHUNK == 0 and cursor is not None:
                # What was done is not done again after a crash.
                cursor = replace(_advanced(cursor, done), highest_modseq=None)
                self._save(cursor)
                done.clear()
        if gone and not self._options.should_stop():
            self._store.forget_retries(gone)
        return report

    def _due_retries(self) -> dict[MessageRef, Retry]:
        """Return what is due; of an earlier UIDVALIDITY nothing is, since all is looked at anew."""
        due = {}
        for retry in self._store.list_retries(self._mailbox.account, self._mailbox.folder):
            if retry.ref.uidvalidity != self._mailbox.uidvalidity:
                self._store.forget_retries([retry.ref])
            elif is_due(retry, self._now):
                due[retry.ref] = retry
        return due

    def _remember(self, outcome: Outcome, former: Retry | None) -> None:
        """Put what is unjudged or could not be labelled aside, to be tried again later and later."""
        if outcome.error is None:
            if former is not None:
                self._store.forget_retries([outcome.ref])
            return
        attempts = former.attempts + 1 if former else 1
        first = former.first_at if former else self._now
        next_at = self._now + retry_delay(attempts)
        self._store.save_retry(Retry(outcome.ref, outcome.state, outcome.error, attempts, first, next_at))

    def _finish(self, refs: Sequence[MessageRef], last_at_open: Uid) -> None:
        """Save the cursor, labels first: labelling twice is labelling once.

        Where messages were chosen by their day, what lies before the first of them stays
        below the floor, even when none was recent enough, and what was passed over counts as seen.
        """
        uids = [ref.uid for ref in refs]
        known = self._known
        if known is None:
            floor = Uid(uids[0] - 1) if uids else last_at_open
            passed_over = tuple(Uid(uid) for uid in range(last_at_open - LOOK_BACK + 1, last_at_open + 1))
            known = Cursor(self._mailbox.uidvalidity, last_at_open, floor, self._began_at(), recent_uids=passed_over)
        cursor = replace(_advanced(known, uids), highest_modseq=self._mailbox.highest_modseq)
        if cursor != self._known:
            self._save(cursor)

    def _save(self, cursor: Cursor) -> None:
        self._store.save_cursor(self._mailbox.account, self._mailbox.folder, cursor)


def _advanced(cursor: Cursor, seen: Sequence[Uid]) -> Cursor:
    last = max([*seen, cursor.last_uid])
    recent = {*cursor.recent_uids, *seen}
    kept = tuple(sorted(uid for uid in recent if uid > last - LOOK_BACK))
    return replace(cursor, last_uid=last, recent_uids=kept)
