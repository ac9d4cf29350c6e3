"""A Dask worker's side: passes over accounts, by the configuration, the secrets and the model that are here.

Start workers with `dask worker`, on every machine with this package, the same configuration and,
where a personal model is learnt, the same models.directory. The first order loads the model;
later ones use it until the daemon has another.
"""

import logging
import os
import sys
import threading
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from distributed import get_worker

from triage.bootstrap import NewerJudge, build_beside, build_judge, build_store, build_visits
from triage.classify.judge import Judge
from triage.config import Config, load_config
from triage.errors import BusyError, ConfigError, ModelError, StoreError, TransientStoreError, TriageError
from triage.imap.source import ImapSource
from triage.service.account import Ended, SideReading, attempt, visit_folders
from triage.service.cluster import Order
from triage.service.leases import Leases, daemon_lease, pass_lease
from triage.service.visit import CycleReport
from triage.store.store import Store

log = logging.getLogger(__name__)

_lock = threading.Lock()
_rooms: dict[str, "_Room"] = {}


@dataclass
class _Room:
    """What all passes in this process share, by one state of one configuration file.

    Attributes:
        stamp: tells whether the file has changed.
        sides: what reads Sent and Junk, by account.
        models: those this process has had: an order that was on its way while a newer one came is served by the newer.
    """

    stamp: tuple[int, int, int]
    config: Config
    store: Store
    leases: Leases
    newer: NewerJudge
    judge: Judge
    sides: dict[str, SideReading] = field(default_factory=dict)
    models: set[str] = field(default_factory=set)


def run_order(order: Order) -> Ended:
    """Run one pass; whatever goes wrong is told, since what is raised would be written to a log with its traceback."""
    worker = str(get_worker().name)
    _begin_log(worker)
    ended = attempt(lambda: _run(order))
    return replace(ended, error=_for_daemon(ended.error, worker), worker=worker)


def _for_daemon(error: TriageError | None, worker: str) -> TriageError | None:
    """Return an error as the daemon is to take it: what this machine lacks is no reason for the others to stop."""
    lacking = isinstance(error, ConfigError) or (
        isinstance(error, StoreError) and not isinstance(error, TransientStoreError)
    )
    return TriageError(f"worker {worker}: {error}") if lacking else error


def _run(order: Order) -> CycleReport:
    room = _enter(order)
    _check_order(order, room)
    leases, lease = room.leases, pass_lease(order.account)

    def should_stop() -> bool:
        return not leases.holds(lease) or not _stands(order, room)

    visits = build_visits(room.config, room.judge, room.store, order.since)
    visits = replace(visits, should_stop=should_stop, fence=lambda: leases.confirm(lease))
    source = ImapSource(room.config.account(order.account), room.config.labels)
    log.info("pass begins account=%s", order.account)
    try:
        with leases.renewing():
            return visit_folders(source, visits, leases, lambda: datetime.now(UTC), _side_of(room, order.account))
    finally:
        source.close()


def _side_of(room: _Room, account: str) -> SideReading:
    with _lock:
        return room.sides.setdefault(account, SideReading(build_beside(room.config)))


def _stands(order: Order, room: _Room) -> bool:
    """Return whether the daemon that gave the order still serves the account."""
    return room.store.lease_holder(daemon_lease(order.account), room.store.read_clock()) == order.daemon


def _check_order(order: Order, room: _Room) -> None:
    if not _stands(order, room):
        message = "the order is void here: another daemon serves the account, or this worker's store is another one"
        raise BusyError(message)
    if room.judge.model_id != order.model_id and order.model_id not in room.models:
        message = (
            f"model {order.model_id} of the daemon is not here; "
            "let models.directory be one folder that all machines share, or install the same version"
        )
        raise ModelError(message)


def _enter(order: Order) -> _Room:
    """Return what passes need, made or brought up to date where it must."""
    path = Path(order.config_file).expanduser()
    with _lock:
        room = _rooms.get(order.config_file)
        if room is None or room.stamp != _stamp(path) or room.config.shared_settings() != order.settings:
            room = _rooms[order.config_file] = _open(path, order, former=room)
        if order.model_id not in room.models and (judge := room.newer.look()) is not None:
            room.judge = judge
            log.info("model taken into use model=%s", judge.model_id)
        room.models.add(room.judge.model_id)
        return room


def _open(path: Path, order: Order, former: _Room | None) -> _Room:
    stamp = _stamp(path)
    config = load_config(path)
    if config.shared_settings() != order.settings:
        message = f"{path} is not the daemon's configuration: accounts, labels, decision or owner differ; copy it here"
        raise ConfigError([message])
    newer = NewerJudge(config)
    judge = build_judge(config)
    if former is not None and former.config.store == config.store:
        store, leases = former.store, former.leases  # a pass under way holds some of them
    else:
        store = build_store(config)
        leases = Leases(store, term=config.cluster.lease)
    log.info("configuration and model loaded model=%s pid=%d", judge.model_id, os.getpid())
    return _Room(stamp, config, store, leases, newer, judge)


def _stamp(path: Path) -> tuple[int, int, int]:
    try:
        found = path.stat()
    except OSError:
        return 0, 0, 0  # reading it says why
    return found.st_ino, found.st_mtime_ns, found.st_size


def _begin_log(worker: str) -> None:
    """Let every line of ours say which worker wrote it; Dask sets up its own log alone."""
    ours = logging.getLogger("triage")
    with _lock:
        if ours.handlers:
            return
        handler = logging.StreamHandler(sys.stderr)
        name = worker.replace("%", "%%")
        handler.setFormatter(logging.Formatter(f"%(asctime)s %(levelname)s %(name)s %(message)s worker={name}"))
        ours.addHandler(handler)
        ours.setLevel(logging.INFO)
        ours.propagate = False
        # Theirs may hold what a server said: not for our log.
        for other in ("imapclient", "sqlalchemy", "alembic", "apscheduler"):
            logging.getLogger(other).setLevel(logging.CRITICAL)
