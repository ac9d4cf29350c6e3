"""One account in the daemon: its passes, one at a time, its back-off, its pause."""

import logging
import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from triage.classify.judge import Judge
from triage.errors import AccountError, FolderError, SecretError, StoreError, TransientStoreError, TriageError
from triage.interfaces import ServerSource
from triage.service.backoff import Backoff
from triage.service.beside import Beside
from triage.service.leases import Leases, daemon_lease, pass_lease
from triage.service.visit import CycleReport, Visit, VisitOptions
from triage.store.records import PassInfo

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Surroundings:
    """What an account's passes report to.

    Attributes:
        fatal: told of an error after which nothing can go on.
        failed: told of a runner that is to run again when its back-off ends.
        beside: reads what is sent and what lies in Junk; None for nobody.
        monotonic: seconds that no change of the clock disturbs.
    """

    leases: Leases
    fatal: Callable[[StoreError], None]
    failed: Callable[["AccountRunner"], None] = lambda _: None
    monotonic: Callable[[], float] = time.monotonic
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    backoff: Callable[[], Backoff] = field(default=Backoff)
    beside: Beside | None = None


class AccountRunner:
    """Runs an account's passes; what goes wrong is said once when it starts and once when it ends."""

    def __init__(self, source: ServerSource, options: VisitOptions, surroundings: Surroundings) -> None:
        """Keep what passes need; nothing is connected yet."""
        self.source = source
        self._options = options
        self._around = surroundings
        self._backoff = surroundings.backoff()
        self._lock = threading.Lock()
        self._is_running = False
        self._is_rung = False
        self._not_before = 0.0
        self._beside_at: float | None = None
        self._waits_for: str | None = None
        self._folder_problems: tuple[str, ...] = ()
        self.paused: str | None = None
        self.problem: str | None = None
        self.busy_since: float | None = None

    @property
    def name(self) -> str:
        """The account's configured name."""
        return self.source.name

    def use(self, judge: Judge) -> None:
        """Judge by another model from the next visit on; one under way ends with the model it began with."""
        self._options = replace(self._options, judge=judge)

    def is_ready(self) -> bool:
        """Return whether a pass may begin now: not paused, and no back-off under way."""
        return self.paused is None and self._around.monotonic() >= self._not_before

    def seconds_to_wait(self) -> float:
        """Return how much of the back-off is left."""
        return max(0.0, self._not_before - self._around.monotonic())

    def ring(self) -> bool:
        """Ask for a pass, and return whether somebody must call `run`: no pass under way will see the bell."""
        with self._lock:
            self._is_rung = True
            return not self._is_running

    def run(self) -> None:
        """Run passes until no bell rings any more; a call while one is under way makes it run once more."""
        with self._lock:
            self._is_rung = True
            if self._is_running:
                return
            self._is_running = True
        while True:
            with self._lock:
                if not self._is_rung or not self.is_ready() or self._options.should_stop():
                    self._is_running = False
                    return
                self._is_rung = False
            self.busy_since = self._around.monotonic()
            self._pass_safely()
            self.busy_since = None

    def pause(self, error: AccountError) -> None:
        """Stop asking the server until the daemon is restarted or told to reload: a person must act."""
        if self.paused is None:
            self.paused = str(error)
            words = "account paused until a reload (SIGHUP) or restart account=%s reason=%s"
            log.error(words, self.name, error)
            self._remember(str(error))

    def _pass_safely(self) -> None:
        try:
            report = self.pass_once()
        except SecretError as error:
            self._fail(error, is_remembered=True)
        except AccountError as error:
            self.pause(error)
            self.source.close()
        except TransientStoreError as error:
            self._fail(error, is_remembered=False)
        except StoreError as error:
            self._around.fatal(error)
        except TriageError as error:
            self._fail(error, is_remembered=True)
        except Exception as error:  # noqa: BLE001  one account's bug must not stop the others; the daemon's only broad except
            self._report_bug(error)
        else:
            self._succeed(report)

    def pass_once(self) -> CycleReport:
        """Run one pass over all folders and return its counts.

        Raises:
            AccountError: login refused or certificate untrusted.
            TransientMailError: the connection failed, or another process is at work here.
            StoreError: nothing could be remembered.
        """
        report = CycleReport(self.name)
        if not self._serves():
            return report
        with self._around.leases.holding(pass_lease(self.name)):
            report += self._read_beside(is_first=True)
            for folder in self.source.folders():
                if not self._options.should_stop():
                    report += self._visit(folder)
            report += self._read_beside(is_first=False)
        problem = "; ".join(report.problems) or None
        now = self._around.clock()
        self._options.store.save_pass(
            PassInfo(self.name, now, report.seen, report.unjudged, report.labelled, problem=problem)
        )
        return report

    def _serves(self) -> bool:
        """Return whether the account is ours: another daemon may have been first, and is waited for."""
        lease = daemon_lease(self.name)
        other = None if self._around.leases.holds(lease) else self._around.leases.take(lease)
        if other != self._waits_for:
            self._waits_for = other
            if other is not None:
                log.warning("account is served by another daemon, waiting for it to end account=%s", self.name)
                self.problem = "another daemon serves this account; this one waits for it to end"
        return other is None

    def _visit(self, folder: str) -> CycleReport:
        """Visit one folder; one that cannot be used does not stop the others."""
        try:
            with self.source.open(folder) as mailbox:
                return Visit(mailbox, self._options).run()
        except FolderError as error:
            return CycleReport(self.name, problems=(str(error),))

    def _read_beside(self, *, is_first: bool) -> CycleReport:
        """Read Sent and Junk after the folders, so that no new mail waits for it; on the very first pass before."""
        beside, now = self._around.beside, self._around.monotonic()
        if beside is None or self._options.should_stop():
            return CycleReport(self.name)
        is_due = self._beside_at is None or now - self._beside_at >= beside.every.total_seconds()
        if not is_due or (is_first and beside.knows_sent(self.source, self._options)):
            return CycleReport(self.name)
        self._beside_at = now
        try:
            beside.read(self.source, self._options)
        except FolderError as error:
            return CycleReport(self.name, problems=(str(error),))
        return CycleReport(self.name)

    def _succeed(self, report: CycleReport) -> None:
        if self._waits_for is not None:
            return
        if report.problems != self._folder_problems:
            self._folder_problems = report.problems
            for problem in report.problems:
                log.warning("folder left out, looked for on each pass account=%s reason=%s", self.name, problem)
        elif self.problem is not None and not report.problems:
            log.info("account works again account=%s", self.name)
        self.problem = "; ".join(report.problems) or None
        self._backoff.reset()
        if report.seen:
            counts = (report.seen, report.unjudged, report.labelled)
            log.info("pass done account=%s seen=%d unjudged=%d labelled=%d", self.name, *counts)

    def _fail(self, error: TriageError, *, is_remembered: bool) -> None:
        if self._options.should_stop():
            return
        if self.problem is None:
            log.warning("account fails, trying again later and later account=%s reason=%s", self.name, error)
        self.problem = str(error)
        self._not_before = self._around.monotonic() + self._backoff.next()
        self.source.close()
        if is_remembered:
            self._remember(self.problem)
        self._around.failed(self)

    def _report_bug(self, error: Exception) -> None:
        # Where and what kind, never the message: it may quote the mail that broke us.
        frame = traceback.extract_tb(error.__traceback__)[-1]
        kind = type(error).__name__
        log.error("pass failed by a bug account=%s kind=%s at=%s:%d", self.name, kind, frame.name, frame.lineno or 0)
        self.problem = f"a bug stopped the pass ({kind} in {frame.name}); please report it"
        self._not_before = self._around.monotonic() + self._backoff.next()
        self.source.close()
        self._remember(self.problem)
        self._around.failed(self)

    def _remember(self, problem: str) -> None:
        try:
            self._options.store.save_pass(PassInfo(self.name, self._around.clock(), problem=problem))
        except TransientStoreError:
            log.debug("problem not remembered account=%s", self.name)
        except StoreError as failure:
            self._around.fatal(failure)
