"""A few schedules with every test run; `python -m tests.reliability` plays a thousand."""

import random
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from tests.reliability.schedule import FAULTS, KINDS, MODES, run_schedule
from tests.reliability.world import World
from tests.servers.dovecot import Dovecot
from tests.servers.proxy import FaultProxy

pytestmark = [pytest.mark.server, pytest.mark.timeout(600)]


@pytest.mark.parametrize("seed", range(30))
def test_a_random_schedule_of_faults_breaks_no_promise(dovecot: Dovecot, tmp_path: Path, seed: int) -> None:
    with FaultProxy(dovecot.port) as proxy:
        found = run_schedule(dovecot, proxy, seed, tmp_path)
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


def make_machine(server: Dovecot, proxy: FaultProxy, folder: Path) -> type[RuleBasedStateMachine]:
    """Return the mailbox pass under faults as a state machine."""
    users = iter(range(10**6))

    class Machine(RuleBasedStateMachine):
        world: World | None = None

        @initialize(mode=st.sampled_from(sorted(set(MODES))))
        def begin(self, mode: str) -> None:
            self.world = World(server, proxy, f"machine{next(users)}", folder, mode)

        def the_world(self) -> World:
            assert self.world is not None
            return self.world

        @rule(kinds=st.lists(st.sampled_from(KINDS), min_size=1, max_size=4))
        def deliver(self, kinds: list[str]) -> None:
            for kind in kinds:
                self.the_world().deliver(kind)

        @rule(label=st.sampled_from([None, "Triage/Referral"]), seed=st.integers(0, 99))
        def relabel(self, label: str | None, seed: int) -> None:
            self.the_world().owner_relabels(random.Random(seed), label)

        @rule(seed=st.integers(0, 99))
        def delete(self, seed: int) -> None:
            self.the_world().owner_deletes(random.Random(seed))

        @rule()
        def read(self) -> None:
            self.the_world().owner_reads()

        @rule()
        def renumber(self) -> None:
            self.the_world().change_uidvalidity()

        @rule(fault=st.sampled_from(sorted(set(FAULTS))), seed=st.integers(0, 999))
        def suffer(self, fault: str, seed: int) -> None:
            heal = self.the_world().arm(fault, random.Random(seed))
            self.the_world().run_pass()
            heal()

        @precondition(lambda self: self.world is not None)
        @rule()
        def settle(self) -> None:
            self.the_world().settle()
            assert self.the_world().check() == {}

        def teardown(self) -> None:
            if self.world is not None:
                self.world.settle()
                wrong = self.world.check()
                self.world.close()
                assert wrong == {}

    return Machine


def test_whatever_happens_in_whatever_order_the_promises_hold(dovecot: Dovecot, tmp_path: Path) -> None:
    with FaultProxy(dovecot.port) as proxy:
        machine = make_machine(dovecot, proxy, tmp_path)
        machine.TestCase.settings = settings(
            max_examples=12,
            stateful_step_count=10,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        )
        machine.TestCase("runTest").runTest()
