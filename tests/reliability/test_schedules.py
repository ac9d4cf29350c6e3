"""A few schedules with every test run; `python -m tests.reliability` plays a thousand."""

import itertools
import random
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from tests.reliability.schedule import FAULTS, KINDS, MODES, run_schedule
from tests.reliability.world import World
from tests.servers.cyrus import Cyrus
from tests.servers.dovecot import Dovecot
from tests.servers.proxy import FaultProxy

pytestmark = [pytest.mark.server, pytest.mark.timeout(600)]


@pytest.mark.parametrize("seed", range(30))
def test_a_random_schedule_of_faults_breaks_no_promise(dovecot: Dovecot, tmp_path: Path, seed: int) -> None:
    with FaultProxy(dovecot.port) as proxy:
        found = run_schedule(dovecot, proxy, seed, tmp_path)
    assert found.passes > 0
    assert dict(found.wrong) == {}


@pytest.mark.parametrize("seed", range(8))
def test_on_cyrus_as_well(cyrus_slash: Cyrus, tmp_path: Path, seed: int) -> None:
    faults = sorted(set(FAULTS) - {"session killed"})  # its sessions are reused
    with FaultProxy(cyrus_slash.port) as proxy:
        found = run_schedule(cyrus_slash, proxy, seed, tmp_path, faults)
    assert found.passes > 0
    assert dict(found.wrong) == {}


def test_the_check_sees_what_is_not_as_promised(dovecot: Dovecot, tmp_path: Path, user: str) -> None:
    with FaultProxy(dovecot.port) as proxy:
        world = World(dovecot, proxy, user, tmp_path, "keyword")
        try:
            for kind in ("scam", "offer", "plain"):
                world.deliver(kind)
            world.settle()
            assert world.check() == {}
            world.owner.select_folder("INBOX")
            first, second, third = world.owner.search()
            world.owner.add_flags([first], ["\\Seen"])
            world.owner.remove_flags([second], ["Triage/Recruiter"])
            world.owner.copy([third], "Junk")
            world.deliver("scam")
            expected = {"\\Seen changed": 1, "wrongly skipped": 2, "doubled": 1, "planned twice": 1}
            assert world.check() == expected
        finally:
            world.close()


class Machine(RuleBasedStateMachine):
    """The mailbox pass under faults."""

    users: ClassVar[Iterator[int]] = itertools.count()

    def __init__(self, server: Dovecot, proxy: FaultProxy, folder: Path) -> None:
        super().__init__()
        self._place = server, proxy, folder
        self._world: World | None = None

    @property
    def world(self) -> World:
        assert self._world is not None
        return self._world

    @initialize(mode=st.sampled_from(sorted(set(MODES))))
    def begin(self, mode: str) -> None:
        server, proxy, folder = self._place
        self._world = World(server, proxy, f"machine{next(self.users)}", folder, mode)

    @rule(kinds=st.lists(st.sampled_from(KINDS), min_size=1, max_size=4))
    def deliver(self, kinds: list[str]) -> None:
        for kind in kinds:
            self.world.deliver(kind)

    @rule(label=st.sampled_from([None, "Triage/Referral"]), seed=st.integers(0, 99))
    def relabel(self, label: str | None, seed: int) -> None:
        self.world.owner_relabels(random.Random(seed), label)

    @rule(seed=st.integers(0, 99))
    def delete(self, seed: int) -> None:
        self.world.owner_deletes(random.Random(seed))

    @rule()
    def read(self) -> None:
        self.world.owner_reads()

    @rule()
    def renumber(self) -> None:
        self.world.change_uidvalidity()

    @rule(fault=st.sampled_from(sorted(set(FAULTS))), seed=st.integers(0, 999))
    def suffer(self, fault: str, seed: int) -> None:
        heal = self.world.arm(fault, random.Random(seed))
        self.world.run_pass()
        heal()

    @rule()
    def settle(self) -> None:
        self.world.settle()
        assert self.world.check() == {}

    def teardown(self) -> None:
        if self._world is not None:
            self.world.settle()
            wrong = self.world.check()
            self.world.close()
            assert wrong == {}


def test_whatever_happens_in_whatever_order_the_promises_hold(dovecot: Dovecot, tmp_path: Path) -> None:
    with FaultProxy(dovecot.port) as proxy:
        run_state_machine_as_test(
            lambda: Machine(dovecot, proxy, tmp_path),  # type: ignore[arg-type]  # any factory will do
            settings=settings(
                max_examples=12, stateful_step_count=10, deadline=None, suppress_health_check=list(HealthCheck)
            ),
        )
