"""One pass: what is judged, written, remembered and left alone."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from tests.builders import make_offer, make_raw, make_scam
from tests.fakes import FakeMailbox, FakeSource
from triage.bootstrap import build_judge
from triage.classify.judge import Judge, only_vouched
from triage.config import Config
from triage.errors import AccountError, StoreError, TransientMailError
from triage.mail.parse import parse_message
from triage.records import Outcome, State
from triage.service.cycle import PassOptions, choose, run_pass
from triage.service.plan import LabelNames
from triage.service.undo import Closed, undo_run
from triage.store.store import Store, open_store

NAMES = LabelNames("Triage/")


@pytest.fixture(scope="module")
def judge() -> Judge:
    return build_judge(Config())


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = open_store(f"sqlite:///{tmp_path / 'store.sqlite3'}")
    yield store
    store.close()


def apply_pass(box: FakeMailbox, judge: Judge, store: Store) -> list[Outcome]:
    return list(run_pass(box, box.list_refs(), judge, store, PassOptions(NAMES, store.begin_run("test"))))


def test_a_scam_is_labelled_and_plain_mail_is_not(judge: Judge, store: Store) -> None:
    box = FakeMailbox([make_scam(), make_raw()])
    outcomes = apply_pass(box, judge, store)
    assert (box.keywords(1), box.keywords(2)) == ({"Triage/Scam"}, set())
    assert [one.applied for one in outcomes] == [True, False]


def test_a_dry_run_writes_nothing_and_shows_what_a_real_run_does(judge: Judge, store: Store) -> None:
    box = FakeMailbox([make_scam(), make_offer(), make_raw()])
    shown = list(run_pass(box, box.list_refs(), judge, store, PassOptions(NAMES)))
    assert (box.writes, store.list_runs()) == (0, [])
    assert [one.change for one in shown] == [one.change for one in apply_pass(box, judge, store)]


def test_a_second_pass_writes_nothing(judge: Judge, store: Store) -> None:
    box = FakeMailbox([make_scam(), make_offer()])
    apply_pass(box, judge, store)
    written = box.writes
    assert not any(one.change for one in apply_pass(box, judge, store))
    assert box.writes == written


def test_a_broken_message_does_not_stop_the_others(judge: Judge, store: Store) -> None:
    box = FakeMailbox([b"", make_raw(message_id="<2@x>"), make_scam()])
    box.spoil(2)
    outcomes = apply_pass(box, judge, store)
    assert [one.state for one in outcomes] == [State.UNJUDGED, State.UNJUDGED, State.JUDGED]
    assert [one.error for one in outcomes] == ["the message is empty", "the server gives no body", None]


def test_foreign_keywords_stay(judge: Judge, store: Store) -> None:
    box = FakeMailbox()
    box.deliver(make_scam(), "holiday")
    apply_pass(box, judge, store)
    assert box.keywords(1) == {"holiday", "Triage/Scam"}


def test_a_removed_label_is_not_put_back(judge: Judge, store: Store) -> None:
    box = FakeMailbox([make_scam()])
    apply_pass(box, judge, store)
    box.relabel(1)
    apply_pass(box, judge, store)
    assert box.keywords(1) == set()


def test_after_a_new_uidvalidity_nothing_is_done_twice(judge: Judge, store: Store) -> None:
    box = FakeMailbox([make_scam(), make_offer(), make_scam(2)])
    apply_pass(box, judge, store)
    box.relabel(2)
    box.renumber(99)
    written = box.writes
    outcomes = apply_pass(box, judge, store)
    assert (len(outcomes), box.writes) == (3, written)


def test_a_cut_connection_is_settled_by_the_next_pass(judge: Judge, store: Store) -> None:
    box = FakeMailbox([make_scam(1), make_scam(2), make_scam(3)])
    box.fail_after = 2
    with pytest.raises(TransientMailError):
        apply_pass(box, judge, store)
    box.fail_after = None
    apply_pass(box, judge, store)
    assert [box.keywords(uid) for uid in (1, 2, 3)] == [{"Triage/Scam"}] * 3
    assert box.writes == 3


def test_undo_restores_the_former_state(judge: Judge, store: Store) -> None:
    box = FakeMailbox([make_scam(1), make_raw()])
    box.deliver(make_scam(2), "holiday")
    apply_pass(box, judge, store)
    report = undo_run(store.list_runs()[0].run_id, store, lambda *_: FakeSource(box), NAMES)
    assert (report.undone, report.kept, report.gone, report.failed) == (2, 0, 0, ())
    assert [box.keywords(uid) for uid in (1, 2, 3)] == [set(), set(), {"holiday"}]


def test_undo_keeps_what_the_owner_changed_and_counts_what_has_gone(judge: Judge, store: Store) -> None:
    box = FakeMailbox([make_scam(1), make_scam(2), make_scam(3)])
    apply_pass(box, judge, store)
    box.relabel(1, "Triage/Recruiter")
    box.expunge(2)
    run_id = store.list_runs()[0].run_id
    report = undo_run(run_id, store, lambda *_: FakeSource(box), NAMES)
    assert (report.undone, report.kept, report.gone) == (1, 1, 1)
    assert box.keywords(1) == {"Triage/Recruiter"}
    assert undo_run(run_id, store, lambda *_: FakeSource(box), NAMES).undone == 0


def test_undo_finds_messages_again_after_a_new_uidvalidity(judge: Judge, store: Store) -> None:
    box = FakeMailbox([make_raw(), make_scam(1)])
    apply_pass(box, judge, store)
    box.renumber(99)
    report = undo_run(store.list_runs()[0].run_id, store, lambda *_: FakeSource(box), NAMES)
    assert (report.undone, box.keywords(2)) == (1, set())


def test_an_account_that_cannot_be_opened_is_left_alone_for_older_runs_too(judge: Judge, store: Store) -> None:
    """Else what a newer run wrote over an older one would pass for the owner's doing, and never be taken back."""
    box = FakeMailbox([make_scam()])
    apply_pass(box, judge, store)
    source, closed, runs = FakeSource(box), Closed(), [one.run_id for one in store.list_runs()]
    source.error = AccountError("login refused")
    assert undo_run(runs[0], store, lambda *_: source, NAMES, closed).problems == ("login refused",)
    source.error = None
    report = undo_run(runs[0], store, lambda *_: source, NAMES, closed)
    assert (report.undone, report.problems, box.keywords(1)) == (0, (), {"Triage/Scam"})
    assert store.list_runs()[0].undone_at is None
    assert undo_run(runs[0], store, lambda *_: source, NAMES).undone == 1


