"""The daemon: passes when a bell rings and on an interval, one at a time for each account, until told to stop."""

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

from apscheduler.events import EVENT_JOB_ERROR, EVENT_JOB_EXECUTED, JobExecutionEvent
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.date import DateTrigger

from triage.classify.judge import Judge
from triage.errors import StoreError, TransientStoreError
from triage.interfaces import ServerSource
from triage.service.account import AccountRunner, Surroundings
from triage.service.beside import Beside
from triage.service.flag import Bell, Flag
from triage.service.leases import RENEW_SECONDS, Leases, daemon_lease
from triage.service.notify import save_health, tell_manager
from triage.service.reporting import ReportPlan, report_beside
from triage.service.training import TrainingPlan, train_beside
from triage.service.visit import VisitOptions
from triage.service.watching import Watchers
from triage.store.store import Store

if TYPE_CHECKING:
    from triage.service.cluster import ClusterPool, Order, Orders, RemoteRunner

log = logging.getLogger(__name__)

BEAT_SECONDS = 15.0
"""Between two beats of the heart: leases, health file, watchdog, clock."""

DRAIN_SECONDS = 7.0
"""What a pass under way has to finish its chunk when the daemon stops; then its connection is cut."""

_STUCK_SECONDS = 1800.0
"""A pass that has not ended for so long is stuck: the watchdog is not fed any more."""

_CLOCK_JUMP_SECONDS = 30.0

_DAY_SECONDS = 86400.0

_SETTLED = timedelta(minutes=5)
"""After the start: the first passes over the accounts come before learning."""

_KEPT = timedelta(days=90)
"""How long runs that wrote nothing, and writes that failed, are remembered."""


@dataclass(frozen=True)
class DaemonOptions:
    """How the daemon works.

    Attributes:
        every: from the start of one pass to the next where no bell rings.
        workers: passes at a time.
        health_file: where the heart writes; None for nowhere.
        watched: accounts that are watched by IDLE.
        training: when and how to learn; None for never.
        beside: see `Surroundings`.
        report: when and how to write the weekly report; None for never.
        newer_judge: returns a judge with another model if one was taken into use since it was last
            asked, else None.
        cluster: where passes run, and what their orders say; None for threads of this process.
    """

    every: timedelta
    workers: int
    health_file: Path | None = None
    watched: frozenset[str] = field(default_factory=frozenset)
    training: TrainingPlan | None = None
    newer_judge: Callable[[], Judge | None] = lambda: None
    cluster: "tuple[ClusterPool, Orders] | None" = None
    beside: Beside | None = None
    report: ReportPlan | None = None


