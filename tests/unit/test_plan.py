"""Planning labels: what is written, what is left alone."""

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from tests.builders import make_ref, make_verdict
from triage.records import Category, LabelChange, MessageRef
from triage.service.plan import LabelNames, last_write, plan_labels
from triage.store.records import Entry, Status

NAMES = LabelNames("Triage/")


def write(ref: MessageRef, *after: str) -> Entry:
    return Entry(1, "run", LabelChange(ref, add=frozenset(after)), "f", frozenset(after), Status.CONFIRMED)


def plan(category: Category | None, *present: str, writes: Sequence[Entry] = ()) -> LabelChange:
    return plan_labels(make_ref(), make_verdict(category), present, writes, NAMES)


def test_a_lead_gets_its_label() -> None:
    assert plan(Category.RECRUITER).add == {"Triage/Recruiter"}


def test_other_gets_nothing() -> None:
    assert not plan(Category.OTHER)


def test_an_abstention_is_labelled_unsure() -> None:
    assert plan(None).add == {"Triage/Unsure"}


def test_a_label_that_is_there_is_not_written_again_whatever_its_case() -> None:
    assert not plan(Category.SCAM, "triage/scam", writes=[write(make_ref(), "Triage/Scam")])


def test_a_new_verdict_replaces_our_own_label() -> None:
    change = plan(Category.SCAM, "Triage/Unsure", "foreign", writes=[write(make_ref(), "Triage/Unsure")])
    assert change == LabelChange(make_ref(), frozenset({"Triage/Scam"}), frozenset({"Triage/Unsure"}))


def test_a_label_the_owner_removed_is_never_put_back() -> None:
    assert not plan(Category.SCAM, writes=[write(make_ref(), "Triage/Scam")])


def test_a_label_the_owner_changed_stays() -> None:
    assert not plan(Category.SCAM, "Triage/Recruiter", writes=[write(make_ref(), "Triage/Scam")])


def test_a_label_nobody_remembers_writing_stays() -> None:
    assert not plan(Category.SCAM, "Triage/Recruiter")


def test_another_copy_of_the_message_is_labelled_by_itself() -> None:
    assert plan(Category.SCAM, writes=[write(make_ref(uid=9), "Triage/Scam")]).add == {"Triage/Scam"}


def test_after_a_new_uidvalidity_a_removed_label_is_still_not_put_back() -> None:
    assert not plan(Category.SCAM, writes=[write(make_ref(uid=9, uidvalidity=1), "Triage/Scam")])


def test_nothing_written_is_none() -> None:
    assert last_write(make_ref(), []) is None


@given(
    category=st.sampled_from([*Category, None]),
    present=st.sets(st.sampled_from(sorted(NAMES.all | {"foreign", "$Junk"}))),
    was_written=st.booleans(),
)
def test_planning_twice_plans_nothing_more(category: Category | None, present: set[str], *, was_written: bool) -> None:
    writes = [write(make_ref(), *NAMES.ours(present))] if was_written else []
    change = plan(category, *present, writes=writes)
    after = (present | change.add) - change.remove
    if change:
        writes.append(write(make_ref(), *NAMES.ours(after)))
    assert not plan(category, *after, writes=writes)
    assert change.add | change.remove <= NAMES.all
    assert present - NAMES.all <= after
