"""The daemon: passes on an interval, one at a time for each account, until told to stop."""

import logging
import threading
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler

from triage.classify.judge import Judge
from triage.errors import AccountError, StoreError, TriageError
from triage.interfaces import Mailbox, MailSource
from triage.records import Cursor, MessageRef, State, Uid, UidValidity
from triage.service.cycle import PassOptions, run_pass
from triage.service.plan import LabelNames
from triage.store.records import PassInfo
from triage.store.store import Store

log = logging.getLogger(__name__)

_LOOK_BACK = 20
"""UIDs before the last one seen that are looked at again: on some servers low ones appear late."""


@dataclass(frozen=True, slots=True)
class CycleReport:
    """Counts of one pass over an account."""

    account: str
    seen: int = 0
    unjudged: int = 0
    labelled: int = 0

    def __add__(self, other: "CycleReport") -> "CycleReport":
        """Return both counts as one."""
        return CycleReport(
            self.account, self.seen + other.seen, self.unjudged + other.unjudged, self.labelled + other.labelled
        )


class Daemon:
    """Runs passes over accounts until it is stopped."""

    def __init__(  # noqa: PLR0913  everything a pass needs, wired in one place
        self,
        sources: Sequence[MailSource],
        judge: Judge,
        store: Store,
        names: LabelNames,
        *,
        every: timedelta,
        workers: int,
        since_days: int | None = None,
        authserv_ids: Mapping[str, str] | None = None,
    ) -> None:
        """Keep what passes need; nothing starts yet.

        Args:
            since_days: judge mail of so many days on the first visit of a folder; None
                judges only what comes after it.
        """
        self._sources = tuple(sources)
        self._judge = judge
        self._store = store
        self._names = names
        self._every = every
        self._since_days = since_days
        self._authserv_ids = authserv_ids or {}
        self._stopping = threading.Event()
        self._failing: set[str] = set()
        self._paused: set[str] = set()
        self._fatal: StoreError | None = None
        self._scheduler = BackgroundScheduler(
            executors={"default": ThreadPoolExecutor(workers)},
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
            timezone=UTC,
        )
        # A pass that takes longer than the interval is no news.
        logging.getLogger("apscheduler").setLevel(logging.ERROR)

    def run(self, *, ready: Callable[[], None] = lambda: None) -> None:
        """Run until `stop`; returns when the passes under way have finished their chunk.

        Raises:
            StoreError: the store failed; without memory we would act twice.
        """
        for source in self._sources:
            self._scheduler.add_job(
                self._pass_safely,
                "interval",
                args=[source],
                id=source.name,
                seconds=self._every.total_seconds(),
                next_run_time=datetime.now(UTC),
            )
        self._scheduler.start()
        log.info("daemon ready accounts=%d", len(self._sources))
        ready()
        self._stopping.wait()
        self._scheduler.shutdown(wait=True)
        for source in self._sources:
            source.close()
        log.info("daemon stopped")
        if self._fatal is not None:
            raise self._fatal

    def stop(self) -> None:
        """Ask the daemon to stop; safe to call from a signal handler."""
        self._stopping.set()

    def _pass_safely(self, source: MailSource) -> None:
        """Run one pass; what goes wrong is said once when it starts and once when it ends."""
        if source.name in self._paused:
            return
        try:
            report = self.pass_once(source)
        except AccountError as error:
            self._paused.add(source.name)
            log.error("account paused until restart account=%s reason=%s", source.name, error)  # noqa: TRY400  no traceback for a user's mistake
            self._remember_problem(source.name, str(error))
            source.close()
        except StoreError as error:
            self._fatal = error
            self.stop()
        except TriageError as error:
            self._say_outage(source.name, error)
            self._remember_problem(source.name, str(error))
            source.close()
        except Exception as error:  # noqa: BLE001  one account's bug must not stop the others; the daemon's only broad except
            # Where and what kind, never the message: it may quote the mail that broke us.
            frame = traceback.extract_tb(error.__traceback__)[-1]
            kind = type(error).__name__
            words = "pass failed by a bug account=%s kind=%s at=%s:%d"
            log.error(words, source.name, kind, frame.name, frame.lineno or 0)  # noqa: TRY400
            self._remember_problem(source.name, f"a bug stopped the pass ({kind} in {frame.name}); please report it")
            source.close()
        else:
            if source.name in self._failing:
                self._failing.discard(source.name)
                log.info("account works again account=%s", source.name)
            _log_report(report)

    def _remember_problem(self, account: str, problem: str) -> None:
        try:
            self._store.save_pass(PassInfo(account, datetime.now(UTC), problem=problem))
        except StoreError as failure:
            self._fatal = failure
            self.stop()

    def _say_outage(self, account: str, error: TriageError) -> None:
        if account not in self._failing:
            self._failing.add(account)
            log.warning("account fails, trying again on each pass account=%s reason=%s", account, error)

    def pass_once(self, source: MailSource) -> CycleReport:
        """Run one pass over all folders of an account and return its counts."""
        report = CycleReport(source.name)
        for folder in source.folders():
            if not self._stopping.is_set():
                with source.open(folder) as mailbox:
                    report += self._pass_folder(mailbox)
        self._store.save_pass(PassInfo(source.name, datetime.now(UTC), report.seen, report.unjudged, report.labelled))
        return report

    def _pass_folder(self, mailbox: Mailbox) -> CycleReport:
        cursor = self._store.load_cursor(mailbox.account, mailbox.folder)
        now = datetime.now(UTC)
        if cursor is None and self._since_days is None:
            last = _last_uid(mailbox.list_refs(), Uid(0))
            self._store.save_cursor(mailbox.account, mailbox.folder, Cursor(mailbox.uidvalidity, last, last, now))
            return CycleReport(mailbox.account)
        after, since = self._where_to_begin(cursor, mailbox.uidvalidity, now)
        refs = mailbox.list_refs(after=after, since=since)
        known = cursor if cursor is not None and cursor.uidvalidity == mailbox.uidvalidity else None
        if known is not None and (not refs or refs[-1].uid <= known.last_uid):
            return CycleReport(mailbox.account)
        report = CycleReport(mailbox.account)
        options = PassOptions(
            self._names,
            self._store.begin_run("daemon"),
            authserv_ids=self._authserv_ids,
            should_stop=self._stopping.is_set,
        )
        for outcome in run_pass(mailbox, refs, self._judge, self._store, options):
            report += CycleReport(mailbox.account, 1, int(outcome.state is State.UNJUDGED), int(outcome.applied))
        if not self._stopping.is_set():  # labels first, then the cursor: labelling twice is labelling once
            self._advance(mailbox, refs, cursor, known, now)
        return report

    def _advance(
        self, mailbox: Mailbox, refs: Sequence[MessageRef], cursor: Cursor | None, known: Cursor | None, now: datetime
    ) -> None:
        """Save how far the folder was seen.

        Where messages were chosen by their day, what lies before the first of them stays
        below the floor, even when none was recent enough.
        """
        if known is not None:
            last, floor = _last_uid(refs, known.last_uid), known.floor_uid
        else:
            last = _last_uid(mailbox.list_refs(), Uid(0))
            floor = Uid(refs[0].uid - 1) if refs else last
        began = cursor.began_at if cursor else now - timedelta(days=self._since_days or 0)
        self._store.save_cursor(mailbox.account, mailbox.folder, Cursor(mailbox.uidvalidity, last, floor, began))

    def _where_to_begin(
        self, cursor: Cursor | None, uidvalidity: UidValidity, now: datetime
    ) -> tuple[Uid | None, date | None]:
        """Return the UID after which, and the day since which, messages are looked at.

        After a new UIDVALIDITY all since the first visit are; the journal knows what was done.
        """
        if cursor is None:
            return None, (now - timedelta(days=self._since_days or 0)).date()
        if cursor.uidvalidity != uidvalidity:
            return None, cursor.began_at.date()
        return Uid(max(cursor.floor_uid, cursor.last_uid - _LOOK_BACK)), None


def _last_uid(refs: Sequence[MessageRef], least: Uid) -> Uid:
    return max((ref.uid for ref in refs), default=least)


def _log_report(report: CycleReport) -> None:
    if report.seen:
        log.info(
            "pass done account=%s seen=%d unjudged=%d labelled=%d",
            report.account,
            report.seen,
            report.unjudged,
            report.labelled,
        )