class Daemon:
    """Serves accounts until it is stopped.

    Attributes:
        bell: wakes it; for `signal.set_wakeup_fd`.
    """

    def __init__(
        self, sources: Sequence[ServerSource], store: Store, visits: VisitOptions, options: DaemonOptions
    ) -> None:
        """Keep what passes need; nothing starts yet.

        Args:
            visits: `should_stop` is replaced by the daemon's own.
        """
        self._store = store
        self._options = options
        self.bell = Bell()
        self._stopping = Flag()
        self._reload_asked = Flag()
        self._fatal: StoreError | None = None
        self._leases = Leases(store)
        around = Surroundings(self._leases, self._stop_for, self._schedule_retry, beside=options.beside)
        visits = replace(visits, should_stop=self._stopping.is_set)
        self._away: dict[str, RemoteRunner] = {}
        self._numbers = count(1)
        self._runners: Sequence[AccountRunner] = [AccountRunner(source, visits, around) for source in sources]
        if options.cluster is not None:
            self._runners = self._remote_runners(sources, visits, around, options.cluster[1])
        self._watchers = [
            Watchers(runner.source, lambda runner=runner: self._ring(runner), runner.pause)  # type: ignore[misc]
            for runner in self._runners
            if runner.name in options.watched
        ]
        self._model_id = visits.judge.model_id
        self._scheduler = BackgroundScheduler(
            executors={"default": ThreadPoolExecutor(options.workers), "training": ThreadPoolExecutor(1)},
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
            timezone=UTC,
        )
        if options.cluster is not None:
            self._join(options.cluster[0])
        # A pass that takes longer than the interval is no news.
        logging.getLogger("apscheduler").setLevel(logging.ERROR)

    def _remote_runners(
        self, sources: Sequence[ServerSource], visits: VisitOptions, around: Surroundings, orders: "Orders"
    ) -> "list[RemoteRunner]":
        from triage.service.cluster import RemoteRunner  # noqa: PLC0415  joblib's and Dask's part: most daemons need neither

        return [RemoteRunner(source, visits, around, orders, self._send) for source in sources]

    def _join(self, pool: "ClusterPool") -> None:
        """Let the scheduler run passes on the cluster, and hear how they end."""
        from triage.service.cluster import ClusterExecutor  # noqa: PLC0415  as above

        self._scheduler.add_executor(ClusterExecutor(pool), "cluster")
        self._scheduler.add_listener(self._hear, EVENT_JOB_EXECUTED | EVENT_JOB_ERROR)

    def _send(self, runner: "RemoteRunner", order: "Order") -> None:
        from triage.service.cluster import PASS  # noqa: PLC0415  as above

        job_id = f"pass {next(self._numbers)} {runner.name}"
        self._away[job_id] = runner
        self._scheduler.add_job(PASS, args=[order], id=job_id, executor="cluster")

    def _hear(self, event: JobExecutionEvent) -> None:
        """Settle a pass that ended on the cluster, not in the thread that talks to it."""
        from triage.service.cluster import hear  # noqa: PLC0415  as above

        runner = self._away.pop(event.job_id, None)
        if runner is None:
            return
        if self._stopping.is_set():
            runner.busy_since = None  # the scheduler starts nothing more
        else:
            self._scheduler.add_job(runner.finish, args=[hear(event)])

    def run(self, successor: Callable[[], "Daemon | None"] = lambda: None) -> "Daemon | None":
        """Serve until `stop`, or until `reload` found a successor, which is returned.

        Passes under way finish their chunk, within ten seconds.

        Args:
            successor: asked on `reload`; None when the new configuration cannot be used, and
                this daemon goes on.

        Raises:
            StoreError: the store failed for good; without memory we would act twice.
        """
        for runner in self._runners:
            self._scheduler.add_job(
                runner.run,
                "interval",
                id=runner.name,
                seconds=self._options.every.total_seconds(),
                next_run_time=datetime.now(UTC),
            )
        if self._options.training is not None:
            self._schedule_training(self._options.training)
        if self._options.report is not None:
            self._schedule_report(self._options.report)
        self._scheduler.start()
        for watchers in self._watchers:
            watchers.start()
        log.info("daemon ready accounts=%d", len(self._runners))
        tell_manager("READY=1")
        heir = self._live(successor)
        tell_manager("RELOADING=1" if heir else "STOPPING=1")
        self._shut_down()
        if self._fatal is not None:
            raise self._fatal
        return heir

    def stop(self) -> None:
        """Ask the daemon to stop; safe to call from a signal handler."""
        self._stopping.set()
        self.bell.ring()

    def reload(self) -> None:
        """Ask the daemon to make way for a successor; safe to call from a signal handler."""
        self._reload_asked.set()
        self.bell.ring()

    def _schedule_training(self, plan: TrainingPlan) -> None:
        """Train each day, and soon after a start that follows a day without."""
        job, options = partial(self._train, plan), {"executor": "training"}
        self._scheduler.add_job(job, CronTrigger(hour=plan.hour, minute=plan.minute), **options)
        last = next(iter(self._store.evidence.list_trainings(1)), None)
        if last is None or last.finished_at < datetime.now(UTC) - timedelta(days=1):
            self._scheduler.add_job(job, DateTrigger(datetime.now(UTC) + _SETTLED), **options)

    def _train(self, plan: TrainingPlan) -> None:
        def train() -> None:
            if plan.is_wanted(self._store):
                train_beside(plan, self._stopping.is_set)

        self._guarded("not trained for now, the store cannot be read", train)
        self.bell.ring()  # a new model is taken into use at once

    def _schedule_report(self, plan: ReportPlan) -> None:
        """Write the report on its day, and soon after a start that missed it; what is written is not written again."""
        job, options = partial(self._report, plan), {"executor": "training"}
        trigger = CronTrigger(day_of_week=plan.weekday, hour=plan.hour, minute=plan.minute)
        self._scheduler.add_job(job, trigger, **options)
        self._scheduler.add_job(job, DateTrigger(datetime.now(UTC) + _SETTLED), **options)

    def _report(self, plan: ReportPlan) -> None:
        def report() -> None:
            if plan.is_wanted(self._store, datetime.now(UTC)):
                report_beside(plan, self._stopping.is_set)

        self._guarded("no report for now, the store cannot be read", report)

    def _refresh(self) -> None:
        judge = self._options.newer_judge()
        if judge is None:
            return
        for runner in self._runners:
            runner.use(judge)
        self._model_id = judge.model_id
        log.info("model taken into use model=%s", judge.model_id)

    def _stop_for(self, error: StoreError) -> None:
        self._fatal = error
        self.stop()

    def _ring(self, runner: AccountRunner) -> None:
        """Start a pass now, unless one is under way, which then runs once more."""
        if not self._stopping.is_set() and runner.is_ready() and runner.ring():
            # Without a name: of two jobs of one name the scheduler would drop the second.
            self._scheduler.add_job(runner.run)

    def _live(self, successor: Callable[[], "Daemon | None"]) -> "Daemon | None":
        """Beat until told to stop; the beat counts on no clock that somebody may set."""
        renewed, drift = time.monotonic(), _drift()
        tidied = time.monotonic()
        while not self._stopping.is_set():
            self._refresh()
            self._beat()
            if time.monotonic() - renewed >= RENEW_SECONDS:
                renewed = time.monotonic()
                self._guarded("leases could not be renewed for now", self._leases.renew)
            if time.monotonic() - tidied >= _DAY_SECONDS:
                tidied = time.monotonic()
                self._guarded("the store could not be tidied", self._tidy)
            if abs(_drift() - drift) > _CLOCK_JUMP_SECONDS:
                drift = _drift()
                self._reschedule()
            self.bell.wait(BEAT_SECONDS)
            if self._reload_asked.is_set():
                self._reload_asked.clear()
                heir = successor()
                if heir is not None:
                    self._stopping.set()
                    return heir
        return None

    def _beat(self) -> None:
        now = time.monotonic()
        stuck = [one.name for one in self._runners if one.busy_since and now - one.busy_since > _STUCK_SECONDS]
        for name in stuck:
            log.error("pass is stuck account=%s", name)
        if not stuck:
            tell_manager("WATCHDOG=1")
        if self._options.health_file is not None:
            save_health(self._options.health_file, self._health(stuck))

    def _schedule_retry(self, runner: AccountRunner) -> None:
        """Try again when the back-off ends, not only on the interval."""
        if self._stopping.is_set():
            return
        at = datetime.now(UTC) + timedelta(seconds=runner.seconds_to_wait() + 0.05)
        self._scheduler.add_job(runner.run, "date", run_date=at)

    def _guarded(self, trouble: str, work: Callable[[], None]) -> None:
        try:
            work()
        except TransientStoreError:
            log.warning(trouble)
        except StoreError as error:
            self._stop_for(error)

    def _tidy(self) -> None:
        self._store.prune(datetime.now(UTC) - _KEPT)

    def _reschedule(self) -> None:
        """Run every pass now after the clock jumped: the scheduler may be waiting for a time a year away."""
        log.warning("the clock jumped, all passes run now")
        for runner in self._runners:
            self._scheduler.modify_job(runner.name, next_run_time=datetime.now(UTC))

    def _health(self, stuck: Sequence[str]) -> dict[str, object]:
        return {
            "written_at": datetime.now(UTC).isoformat(timespec="seconds"),
            "model": self._model_id,
            "accounts": {
                one.name: {"paused": one.paused, "problem": one.problem, "stuck": one.name in stuck}
                for one in self._runners
            },
        }

    def _shut_down(self) -> None:
        self._scheduler.pause()  # or it would hand jobs to executors that have ended
        for watchers in self._watchers:
            watchers.stop()
        for away in {*self._away.values()}:
            self._guarded("order not recalled, it runs out by itself", away.recall)
        end = time.monotonic() + DRAIN_SECONDS
        while any(one.busy_since for one in self._runners) and time.monotonic() < end:
            time.sleep(0.02)
        for runner in self._runners:
            if runner.busy_since:
                log.warning("pass cut short, the journal knows where it was account=%s", runner.name)
                runner.source.interrupt()
        self._scheduler.shutdown(wait=True)
        for watchers in self._watchers:
            watchers.join(1.0)
        for runner in self._runners:
            runner.source.close()
            self._give_back(runner)
        if self._options.health_file is not None:
            self._options.health_file.unlink(missing_ok=True)
        self._store.close()
        log.info("daemon stopped")

    def _give_back(self, runner: AccountRunner) -> None:
        if self._leases.holds(daemon_lease(runner.name)):
            try:
                self._leases.give_back(daemon_lease(runner.name))
            except StoreError:
                log.warning("lease not given back, it runs out by itself account=%s", runner.name)


def _drift() -> float:
    """Return how the clock stands against one that nobody can set, in seconds."""
    return time.time() - time.monotonic()
