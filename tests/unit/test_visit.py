"""Visits to a folder: what is looked at, what is tried again, and what a failure leaves behind."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from tests.builders import make_raw, make_scam
from tests.fakes import FakeMailbox, FakeSource
from triage.bootstrap import build_judge
from triage.classify.judge import Judge
from triage.config import Config
from triage.errors import TransientMailError
from triage.records import Category, MessageRef, State, Uid
from triage.service.plan import LabelNames
from triage.service.undo import undo_run
from triage.service.visit import CycleReport, Visit, VisitOptions
from triage.store.store import Store, open_store

SCAM = {"Triage/Scam"}
NAMES = LabelNames("Triage/")


@pytest.fixture(scope="module")
def judge() -> Judge:
    return build_judge(Config())


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = open_store(f"sqlite:///{tmp_path / 'store.sqlite3'}")
    yield store
    store.close()


@pytest.fixture
def options(judge: Judge, store: Store) -> VisitOptions:
    return VisitOptions(judge, store, NAMES)


def visit(box: FakeMailbox, options: VisitOptions, *, at: datetime | None = None) -> CycleReport:
    if at is not None:
        options = replace(options, clock=lambda: at)
    return Visit(box, options).run()


class DatedMailbox(FakeMailbox):
    """A folder whose messages up to a UID are older than any day asked for."""

    old = 0

    def list_refs(self, *, after: Uid | None = None, since: date | None = None) -> list[MessageRef]:
        return [ref for ref in super().list_refs(after=after) if since is None or ref.uid > self.old]


def test_the_first_visit_leaves_alone_what_is_there(options: VisitOptions) -> None:
    box = FakeMailbox([make_scam(1)])
    visit(box, options)
    box.deliver(make_scam(2))
    assert visit(box, options).labelled == 1
    assert [box.keywords(uid) for uid in (1, 2)] == [set(), SCAM]


@pytest.mark.parametrize("old", [1, 3])
def test_mail_from_before_since_is_never_labelled(options: VisitOptions, old: int) -> None:
    box = DatedMailbox([make_scam(number) for number in range(3)])
    box.old = old
    options = replace(options, since=timedelta(days=30))
    for number in range(3, 6):
        visit(box, options)
        box.deliver(make_scam(number))
    visit(box, options)
    assert [box.keywords(uid) for uid in range(1, 7)] == [set()] * old + [SCAM] * (6 - old)


def test_after_a_new_uidvalidity_old_mail_is_still_left_alone(options: VisitOptions) -> None:
    box = DatedMailbox([make_scam(1), make_scam(2)])
    visit(box, options)
    box.renumber(99)
    box.old = 2
    visit(box, options)
    box.deliver(make_scam(3))
    visit(box, options)
    assert [box.keywords(uid) for uid in (1, 2, 3)] == [set(), set(), SCAM]


def test_after_a_new_uidvalidity_nothing_is_skipped_and_nothing_done_twice(options: VisitOptions) -> None:
    box = FakeMailbox()
    visit(box, options)
    box.deliver(make_scam(1))
    visit(box, options)
    box.deliver(make_scam(2))
    box.renumber(99)
    assert visit(box, options).labelled == 1
    assert [box.keywords(uid) for uid in (1, 2)] == [SCAM, SCAM]
    assert box.writes == 2


def test_a_message_is_judged_once(options: VisitOptions) -> None:
    box = FakeMailbox()
    visit(box, options)
    for number in range(3):
        box.deliver(make_scam(number))
        assert visit(box, options).seen == 1
    assert visit(box, options).seen == 0


@pytest.mark.parametrize("has_condstore", [True, False])
def test_a_low_uid_that_appears_late_is_judged(options: VisitOptions, *, has_condstore: bool) -> None:
    box = FakeMailbox()
    box.has_condstore = has_condstore
    visit(box, options)
    late = box.deliver(make_scam(1)).uid
    hidden = box.take_away(late)
    box.deliver(make_raw())
    assert visit(box, options).seen == 1
    box.put_back(late, hidden)
    assert visit(box, options).seen == 1
    assert box.keywords(late) == SCAM


def test_a_quiet_folder_is_not_searched(options: VisitOptions) -> None:
    class Counting(FakeMailbox):
        searches = 0

        def list_refs(self, *, after: Uid | None = None, since: date | None = None) -> list[MessageRef]:
            self.searches += 1
            return list(super().list_refs(after=after, since=since))

    box = Counting()
    visit(box, options)
    box.deliver(make_raw())
    visit(box, options)
    searches = box.searches
    visit(box, options)
    assert box.searches == searches


def test_what_is_unjudged_is_tried_later_and_later_until_it_is_judged(options: VisitOptions, store: Store) -> None:
    begin = datetime(2026, 5, 4, tzinfo=UTC)
    box = FakeMailbox()
    visit(box, options, at=begin)
    box.deliver(make_scam(1))
    box.spoil(1)
    tried = []
    for minute in range(60):
        now = begin + timedelta(minutes=minute)
        if visit(box, options, at=now).unjudged:
            tried.append(minute)
    assert tried == [0, 5, 15, 35]
    assert [(one.state, one.attempts) for one in store.list_retries("home")] == [(State.UNJUDGED, 4)]
    box.mend(1, make_scam(1))
    assert visit(box, options, at=begin + timedelta(hours=2)).labelled == 1
    assert store.list_retries("home") == []


def test_what_has_gone_is_not_tried_again(options: VisitOptions, store: Store) -> None:
    begin = datetime(2026, 5, 4, tzinfo=UTC)
    box = FakeMailbox()
    visit(box, options, at=begin)
    box.deliver(make_raw())
    box.spoil(1)
    visit(box, options, at=begin)
    box.expunge(1)
    visit(box, options, at=begin + timedelta(hours=1))
    assert store.list_retries("home") == []


def test_a_clock_set_back_does_not_keep_a_message_waiting(options: VisitOptions, store: Store) -> None:
    begin = datetime(2026, 5, 4, tzinfo=UTC)
    box = FakeMailbox()
    visit(box, options, at=begin)
    box.deliver(make_scam(1))
    box.spoil(1)
    visit(box, options, at=begin)
    box.mend(1, make_scam(1))
    visit(box, options, at=begin - timedelta(days=400))
    assert store.list_retries("home") == []
    assert box.keywords(1) == SCAM


@pytest.mark.parametrize("has_condstore", [True, False])
def test_the_owners_relabelling_is_noticed_once_and_final(
    options: VisitOptions, store: Store, *, has_condstore: bool
) -> None:
    box = FakeMailbox()
    box.has_condstore = has_condstore
    visit(box, options)
    box.deliver(make_scam(1))
    visit(box, options)
    box.relabel(1)
    for _ in range(3):
        visit(box, options)
    box.relabel(1, "Triage/Recruiter", "$Work")
    for number in range(3):
        box.deliver(make_raw(subject=f"news {number}"))
        visit(box, options)
    seen = store.list_relabellings("home")
    assert [(set(one.was), set(one.now)) for one in seen] == [(SCAM, set()), (set(), {"Triage/Recruiter"})]
    assert box.keywords(1) == {"Triage/Recruiter", "$Work"}


def test_a_label_the_owner_added_to_old_mail_is_noticed(options: VisitOptions, store: Store) -> None:
    box = FakeMailbox([make_raw()])
    visit(box, options)
    box.relabel(1, "Triage/Referral")
    visit(box, options)
    assert [set(one.now) for one in store.list_relabellings("home")] == [{"Triage/Referral"}]


def test_what_was_undone_stays_undone(options: VisitOptions, store: Store) -> None:
    box = FakeMailbox()
    visit(box, options)
    box.deliver(make_scam(1))
    visit(box, options)
    (run,) = store.list_runs()
    undo_run(run.run_id, store, lambda _account, _folder: FakeSource(box), NAMES)
    box.renumber(99)
    visit(box, options)
    assert box.keywords(1) == set()
    assert store.list_relabellings("home") == []


def test_a_scam_is_moved_once_and_undo_brings_it_back_for_good(options: VisitOptions, store: Store) -> None:
    names = replace(NAMES, moves={Category.SCAM: "Junk"})
    options = replace(options, names=names)
    box, junk = FakeMailbox(), FakeMailbox(folder="Junk")
    box.elsewhere, junk.elsewhere = junk, box
    visit(box, options)
    box.deliver(make_scam(1))
    visit(box, options)
    assert (len(box.list_refs()), junk.keywords(1)) == (0, SCAM)
    (run,) = store.list_runs()
    assert undo_run(run.run_id, store, lambda _account, _folder: FakeSource(box, junk), names).undone == 1
    visit(box, options)
    assert (len(junk.list_refs()), len(box.list_refs()), box.keywords(2)) == (0, 1, set())


def test_a_scam_the_owner_brought_back_is_not_moved_again(options: VisitOptions) -> None:
    options = replace(options, names=replace(NAMES, moves={Category.SCAM: "Junk"}))
    box, junk = FakeMailbox(), FakeMailbox(folder="Junk")
    box.elsewhere = junk
    visit(box, options)
    box.deliver(make_scam(1))
    visit(box, options)
    box.deliver(make_scam(1), *SCAM)
    visit(box, options)
    assert (len(box.list_refs()), len(junk.list_refs())) == (1, 1)


def test_phishing_is_marked_beside_a_scam_where_asked_for_and_undone(options: VisitOptions, store: Store) -> None:
    names = replace(NAMES, has_phishing=True)
    options = replace(options, names=names)
    box = FakeMailbox()
    visit(box, options)
    box.deliver(make_scam(1))
    visit(box, options)
    visit(box, options)
    assert box.keywords(1) == SCAM | {"$Phishing"}
    assert store.list_relabellings("home") == []
    undo_run(store.list_runs()[0].run_id, store, lambda _account, _folder: FakeSource(box), names)
    assert box.keywords(1) == set()


@pytest.mark.parametrize("written", range(4))
def test_a_pass_that_was_cut_is_finished_by_the_next(options: VisitOptions, written: int) -> None:
    box = FakeMailbox()
    visit(box, options)
    for number in range(4):
        box.deliver(make_scam(number))
    box.fail_after = written
    with pytest.raises(TransientMailError):
        visit(box, options)
    box.fail_after = None
    visit(box, options)
    assert [box.keywords(uid) for uid in range(1, 5)] == [SCAM] * 4
    assert box.writes == 4