def test_undoing_an_unknown_run_names_those_there_are(store: Store) -> None:
    with pytest.raises(StoreError, match="there is no run nonsense"):
        undo_run("nonsense", store, lambda *_: FakeSource(), NAMES)


def test_a_pass_that_must_stop_stops_between_chunks(judge: Judge, store: Store) -> None:
    box = FakeMailbox([make_scam()])
    options = PassOptions(NAMES, store.begin_run("test"), should_stop=lambda: True)
    assert list(run_pass(box, box.list_refs(), judge, store, options)) == []


def test_a_limit_takes_the_newest_of_a_server() -> None:
    refs = FakeMailbox([make_raw(), make_raw(), make_raw()]).list_refs()
    assert [ref.uid for ref in choose(refs, 2)] == [2, 3]


def test_only_the_accounts_own_server_is_believed_about_senders() -> None:
    message = parse_message(
        b"Authentication-Results: MX.mine; dmarc=pass header.from=a.example\r\nFrom: x@a.example\r\n\r\nhi"
    )
    assert only_vouched(message, None) == message
    assert only_vouched(message, "mx.mine").authentication
    assert not only_vouched(message, "mx.other").authentication


class MailboxUnderFaults(RuleBasedStateMachine):
    """Mail arrives, connections break, the owner relabels, UIDs change: no label is doubled or forced."""

    def __init__(self) -> None:
        super().__init__()
        self.judge = build_judge(Config())
        self.store = open_store("sqlite://")
        self.box = FakeMailbox()
        self.count = 0
        self.removed: set[bytes] = set()

    @rule(scam=st.booleans())
    def arrive(self, *, scam: bool) -> None:
        self.count += 1
        self.box.deliver(make_scam(self.count) if scam else make_raw(message_id=f"<{self.count}@x>"), "foreign")

    @rule()
    def passes(self) -> None:
        apply_pass(self.box, self.judge, self.store)

    @rule(after=st.integers(0, 3))
    def breaks(self, after: int) -> None:
        self.box.fail_after = after
        try:
            apply_pass(self.box, self.judge, self.store)
        except TransientMailError:
            pass
        finally:
            self.box.fail_after = None
        apply_pass(self.box, self.judge, self.store)

    @precondition(lambda self: self.labelled())
    @rule(data=st.data())
    def owner_removes(self, data: st.DataObject) -> None:
        uid = data.draw(st.sampled_from(self.labelled()))
        self.removed.add(self.content(uid))
        self.box.relabel(uid, "foreign")

    @rule(uidvalidity=st.integers(100, 110))
    def renumber(self, uidvalidity: int) -> None:
        if uidvalidity != self.box.uidvalidity:
            self.box.renumber(uidvalidity)

    def labelled(self) -> list[int]:
        return [ref.uid for ref in self.box.list_refs() if NAMES.ours(self.box.keywords(ref.uid))]

    def content(self, uid: int) -> bytes:
        item = next(iter(self.box.iter_messages([ref for ref in self.box.list_refs() if ref.uid == uid])))
        return getattr(item, "content", b"")

    @invariant()
    def foreign_keywords_stay(self) -> None:
        assert all("foreign" in self.box.keywords(ref.uid) for ref in self.box.list_refs())

    @invariant()
    def what_the_owner_removed_stays_removed(self) -> None:
        assert not any(self.content(uid) in self.removed for uid in self.labelled())

    @invariant()
    def nobody_has_two_labels(self) -> None:
        assert all(len(NAMES.ours(self.box.keywords(ref.uid))) <= 1 for ref in self.box.list_refs())

    def teardown(self) -> None:
        self.store.close()


TestMailboxUnderFaults = MailboxUnderFaults.TestCase
TestMailboxUnderFaults.settings = settings(max_examples=25, stateful_step_count=20, deadline=None)
