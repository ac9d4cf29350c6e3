"""Each fault by name, against Dovecot behind the fault proxy: nothing is lost, doubled, skipped or read."""

import os
import random
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.builders import make_scam
from tests.reliability.world import World
from tests.servers.dovecot import Dovecot, DovecotOptions
from tests.servers.proxy import FaultProxy
from triage.records import State
from triage.store.records import Entry, Intent

pytestmark = [pytest.mark.server, pytest.mark.timeout(600)]


@pytest.fixture
def proxy(dovecot: Dovecot) -> Iterator[FaultProxy]:
    with FaultProxy(dovecot.port) as one:
        yield one


Maker = Callable[..., World]


@pytest.fixture
def make_world(dovecot: Dovecot, proxy: FaultProxy, user: str, tmp_path: Path) -> Iterator[Maker]:
    made: list[World] = []

    def make(mode: str = "keyword") -> World:
        made.append(World(dovecot, proxy, user, tmp_path, mode))
        return made[-1]

    yield make
    for world in made:
        world.close()


@contextmanager
def killed_passes(*arguments: str) -> Iterator[Callable[[int], int]]:
    """Yield what runs a pass in a process that kills itself at a step, and returns how that process ended."""
    # Coverage would slow the start, and hears nothing of what is killed.
    untraced = {name: value for name, value in os.environ.items() if not name.startswith("COV")}
    command = [sys.executable, "-m", "tests.reliability.killed", *arguments]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1, env=untraced
    ) as forking:
        asking, answers = forking.stdin, forking.stdout
        assert asking
        assert answers

        def run_until(step: int) -> int:
            asking.write(f"{step}\n")
            return int(answers.readline())

        yield run_until


# Moving takes every kind of step; for the others each fifth will do: a process a step takes its time.
@pytest.mark.parametrize(("mode", "stride"), [("move", 1), ("keyword", 5), ("folder", 5)])
def test_killed_at_every_step_of_a_pass(make_world: Maker, dovecot: Dovecot, user: str, mode: str, stride: int) -> None:
    world = make_world(mode)
    world.release()
    kills = 0
    with killed_passes(str(dovecot.port), user, dovecot.password, world._url, mode) as run_until:
        for step in range(0, 400, stride):
            if step % (7 * stride) == 0:
                for kind in ("scam", "offer", "plain"):
                    world.deliver(kind)
            ended = run_until(step)
            if ended == 0:
                break
            assert ended == -9
            kills += 1
    assert kills > 8
    world.settle()
    assert world.check() == {}


@pytest.mark.parametrize("fault", ["stalled", "slow link", "refused", "session killed", "cut in an answer"])
@pytest.mark.parametrize("mode", ["keyword", "folder", "move"])
def test_a_link_that_fails_is_survived(make_world: Maker, fault: str, mode: str) -> None:
    world = make_world(mode)
    rng = random.Random(f"{fault} {mode}")
    for _ in range(3):
        for kind in ("scam", "offer", "plain"):
            world.deliver(kind)
        heal = world.arm(fault, rng)
        world.run_pass()
        heal()
    world.settle()
    assert world.check() == {}


def test_a_long_way_and_a_thin_wire_only_take_longer(make_world: Maker, proxy: FaultProxy) -> None:
    world = make_world()
    world.runner.source._account = world._account.model_copy(update={"timeout_seconds": 30.0})  # type: ignore[attr-defined]
    world.runner.source.close()
    proxy.rtt, proxy.rate = 0.2, 100_000
    for kind in ("scam", "offer", "poison"):
        world.deliver(kind)
    world.run_pass()
    assert world.runner.problem is None
    proxy.rtt, proxy.rate = 0.0, 0
    assert world.check() == {}


def run_pass_while(world: World, act: Callable[[], None]) -> None:
    """Run a pass in which something happens after the messages were read and before labels are written."""
    plain = world.store.intend

    def intend_late(run_id: str, intents: Sequence[Intent]) -> list[Entry]:
        act()
        return plain(run_id, intents)

    world.store.intend = intend_late  # type: ignore[method-assign]
    world.run_pass()
    world.store.intend = plain  # type: ignore[method-assign]


def test_a_message_that_is_expunged_between_reading_and_labelling(make_world: Maker) -> None:
    world = make_world()
    for _ in range(4):
        world.deliver("scam")
    run_pass_while(world, lambda: world.owner_deletes(random.Random(1)))
    world.settle()
    assert world.check() == {}


