"""One account in the daemon: its passes, one at a time, its back-off, its pause."""

import logging
import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from triage.classify.encoder import in_use
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


@dataclass(frozen=True)
class Ended:
    """How a pass ended: with its counts, with an error, or by a bug.

    Attributes:
        bug: where and of what kind, never the message: it may quote the mail that broke us.
        worker: which worker of a cluster ran it.
    """

    report: CycleReport | None = None
    error: TriageError | None = None
    bug: str = ""
    worker: str = ""


def attempt(work: Callable[[], CycleReport | None]) -> Ended:
    """Do some work of one account; whatever goes wrong is returned."""
    try:
        return Ended(work())
    except TriageError as error:
        return Ended(error=error)
    except Exception as error:  # noqa: BLE001  one account's bug must not stop the others; the daemon's only broad except
        frame = traceback.extract_tb(error.__traceback__)[-1]
        return Ended(bug=f"{type(error).__name__} at {frame.name}:{frame.lineno or 0}")


class SideReading:
    """Reads Sent and Junk of an account beside its folders, at most so often."""

    def __init__(self, beside: Beside, monotonic: Callable[[], float] = time.monotonic) -> None:
        """Prepare; nothing was read yet."""
        self._beside = beside
        self._monotonic = monotonic
        self._read_at: float | None = None
        self._problems: tuple[str, ...] = ()

    def prepare(self, source: ServerSource, options: VisitOptions) -> None:
        """Read before the folders on the very first pass, if nobody knows yet whom the owner wrote to.

        Raises:
            TransientMailError, StoreError: see `Beside.read`.
        """
        if self._read_at is None and not options.should_stop() and not self._beside.knows_sent(source, options):
            self._read(source, options)

    def follow(self, source: ServerSource, options: VisitOptions) -> CycleReport:
        """Read after the folders, so that no new mail waits for it, and return what is wrong with these.

        What was wrong stays so until they are read again: otherwise every pass between would tell
        that the account works again.

        Raises:
            TransientMailError, StoreError: see `Beside.read`.
        """
        every = self._beside.every.total_seconds()
        is_due = self._read_at is None or self._monotonic() - self._read_at >= every
        if is_due and not options.should_stop():
            self._read(source, options)
        return CycleReport(source.name, problems=self._problems)

    def _read(self, source: ServerSource, options: VisitOptions) -> None:
        self._read_at = self._monotonic()
        self._problems = self._beside.read(source, options)


def visit_folders(
    source: ServerSource,
    options: VisitOptions,
    leases: Leases,
    clock: Callable[[], datetime],
    side: SideReading | None = None,
) -> CycleReport:
    """Run one pass over all folders of an account, alone, and return its counts.

    Args:
        side: reads what lies beside these folders; None for nothing.

    Raises:
        AccountError: login refused or certificate untrusted.
        TransientMailError: the connection failed, or another process is at work here.
        StoreError: nothing could be remembered.
    """
    report = CycleReport(source.name)
    with leases.holding(pass_lease(source.name)), in_use():  # a daemon that waits for mail stays small
        if side is not None:
            side.prepare(source, options)
        for folder in source.folders():
            if not options.should_stop():
                report += _visit(source, folder, options)
        if side is not None:
            report += side.follow(source, options)
    problem = "; ".join(report.problems) or None
    options.store.save_pass(
        PassInfo(source.name, clock(), report.seen, report.unjudged, report.labelled, problem=problem)
    )
    return report


def _visit(source: ServerSource, folder: str, options: VisitOptions) -> CycleReport:
    """Visit one folder; one that cannot be used does not stop the others."""
    try:
        with source.open(folder) as mailbox:
            return Visit(mailbox, options).run()
    except FolderError as error:
        return CycleReport(source.name, problems=(str(error),))


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
        beside = surroundings.beside
        self._side = SideReading(beside, surroundings.monotonic) if beside is not None else None
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
        if self._begin():
            while self._is_due():
                self.busy_since = self._around.monotonic()
                self._settle(attempt(self.pass_once))
                self.busy_since = None

    def _begin(self) -> bool:
        """Ring, and return whether nobody runs passes yet."""
        with self._lock:
            self._is_rung = True
            was_running, self._is_running = self._is_running, True
            return not was_running

    def _is_due(self) -> bool:
        """Return whether there is to be another pass; if not, whoever rings next begins anew."""
        with self._lock:
            if not self._is_rung or not self.is_ready() or self._options.should_stop():
                self._is_running = False
                return False
            self._is_rung = False
            return True

    def pause(self, error: AccountError) -> None:
        """Stop asking the server until the daemon is restarted or told to reload: a person must act."""
        if self.paused is None:
            self.paused = str(error)
            words = "account paused until a reload (SIGHUP) or restart account=%s reason=%s"
            log.error(words, self.name, error)
            self._remember(str(error))

    def _settle(self, ended: Ended) -> None:
        """Say and remember how a pass ended."""
        match ended.error:
            case SecretError() as error:
                self._fail(error, ended, is_remembered=True)
            case AccountError() as error:
                self.pause(error)
                self.source.close()
            case TransientStoreError() as error:
                self._fail(error, ended, is_remembered=False)
            case StoreError() as error:
                self._around.fatal(error)
            case TriageError() as error:
                self._fail(error, ended, is_remembered=True)
            case None if ended.bug:
                self._report_bug(ended)
            case None:
                self._succeed(ended.report or CycleReport(self.name), ended)

    def pass_once(self) -> CycleReport:
        """Run one pass over all folders and return its counts.

        Raises:
            AccountError: login refused or certificate untrusted.
            TransientMailError: the connection failed, or another process is at work here.
            StoreError: nothing could be remembered.
        """
        if not self._serves():
            return CycleReport(self.name)
        leases = self._around.leases
        options = replace(self._options, fence=lambda: leases.confirm(pass_lease(self.name)))
        return visit_folders(self.source, options, leases, self._around.clock, self._side)

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

    def _succeed(self, report: CycleReport, ended: Ended) -> None:
        if self._waits_for is not None:
            return
        if report.problems != self._folder_problems:
            self._folder_problems = report.problems
            for problem in report.problems:
                log.warning("folder left out, looked for on each pass account=%s reason=%s", self.name, problem)
        if self.problem is not None and not report.problems:
            log.info("account works again account=%s", self.name)
        self.problem = "; ".join(report.problems) or None
        self._backoff.reset()
        if report.seen:
            counts = (report.seen, report.unjudged, report.labelled)
            log.info("pass done account=%s seen=%d unjudged=%d labelled=%d%s", self.name, *counts, _at(ended))

    def _fail(self, error: TriageError, ended: Ended, *, is_remembered: bool) -> None:
        if self._options.should_stop():
            return
        if self.problem is None:
            words = "account fails, trying again later and later account=%s reason=%s%s"
            log.warning(words, self.name, error, _at(ended))
        self.problem = str(error)
        self._not_before = self._around.monotonic() + self._backoff.next()
        self.source.close()
        if is_remembered:
            self._remember(self.problem)
        self._around.failed(self)

    def _report_bug(self, ended: Ended) -> None:
        log.error("pass failed by a bug account=%s bug=%s%s", self.name, ended.bug, _at(ended))
        self.problem = f"a bug stopped the pass ({ended.bug}); please report it"
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


def _at(ended: Ended) -> str:
    return f" worker={ended.worker}" if ended.worker else ""
