"""An account in the daemon: outages, pauses, bells and other daemons."""

import logging
import random
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.builders import make_scam
from tests.fakes import FakeMailbox, FakeSource
from triage.bootstrap import build_judge
from triage.config import Config
from triage.errors import AccountError, FolderError, SecretError, StoreError, TransientMailError, TransientStoreError
from triage.service.account import AccountRunner, Surroundings
from triage.service.backoff import Backoff
from triage.service.leases import Leases
from triage.service.plan import LabelNames
from triage.service.visit import VisitOptions
from triage.store.store import Store, open_store


@dataclass
class World:
    """What surrounds an account, with a clock that moves when told to."""

    store: Store
    seconds: float = 0.0
    fatal: list[StoreError] = field(default_factory=list)
    failed: list[AccountRunner] = field(default_factory=list)

    def clock(self) -> datetime:
        return datetime(2026, 5, 4, tzinfo=UTC) + timedelta(seconds=self.seconds)

    def runner(self, source: FakeSource, leases: Leases | None = None) -> AccountRunner:
        options = VisitOptions(build_judge(Config()), self.store, LabelNames("Triage/"), clock=self.clock)
        around = Surroundings(
            leases or Leases(self.store, self.clock),
            self.fatal.append,
            self.failed.append,
            monotonic=lambda: self.seconds,
            clock=self.clock,
            backoff=lambda: Backoff(chance=random.Random(1)),
        )
        return AccountRunner(source, options, around)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    store = open_store(f"sqlite:///{tmp_path / 'store.sqlite3'}")
    yield World(store)
    store.close()


