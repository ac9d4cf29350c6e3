"""Beyond one machine: the daemon's passes on the workers of an existing Dask cluster.

Scheduling, watching and back-off stay in the daemon. A pass goes out as an order that names an
account and holds nothing secret; the worker has the configuration and reads the secret itself.
What is sure of one pass at a time, wherever it runs, is the lease in the store that all share.
"""

import logging
import threading
from collections.abc import Callable
from concurrent.futures import CancelledError, Future
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from apscheduler.events import EVENT_JOB_ERROR, JobExecutionEvent
from apscheduler.executors.pool import BasePoolExecutor

from triage.config import ClusterConfig
from triage.errors import BusyError, ConfigError, TransientMailError
from triage.interfaces import ServerSource
from triage.service.account import AccountRunner, Ended, Surroundings, attempt
from triage.service.leases import daemon_lease
from triage.service.visit import CycleReport, VisitOptions

if TYPE_CHECKING:
    from distributed import Client

log = logging.getLogger(__name__)

PASS = "triage.worker:run_order"  # noqa: S105  APScheduler's reference to what a worker runs
"""A name, since what runs on a worker lies above the daemon: it builds everything from the configuration there."""

_CONNECT_SECONDS = 5.0

_BUSY_SECONDS = 3.0
"""Until an account is looked at again that another worker, alive or not, has under its lease."""


@dataclass(frozen=True, slots=True)
class Order:
    """One pass over one account, for any worker.

    Attributes:
        config_file: where the configuration is on the worker.
        settings: a digest of what must be the same there as here (`Config.shared_settings`).
        model_id: the model that the daemon has in use.
        daemon: whose order it is; void once another daemon serves the account, or none.
    """

    account: str
    config_file: str
    settings: str
    model_id: str
    daemon: str
    since: timedelta | None


@dataclass(frozen=True, slots=True)
class Orders:
    """What the orders of one daemon have in common."""

    config_file: str
    settings: str


def connect(config: ClusterConfig) -> "Client":
    """Return a client of the cluster.

    Raises:
        ConfigError: the extra is not installed, a certificate cannot be used, or nobody answers.
    """
    try:
        from distributed import Client  # noqa: PLC0415  50 MB that only a cluster needs
        from distributed.security import Security  # noqa: PLC0415
    except ImportError as error:
        raise ConfigError(["cluster.scheduler needs Dask: pip install '.[dask]' in a checkout of triage"]) from error
    files = {"tls_ca_file": config.ca_file, "tls_client_cert": config.cert_file, "tls_client_key": config.key_file}
    named = {name: str(file.expanduser()) for name, file in files.items() if file is not None}
    try:
        security = Security(require_encryption=True, **named) if config.scheduler.startswith("tls:") else None
        return Client(
            config.scheduler, security=security, timeout=_CONNECT_SECONDS, set_as_default=False, name="triage"
        )
    except (OSError, ValueError) as error:
        message = (
            f"cluster.scheduler: no Dask scheduler can be used at {config.scheduler} ({type(error).__name__}); "
            "start one with `dask scheduler`, and see that certificates and versions of Dask match"
        )
        raise ConfigError([message]) from error


class ClusterPool:
    """A pool that never breaks: it connects anew when it must, and whatever is lost ends with an error."""

    def __init__(self, config: ClusterConfig) -> None:
        """Connect.

        Raises:
            ConfigError: see `connect`.
        """
        self._config = config
        self._client = connect(config)
        self._lock = threading.Lock()
        workers = len(self._client.nthreads())
        log.info("cluster joined scheduler=%s workers=%d", config.scheduler, workers)
        if not workers:
            log.warning("the cluster has no worker yet, passes wait for one scheduler=%s", config.scheduler)

    def submit(self, work: Callable[..., object], *given: object) -> "Future[object]":
        """Let a worker do some work; a worker that dies is replaced by another."""
        told: Future[object] = Future()
        try:
            executor = self._living().get_executor(pure=False)
            future = executor.submit(work, *given)
        except (ConfigError, OSError, RuntimeError, ValueError) as error:
            told.set_exception(error)
        else:
            future.add_done_callback(partial(_pass_on, told))
        return told

    def _living(self) -> "Client":
        with self._lock:
            if self._client.status in {"closed", "closing"}:
                self._client = connect(self._config)
            return self._client

    def shutdown(self, wait: bool = True) -> None:  # noqa: FBT001, FBT002  as executors have it
        """Leave the cluster; what is under way there is not waited for."""
        del wait
        self._client.close(timeout=2)


