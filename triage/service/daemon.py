"""The daemon: passes on an interval, one at a time for each account, until told to stop."""

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler

from triage.classify.judge import Judge
from triage.errors import AccountError, StoreError, TransientMailError, TriageError
from triage.interfaces import Mailbox, MailSource
from triage.records import MessageRef, State, Uid
from triage.service.cycle import PassOptions, run_pass
from triage.service.plan import LabelNames
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
        except TransientMailError as error:
            self._say_outage(source.name, error)
            source.close()
        except AccountError as error:
            self._paused.add(source.name)
            log.error("account paused until restart account=%s reason=%s", source.name, error)  # noqa: TRY400  no traceback for a user's mistake
            source.close()
        except StoreError as error:
            self._fatal = error
            self.stop()
        except TriageError as error:
            self._say_outage(source.name, error)
            source.close()
        except Exception:
            # One account's bug must not stop the others; it is the daemon's one broad except.
            log.exception("pass failed account=%s", source.name)
            source.close()
        else:
            if source.name in self._failing:
                self._failing.discard(source.name)
                log.info("account works again account=%s", source.name)
            _log_report(report)

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
        return report

    def _pass_folder(self, mailbox: Mailbox) -> CycleReport:
        cursor = self._store.load_cursor(mailbox.account, mailbox.folder)
        if cursor is None and self._since_days is None:
            # The first visit: what is here already is the owner's own business.
            self._save_cursor(mailbox, mailbox.list_refs())
            return CycleReport(mailbox.account)
        after, since = None, None
        if cursor is None:
            since = datetime.now(UTC).date() - timedelta(days=self._since_days or 0)
        elif cursor[0] == mailbox.uidvalidity:
            after = Uid(max(0, cursor[1] - _LOOK_BACK))
        # After a new UIDVALIDITY everything is looked at again; the journal knows what was done.
        refs = mailbox.list_refs(after=after, since=since)
        if not refs or (cursor and cursor[0] == mailbox.uidvalidity and refs[-1].uid <= cursor[1]):
            return CycleReport(mailbox.account)
        run_id = self._store.begin_run("daemon")
        options = PassOptions(self._names, run_id, after=after, since=since, should_stop=self._stopping.is_set)
        report = CycleReport(mailbox.account)
        for outcome in run_pass(mailbox, self._judge, self._store, options):
            report += CycleReport(mailbox.account, 1, int(outcome.state is State.UNJUDGED), int(outcome.applied))
        if not self._stopping.is_set():
            self._save_cursor(mailbox, refs)  # labels first, then the cursor: labelling twice is labelling once
        return report

    def _save_cursor(self, mailbox: Mailbox, refs: Sequence[MessageRef]) -> None:
        last = max((ref.uid for ref in refs), default=Uid(0))
        self._store.save_cursor(mailbox.account, mailbox.folder, mailbox.uidvalidity, last)


def _log_report(report: CycleReport) -> None:
    if report.seen:
        log.info(
            "pass done account=%s seen=%d unjudged=%d labelled=%d",
            report.account,
            report.seen,
            report.unjudged,
            report.labelled,
        )
