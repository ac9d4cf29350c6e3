"""What the owner said, in whatever way: the last word on each message."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triage.learn.examples import Evidence, digest_of, resolve, told_by_labels
from triage.records import Category, MessageRef, Uid, UidValidity
from triage.store.evidence import Correction, Origin, Sighting
from triage.store.records import Relabelling

START = datetime(2026, 5, 1, tzinfo=UTC)
LABELS = {"Triage/Recruiter": Category.RECRUITER, "Triage/Referral": Category.REFERRAL, "Triage/Scam": Category.SCAM}
FOLDERS = {("home", "Leads"): Category.RECRUITER, ("home", "Fakes"): Category.SCAM}


def ref(folder: str, uid: int = 1) -> MessageRef:
    return MessageRef("home", folder, UidValidity(1), Uid(uid))


def at(hours: int) -> datetime:
    return START + timedelta(hours=hours)


def seen(folder: str, hours: int, *, is_ours: bool = False, mark: str = "a") -> Sighting:
    return Sighting(ref(folder), mark, is_ours, at(hours))


def relabelled(was: set[str], now: set[str], hours: int, mark: str = "a") -> Relabelling:
    return Relabelling(ref("INBOX"), mark, frozenset(was), frozenset(now), at(hours))


def corrected(category: Category | None, hours: int, mark: str = "a") -> Correction:
    origin = Origin.CORRECT if category else Origin.UNLEARN
    return Correction(ref("INBOX"), mark, category, origin, at(hours))


def evidence(*words: Sighting | Relabelling | Correction) -> Evidence:
    return Evidence(
        FOLDERS,
        LABELS,
        [one for one in words if isinstance(one, Sighting)],
        [one for one in words if isinstance(one, Relabelling)],
        [one for one in words if isinstance(one, Correction)],
    )


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ([seen("Leads", 1)], Category.RECRUITER),
        ([seen("Leads", 1), seen("Fakes", 2)], Category.SCAM),
        ([seen("Fakes", 1), relabelled({"Triage/Scam"}, {"Triage/Referral"}, 2)], Category.REFERRAL),
        ([relabelled({"Triage/Scam"}, set(), 1)], Category.OTHER),
        ([relabelled(set(), {"Triage/Recruiter"}, 1), corrected(Category.OTHER, 2)], Category.OTHER),
        ([corrected(Category.OTHER, 1), seen("Leads", 2)], Category.RECRUITER),
        ([corrected(None, 1), seen("Leads", 2)], Category.RECRUITER),
    ],
)
def test_the_last_word_wins(words: list[Sighting | Relabelling | Correction], expected: Category) -> None:
    (example,) = resolve(evidence(*words)).examples
    assert example.category is expected


@pytest.mark.parametrize(
    "words",
    [
        [seen("Archive", 1)],
        [seen("Leads", 1, is_ours=True)],
        [relabelled({"Triage/Recruiter"}, {"Triage/Recruiter", "Triage/Unsure"}, 1)],
        [relabelled(set(), {"Triage/Recruiter", "Triage/Scam"}, 1)],
        [seen("Leads", 1), corrected(None, 2)],
    ],
)
def test_what_says_nothing_is_no_example(words: list[Sighting | Relabelling | Correction]) -> None:
    assert resolve(evidence(*words)).examples == ()


def test_two_folders_at_the_same_time_are_a_conflict() -> None:
    found = resolve(evidence(seen("Leads", 1), seen("Fakes", 1)))
    assert found.examples == ()
    assert {category for _, category in found.conflicts[0].places} == {Category.RECRUITER, Category.SCAM}


def test_what_was_said_before_is_remembered() -> None:
    (example,) = resolve(evidence(seen("Leads", 1), corrected(Category.OTHER, 2), seen("Fakes", 3))).examples
    assert example.before == (Category.RECRUITER, Category.OTHER)


@given(st.frozensets(st.sampled_from(sorted([*LABELS, "Triage/Unsure", "holiday"]))))
def test_no_change_of_labels_says_nothing(labels: frozenset[str]) -> None:
    assert told_by_labels(labels, labels, LABELS) is None


words_of_owner = st.lists(
    st.one_of(
        st.builds(
            seen,
            st.sampled_from(["Leads", "Fakes", "Archive"]),
            st.integers(0, 5),
            is_ours=st.booleans(),
            mark=st.sampled_from("abc"),
        ),
        st.builds(corrected, st.sampled_from([*Category, None]), st.integers(0, 5), mark=st.sampled_from("abc")),
    ),
    max_size=12,
)


@given(words_of_owner)
def test_each_message_is_an_example_a_conflict_or_taken_back_once(words: list[Sighting | Correction]) -> None:
    found = resolve(evidence(*words))
    marks = [one.fingerprint for one in found.examples] + [one.fingerprint for one in found.conflicts]
    marks += found.unlearnt
    assert len(marks) == len(set(marks))
    assert digest_of(found.examples) == digest_of(found.examples[::-1])