def _pass_on(told: "Future[object]", future: "Future[object]") -> None:
    """Tell how some work ended; a cancelled future, which nobody could ask, is one that failed."""
    if future.cancelled():
        told.set_exception(CancelledError())
    elif error := future.exception():
        told.set_exception(error)
    else:
        told.set_result(future.result())


class ClusterExecutor(BasePoolExecutor):  # type: ignore[misc]
    """APScheduler's executor on a cluster: a job that is lost with its workers is told of as one that failed."""

    def __init__(self, pool: ClusterPool) -> None:
        """Take the pool; it is left when the scheduler shuts down."""
        super().__init__(pool)

    def _run_job_error(self, job_id: str, exc: BaseException, traceback: object = None) -> None:
        # The base class writes a traceback into the log, and nobody hears of it.
        del traceback
        event = JobExecutionEvent(EVENT_JOB_ERROR, job_id, "default", datetime.now(UTC), exception=exc)
        self._run_job_success(job_id, [event])


def hear(event: Any) -> Ended:  # noqa: ANN401  APScheduler has no types
    """Return how a pass ended from the event that tells of it."""
    if isinstance(event.retval, Ended):
        return event.retval
    kind = type(event.exception).__name__
    return Ended(error=TransientMailError(f"the cluster lost the pass ({kind}); it is run again"))


class RemoteRunner(AccountRunner):
    """Has an account's passes run by a cluster; bells, back-off and pauses are kept here."""

    def __init__(
        self,
        source: ServerSource,
        options: VisitOptions,
        surroundings: Surroundings,
        orders: Orders,
        send: Callable[["RemoteRunner", Order], None],
    ) -> None:
        """Keep what orders need.

        Args:
            source: is watched alone; passes connect from where they run.
            send: sends an order on its way; `finish` is called with the answer.
        """
        super().__init__(source, options, surroundings)
        self._orders = orders
        self._send = send

    def run(self) -> None:
        """Order a pass, unless one is under way, which is then ordered once more."""
        if self._begin():
            self._go_on()

    def finish(self, ended: Ended) -> None:
        """Settle how the pass under way ended, and order another if a bell rang."""
        self._settle(ended)
        self.busy_since = None
        self._go_on()

    def _go_on(self) -> None:
        while self._is_due():
            self.busy_since = self._around.monotonic()
            begun = attempt(self._order)
            if begun == Ended():
                return  # `finish` goes on
            self._settle(begun)
            self.busy_since = None

    def _order(self) -> CycleReport | None:
        if not self._serves():
            return CycleReport(self.name)
        daemon, model_id = self._around.leases.holder, self._options.judge.model_id
        order = Order(self.name, self._orders.config_file, self._orders.settings, model_id, daemon, self._options.since)
        self._send(self, order)
        return None

    def _settle(self, ended: Ended) -> None:
        """Wait quietly where another worker has the account: it is at work, or died and its lease runs out."""
        if not isinstance(ended.error, BusyError):
            super()._settle(ended)
            return
        log.info("pass put off account=%s reason=%s%s", self.name, ended.error, f" worker={ended.worker}")
        self._not_before = self._around.monotonic() + _BUSY_SECONDS
        self._around.failed(self)

    def recall(self) -> None:
        """Void the order under way: its worker stops after the chunk it is at."""
        if self._around.leases.holds(daemon_lease(self.name)):
            self._around.leases.give_back(daemon_lease(self.name))
