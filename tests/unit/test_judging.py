"""Judging beside the process that reads: the same verdicts in the same order, whatever dies."""

import os
import pickle
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.builders import make_offer, make_raw, make_scam
from tests.fakes import FakeMailbox
from triage.bootstrap import build_judge
from triage.classify.judge import Judge
from triage.config import Config
from triage.errors import TransientMailError
from triage.records import MessageRef, RawMessage, Uid, UidValidity, UnreadableMessage
from triage.service import cycle
from triage.service.cycle import PassOptions, run_pass
from triage.service.judging import Item, JudgePool, batched, judge_here, read_ahead
from triage.service.plan import LabelNames


@pytest.fixture(scope="module")
def judge() -> Judge:
    return build_judge(Config())


def make_items(count: int) -> list[Item]:
    contents = [make_scam(), make_offer(), make_raw(), b"", b"no mail"]
    items: list[Item] = []
    for number in range(count):
        ref = MessageRef("home", "INBOX", UidValidity(1), Uid(number + 1))
        content = contents[number % len(contents)]
        items.append(UnreadableMessage(ref, "gone bad") if number % 7 == 6 else RawMessage(ref, content))
    return items


def test_processes_judge_as_this_one_does_and_in_order(judge: Judge) -> None:
    items = make_items(700)
    with JudgePool(judge, 2) as pool:
        found = list(pool.judge_all(items, {}))
    assert found == list(judge_here(judge, items, {}))
    assert [item for item, _ in found] == items


def test_what_goes_from_process_to_process_arrives_as_it_was(judge: Judge) -> None:
    found = [judgement for _, judgement in judge_here(judge, make_items(12), {})]
    assert {one.verdict is None for one in found} == {True, False}
    assert pickle.loads(pickle.dumps(found)) == found  # noqa: S301  our own


def test_a_process_that_dies_takes_no_message_with_it(judge: Judge) -> None:
    items = make_items(700)
    with JudgePool(judge, 2) as pool:
        assert pool._executor is not None
        for pid in list(pool._executor._processes):
            os.kill(pid, signal.SIGKILL)
        found = list(pool.judge_all(items, {}))
    assert found == list(judge_here(judge, items, {}))


def test_a_pass_gives_the_same_outcomes_with_other_processes(judge: Judge, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cycle, "MANY", 1)
    box = FakeMailbox([make_scam(1), make_raw(), b"", make_offer(2)])
    names = LabelNames("Triage/")
    alone = list(run_pass(box, box.list_refs(), judge, None, PassOptions(names)))
    with JudgePool(judge, 2) as pool:
        assert list(run_pass(box, box.list_refs(), judge, None, PassOptions(names, pool=pool))) == alone
    assert alone[0].change.add == {"Triage/Scam"}


def test_reading_ahead_holds_the_guard_and_stops_when_nobody_asks() -> None:
    guard, seen = threading.Lock(), []

    def read() -> Iterator[Item]:
        for item in make_items(100_000):
            assert guard.locked()
            seen.append(item)
            yield item

    batches = read_ahead(read(), guard)
    first = next(batches)
    batches.close()
    assert first == seen[: len(first)]
    assert len(seen) < 2_000


def test_what_came_before_an_error_is_yielded_and_then_the_error_raised() -> None:
    def read() -> Iterator[Item]:
        yield from make_items(300)
        message = "the connection was lost"
        raise TransientMailError(message)

    batches, count = read_ahead(read(), threading.Lock()), 0
    with pytest.raises(TransientMailError, match="connection"):
        for batch in batches:
            count += len(batch)
    assert count == 250


def test_batches_are_whole_but_the_last() -> None:
    assert list(batched(range(5), 2)) == [[0, 1], [2, 3], [4]]
    assert list(batched([], 2)) == []


ORPHANS = """
import time
from triage.bootstrap import build_judge
from triage.config import Config
from triage.service import judging
judging._ORPHAN_CHECK_SECONDS = 0.05
with judging.JudgePool(build_judge(Config()), 2) as pool:
    print(*pool._executor._processes, flush=True)
    time.sleep(60)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="processes are forked on Linux alone")
def test_processes_end_with_a_parent_that_is_killed() -> None:
    with subprocess.Popen([sys.executable, "-c", ORPHANS], stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        pids = [int(pid) for pid in parent.stdout.readline().split()]
        parent.kill()
    assert len(pids) == 2
    deadline = time.monotonic() + 30
    while any(is_running(pid) for pid in pids) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not [pid for pid in pids if is_running(pid)]


def is_running(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return state.rpartition(")")[2].split()[0] != "Z"