def test_refused_connections_for_an_hour_are_few_attempts_and_two_words(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    class Counting(FakeSource):
        attempts = 0

        def open(self, folder: str) -> AbstractContextManager[FakeMailbox]:
            self.attempts += 1
            return super().open(folder)

    source = Counting(FakeMailbox())
    source.error = TransientMailError("the server refuses connections")
    runner = world.runner(source)
    with caplog.at_level(logging.INFO):
        for _ in range(3600):
            world.seconds += 1
            runner.run()
        assert 8 <= source.attempts <= 20
        assert world.store.list_passes()[0].problem == "the server refuses connections"
        source.error = None
        world.seconds += 900
        runner.run()
    assert [record.getMessage().partition(" account=")[0] for record in caplog.records] == [
        "account fails, trying again later and later",
        "account works again",
    ]
    assert world.store.list_passes()[0].problem is None
    assert len(world.failed) == source.attempts - 1


def test_a_refused_login_pauses_the_account_and_is_said_once(world: World, caplog: pytest.LogCaptureFixture) -> None:
    source = FakeSource(FakeMailbox())
    source.error = AccountError("login refused")
    runner = world.runner(source)
    for _ in range(50):
        world.seconds += 3600
        runner.run()
    assert caplog.text.count("account paused") == 1
    assert (runner.paused, world.store.list_passes()[0].problem) == ("login refused", "login refused")


def test_a_secret_that_cannot_be_had_is_asked_for_again(world: World) -> None:
    box = FakeMailbox()
    source = FakeSource(box)
    source.error = SecretError("token_command ended with status 1")
    runner = world.runner(source)
    runner.run()
    assert (runner.paused, runner.problem) == (None, "token_command ended with status 1")
    source.error = None
    world.seconds += 900
    runner.run()
    assert runner.problem is None


def test_a_folder_that_has_gone_does_not_stop_the_others(world: World, caplog: pytest.LogCaptureFixture) -> None:
    class Partial(FakeSource):
        gone = True

        def open(self, folder: str) -> AbstractContextManager[FakeMailbox]:
            if folder == "Gone" and self.gone:
                raise FolderError("there is no folder 'Gone'")
            return super().open(folder)

    box = FakeMailbox()
    source = Partial(FakeMailbox(folder="Gone"), box)
    runner = world.runner(source)
    runner.run()
    box.deliver(make_scam(1))
    runner.run()
    assert box.keywords(1) == {"Triage/Scam"}
    assert caplog.text.count("folder left out") == 1
    assert "Gone" in str(world.store.list_passes()[0].problem)
    source.gone = False
    with caplog.at_level(logging.INFO):
        runner.run()
        runner.run()
    assert caplog.text.count("account works again") == 1
    assert world.store.list_passes()[0].problem is None


def test_a_bug_stops_no_other_account_and_logs_no_mail(world: World, caplog: pytest.LogCaptureFixture) -> None:
    class Quoting(FakeSource):
        def open(self, folder: str) -> AbstractContextManager[FakeMailbox]:
            raise RuntimeError(f"cannot handle 'Dear Marta, your salary' in {folder}")

    world.runner(Quoting(FakeMailbox())).run()
    assert "a bug stopped the pass (RuntimeError at open:" in str(world.store.list_passes()[0].problem)
    assert "bug account=home bug=RuntimeError at open:" in caplog.text
    assert "Marta" not in caplog.text


def test_a_store_that_is_away_is_waited_for_and_one_that_failed_is_fatal(world: World) -> None:
    source = FakeSource(FakeMailbox())
    runner = world.runner(source)
    source.error = TransientStoreError("the disk is full")
    runner.run()
    assert (runner.problem, world.fatal) == ("the disk is full", [])
    world.seconds += 60
    source.error = StoreError("not a database")
    runner.run()
    assert [str(error) for error in world.fatal] == ["not a database"]


def test_a_bell_during_a_pass_makes_it_run_once_more(world: World) -> None:
    class Ringing(FakeSource):
        opened = 0

        def open(self, folder: str) -> AbstractContextManager[FakeMailbox]:
            self.opened += 1
            if self.opened == 1:
                for _ in range(5):
                    runner.run()  # from a watch, while the pass is under way
            return super().open(folder)

    source = Ringing(FakeMailbox())
    runner = world.runner(source)
    runner.run()
    assert source.opened == 2


def test_a_second_daemon_waits_until_the_first_has_ended(world: World, caplog: pytest.LogCaptureFixture) -> None:
    class Other(Leases):
        def __init__(self, store: Store) -> None:
            super().__init__(store, world.clock)
            self._holder = "elsewhere/1/1"

    first, second = FakeMailbox(), FakeMailbox()
    former = Other(world.store)
    world.runner(FakeSource(first), former).run()
    runner = world.runner(FakeSource(second))
    for _ in range(3):
        runner.run()
    assert world.store.load_cursor("home", "INBOX") is not None
    second.deliver(make_scam(1))
    runner.run()
    assert second.keywords(1) == set()
    assert caplog.text.count("served by another daemon") == 1
    world.seconds += 121  # it died without a word: its lease runs out
    runner.run()
    assert second.keywords(1) == {"Triage/Scam"}
    former.renew()
    assert not former.holds("daemon:home")


def test_a_lease_of_a_process_that_has_ended_is_taken_over_at_once(world: World) -> None:
    leases = Leases(world.store, world.clock)
    machine, _, rest = leases._holder.partition("/")
    ended = f"{machine}/{rest.partition('/')[0]}/1"  # our number, but begun at another time
    world.store.take_lease("daemon:home", ended, world.clock(), world.clock() + timedelta(hours=1))
    assert leases.take("daemon:home") is None
    world.store.take_lease("daemon:work", "elsewhere/1/1", world.clock(), world.clock() + timedelta(hours=1))
    assert leases.take("daemon:work") == "elsewhere/1/1"


def test_delays_grow_to_the_longest_and_start_anew_after_a_success() -> None:
    backoff = Backoff(first=5, longest=900, chance=random.Random(7))
    delays = [backoff.next() for _ in range(12)]
    assert all(bound / 2 <= delay <= bound for delay, bound in zip(delays, [5 * 2**n for n in range(7)], strict=False))
    assert all(450 <= delay <= 900 for delay in delays[8:])
    backoff.reset()
    assert backoff.next() <= 5
