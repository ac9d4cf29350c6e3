"""The daemon's side of a cluster and a worker's: orders, answers, and what stops a pass that was given up for dead."""

import json
import logging
import pickle
from collections.abc import Collection, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.fakes import FakeMailbox, FakeSource
from triage import worker
from triage.bootstrap import build_judge
from triage.config import Config, parse_config
from triage.errors import AccountError, BusyError, ConfigError, ModelError, StoreError, TransientMailError, TriageError
from triage.service.account import Ended, Surroundings
from triage.service.cluster import Order, Orders, RemoteRunner
from triage.service.leases import Leases, daemon_lease
from triage.service.plan import LabelNames
from triage.service.visit import CycleReport, VisitOptions
from triage.store.store import Store, open_store

ACCOUNT = {"name": "home", "host": "127.0.0.1", "security": "none", "username": "me", "password": "hunter2"}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = open_store(f"sqlite:///{tmp_path / 'store.sqlite3'}")
    yield store
    store.close()


class Daemon:
    """What surrounds a runner whose orders are kept here."""

    def __init__(self, store: Store) -> None:
        self.seconds = 0.0
        self.orders: list[Order] = []
        self.retries = 0
        self.leases = Leases(store)
        options = VisitOptions(build_judge(Config()), store, LabelNames("Triage/"))
        around = Surroundings(self.leases, self._fatal, self._failed, monotonic=lambda: self.seconds)
        self.runner = RemoteRunner(
            FakeSource(FakeMailbox()), options, around, Orders("/etc/triage.toml", "digest"), self._send
        )

    def _send(self, _: RemoteRunner, order: Order) -> None:
        self.orders.append(order)

    def _failed(self, _: object) -> None:
        self.retries += 1

    def _fatal(self, error: StoreError) -> None:
        raise error


def test_one_order_at_a_time_and_a_bell_meanwhile_is_one_more(store: Store) -> None:
    daemon = Daemon(store)
    for _ in range(3):
        daemon.runner.run()
    assert len(daemon.orders) == 1
    assert daemon.runner.ring() is False
    daemon.runner.finish(Ended(CycleReport("home", 1)))
    assert len(daemon.orders) == 2
    daemon.runner.finish(Ended(CycleReport("home")))
    assert (len(daemon.orders), daemon.runner.busy_since) == (2, None)
    assert daemon.runner.ring() is True


def test_an_order_holds_nothing_secret_and_can_be_sent(store: Store) -> None:
    daemon = Daemon(store)
    daemon.runner.run()
    (order,) = daemon.orders
    assert (order.account, order.daemon) == ("home", daemon.leases.holder)
    assert pickle.loads(pickle.dumps(order)) == order  # noqa: S301  our own