def test_a_new_uidvalidity_within_a_pass(make_world: Maker) -> None:
    world = make_world()
    for kind in ("scam", "offer"):
        world.deliver(kind)
    run_pass_while(world, world.change_uidvalidity)
    world.settle()
    assert world.check() == {}


def test_one_poisonous_message_among_five_hundred(make_world: Maker) -> None:
    world = make_world()
    for number in range(500):
        world.deliver("poison" if number == 250 else "offer" if number % 5 == 0 else "plain")
    world.settle()
    assert world.check() == {}


def test_two_daemons_do_nothing_twice(make_world: Maker) -> None:
    world = make_world("folder")
    first = world._leases
    other = world.make_runner(world.store)
    world._leases._holder = "elsewhere/1/1"
    world._leases = first
    for _ in range(5):
        for kind in ("scam", "offer"):
            world.deliver(kind)
        threads = [threading.Thread(target=runner.run) for runner in (world.runner, other)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    other.source.close()
    world.settle()
    assert world.check() == {}


def test_a_password_that_is_refused_one_day_pauses_and_loses_nothing(make_world: Maker) -> None:
    world = make_world()
    world.deliver("scam")
    right = world._account
    world._account = right.model_copy(update={"username": "nobody\0"})
    world.stop()
    world.start()
    for _ in range(3):
        world.run_pass()
    assert world.runner.paused is not None
    world._account = right
    world.stop()
    world.start()  # as after a reload
    world.settle()
    assert world.check() == {}


def test_a_shrinking_capability_list_is_taken_as_it_is(make_world: Maker, proxy: FaultProxy) -> None:
    world = make_world("move")
    world.deliver("scam")
    world.run_pass()
    world.runner.source.close()
    proxy.on_server = lambda data: data.replace(b" MOVE", b"").replace(b" CONDSTORE", b"").replace(b" IDLE", b"")
    world.deliver("scam")
    world.run_pass()
    proxy.on_server = None
    world.settle()
    assert world.check() == {}


def test_over_quota_the_labels_wait_for_room(user: str, tmp_path: Path) -> None:
    with Dovecot(DovecotOptions(quota="6k")) as server, FaultProxy(server.port) as proxy:
        world = World(server, proxy, user, tmp_path, "folder")
        for _ in range(8):
            world.owner.append("INBOX", world.expect("scam"))
        world.run_pass()
        waiting = world.store.list_retries("home")
        assert {retry.state for retry in waiting} == {State.JUDGED}
        assert all("OVERQUOTA" in retry.reason for retry in waiting)
        world.owner.select_folder("INBOX", readonly=True)
        assert len(world.owner.search()) == 8
        world.close()


def test_more_keywords_than_a_maildir_keeps_are_said_and_tried_again(make_world: Maker) -> None:
    world = make_world()
    world.deliver("offer")
    world.owner.select_folder("INBOX")
    for number in range(30):
        world.owner.add_flags([1], [f"own{number}"])
    world.deliver("scam")
    world.settle()
    wrong = world.check()
    assert set(wrong) <= {"left unfinished"}, "either the server kept it, or it waits to be tried again"


@pytest.mark.no_cover  # which would make it take twice as long, and sees one message as well as ten thousand
def test_ten_thousand_messages_in_a_minute_are_all_labelled(
    dovecot: Dovecot, proxy: FaultProxy, tmp_path: Path
) -> None:
    world = World(dovecot, proxy, "flood", tmp_path, "keyword")
    world.runner.source._account = world._account.model_copy(update={"timeout_seconds": 60.0})  # type: ignore[attr-defined]
    world.runner.source.close()  # its session has the short timeout, within which no server lists ten thousand
    world.owner.shutdown()
    box = dovecot.maildir("flood")
    for number in range(10_000):
        content = make_scam(number).replace(b"\r\n", b"\n")
        (box / "new" / f"1700000000.{number:06}.host").write_bytes(content)
    dovecot.own(box)
    world.log_in()
    world.run_pass()
    assert world.runner.problem is None
    world.owner.select_folder("INBOX", readonly=True)
    assert len(world.owner.search(["KEYWORD", "Triage/Scam"])) == 10_000
    assert world.owner.search(["SEEN"]) == []
    world.close()