def test_a_busy_account_is_put_off_without_alarm_and_a_lost_pass_is_run_again(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    daemon = Daemon(store)
    daemon.runner.run()
    with caplog.at_level(logging.INFO):
        daemon.runner.finish(Ended(error=BusyError("another triage is at work on home"), worker="w2"))
    assert (daemon.runner.problem, daemon.retries, daemon.runner.is_ready()) == (None, 1, False)
    assert "worker=w2" in caplog.text
    assert not [one for one in caplog.records if one.levelno > logging.INFO]
    daemon.seconds += 5
    daemon.runner.run()
    daemon.runner.finish(Ended(error=TransientMailError("the cluster lost the pass"), worker="w2"))
    assert (daemon.runner.problem, daemon.retries) == ("the cluster lost the pass", 2)
    daemon.seconds += 900
    daemon.runner.run()
    assert len(daemon.orders) == 3


def test_a_refused_login_on_a_worker_pauses_the_account(store: Store) -> None:
    daemon = Daemon(store)
    daemon.runner.run()
    daemon.runner.finish(Ended(error=AccountError("login refused"), worker="w1"))
    daemon.runner.run()
    assert (daemon.runner.paused, len(daemon.orders)) == ("login refused", 1)


def test_a_pass_given_up_for_dead_writes_nothing_more(store: Store) -> None:
    now = [datetime(2026, 5, 4, tzinfo=UTC)]
    slow, other = (Leases(store, lambda: now[0], term=timedelta(seconds=60)) for _ in range(2))
    other._holder = "elsewhere/1/1"

    def sleep() -> None:
        now[0] += timedelta(seconds=61)
        slow._held["pass:home"] -= 61

    with slow.holding("pass:home"):
        sleep()
        slow.confirm("pass:home")  # nobody came meanwhile, and it is renewed
        assert other.take("pass:home") == slow.holder
        sleep()
        with other.holding("pass:home"):
            pass
        # It came and went: what the slow one planned is no longer so.
        with pytest.raises(BusyError, match="has taken over home"):
            slow.confirm("pass:home")
        assert not slow.holds("pass:home")


def test_a_lease_that_is_taken_again_while_others_are_renewed_is_not_lost(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A pass ends, and the next begins, just as the heart beats."""
    leases, renew = Leases(store), store.renew_leases

    def meanwhile(names: Sequence[str], holder: str, until: datetime) -> Collection[str]:
        leases.give_back("pass:home")
        kept = renew(names, holder, until)
        leases.take("pass:home")
        return kept

    monkeypatch.setattr(store, "renew_leases", meanwhile)
    leases.take("pass:home")
    leases.renew()
    assert leases.holds("pass:home")
    monkeypatch.setattr(store, "renew_leases", lambda *_: frozenset())
    leases.renew()
    assert not leases.holds("pass:home")


def test_two_threads_of_a_process_are_two(store: Store) -> None:
    leases = Leases(store)
    with leases.holding("pass:home"), pytest.raises(BusyError), leases.holding("pass:home"):
        pass
    assert not leases.holds("pass:home")


class Place:
    """A worker's machine: a configuration file and a store."""

    def __init__(self, folder: Path) -> None:
        self.url = f"sqlite:///{folder / 'store.sqlite3'}"
        self.file = folder / "config.toml"
        self.models = folder / "models"
        self.write()

    def write(self, **changed: str) -> Config:
        lines = "\n".join(f"{key} = {json.dumps(value)}" for key, value in (ACCOUNT | changed).items())
        self.file.write_text(
            f"[[accounts]]\n{lines}\n[store]\nurl = '{self.url}'\n[models]\ndirectory = '{self.models}'\n"
        )
        return parse_config({"accounts": [ACCOUNT | changed]})

    def order(self, config: Config, model_id: str, daemon: str = "daemon") -> Order:
        return Order("home", str(self.file), config.shared_settings(), model_id, daemon, None)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def test_a_worker_loads_once_and_again_when_its_configuration_changes(place: Place) -> None:
    config, model = place.write(), build_judge(Config()).model_id
    room = worker._enter(place.order(config, model))
    assert worker._enter(place.order(config, model)) is room
    changed = place.write(username="somebody")
    again = worker._enter(place.order(changed, model))
    assert again.config.account("home").username == "somebody"
    assert again.leases is room.leases
    with pytest.raises(ConfigError, match="is not the daemon's configuration"):
        worker._enter(place.order(config, model))
    again.store.close()


def test_a_worker_runs_no_void_order_and_judges_by_no_other_model(place: Place) -> None:
    config, model = place.write(), build_judge(Config()).model_id
    room = worker._enter(place.order(config, model))
    with pytest.raises(BusyError, match="void"):
        worker._check_order(place.order(config, model), room)
    now = datetime.now(UTC)
    room.store.take_lease(daemon_lease("home"), "daemon", now, now + timedelta(seconds=60))
    worker._check_order(place.order(config, model), room)
    with pytest.raises(BusyError, match="void"):
        worker._check_order(place.order(config, model, "another"), room)
    with pytest.raises(ModelError, match=r"models\.directory"):
        worker._check_order(place.order(config, "0123456789ab"), room)
    room.store.close()


def test_what_one_machine_lacks_does_not_stop_the_daemon() -> None:
    told = worker._for_daemon(StoreError("the password is refused"), "w1")
    assert type(told) is TriageError
    assert str(told) == "worker w1: the password is refused"
    assert str(worker._for_daemon(ConfigError(["a", "b"]), "w1")) == "worker w1: a; b"
