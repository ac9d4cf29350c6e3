"""The store: what is written is read again, and failures are told."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from tests.builders import make_ref, make_verdict
from triage.records import Category, Cursor, LabelChange, Outcome, State, Uid, UidValidity
from triage.store.records import Intent, PassInfo, Relabelling, Retry, Status
from triage.store.store import Store, open_store

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)
SCAM = frozenset({"Triage/Scam"})


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    store = open_store(store_url)
    yield store
    store.close()


def test_a_cursor_is_remembered_and_replaced(store: Store) -> None:
    assert store.load_cursor("home", "INBOX") is None
    first, second = (Cursor(UidValidity(7), Uid(last), Uid(3), NOW) for last in (5, 9))
    store.save_cursor("home", "INBOX", first)
    store.save_cursor("home", "INBOX", second)
    assert store.load_cursor("home", "INBOX") == second
    assert store.load_cursor("home", "Other") is None


def test_the_last_judgement_stands(store: Store) -> None:
    for state, category in ((State.UNJUDGED, None), (State.JUDGED, Category.SCAM)):
        verdict = make_verdict(category) if category else None
        outcome = Outcome(make_ref(), None, state, verdict, LabelChange(make_ref()), applied=False, error=None)
        store.save_judgements({"f" * 32: outcome})
    assert store.count_judgements("home") == {State.JUDGED: 1}
    store.save_judgements({})


def test_the_journal_goes_from_intent_to_confirmation(store: Store) -> None:
    run_id = store.begin_run("test")
    (entry,) = store.intend(run_id, [Intent(LabelChange(make_ref(), SCAM), "f" * 32, SCAM)])
    assert store.pending("home", "INBOX") == [entry]
    assert store.written("home", ["f" * 32]) == {}
    store.mark([entry], Status.CONFIRMED)
    assert store.pending("home", "INBOX") == []
    (found,) = store.written("home", ["f" * 32])["f" * 32]
    assert (found.change, found.after, found.status) == (entry.change, SCAM, Status.CONFIRMED)
    assert [(info.run_id, info.writes) for info in store.list_runs()] == [(run_id, 1)]
    store.mark([entry], Status.UNDONE)
    store.mark_run_undone(run_id)
    assert store.entries_of_run(run_id) == []
    assert store.list_runs()[0].undone_at is not None


def test_passes_are_remembered(store: Store) -> None:
    later = NOW + timedelta(hours=1)
    store.save_pass(PassInfo("home", NOW))
    store.save_pass(PassInfo("home", later, 5, 1, 2, "out of order"))
    assert store.list_passes() == [PassInfo("home", later, 5, 1, 2, "out of order", succeeded_at=NOW)]


def test_what_is_tried_again_is_remembered_until_it_is_forgotten(store: Store) -> None:
    ref = make_ref()
    for attempts in (1, 2):
        store.save_retry(Retry(ref, State.UNJUDGED, "no body", attempts, NOW, NOW + timedelta(minutes=5)))
    assert [(one.ref, one.attempts) for one in store.list_retries("home")] == [(ref, 2)]
    assert store.list_retries("home", "Other") == store.list_retries("work") == []
    store.forget_retries([ref])
    assert store.list_retries("home") == []


def test_the_owners_relabelling_is_remembered(store: Store) -> None:
    seen = Relabelling(make_ref(), "f" * 32, SCAM, frozenset(), NOW)
    store.save_relabelling(seen)
    assert store.list_relabellings("home") == [seen]


def test_a_lease_has_one_holder_until_it_runs_out(store: Store) -> None:
    soon, later = NOW + timedelta(seconds=60), NOW + timedelta(seconds=61)
    assert store.take_lease("daemon:home", "first", NOW, soon) is None
    assert store.take_lease("daemon:home", "second", NOW, soon) == "first"
    assert store.take_lease("daemon:home", "first", NOW, later) is None
    assert store.take_lease("daemon:home", "second", soon, later) == "first"
    assert store.take_lease("daemon:home", "second", later, later + timedelta(seconds=60)) is None
    store.drop_lease("daemon:home", "first")
    assert store.take_lease("daemon:home", "first", later, later) == "second"
    store.drop_lease("daemon:home", "second")
    assert store.take_lease("daemon:home", "first", later, later) is None


def test_reopening_keeps_everything(store_url: str) -> None:
    for _ in range(2):
        store = open_store(store_url)
        store.save_cursor("home", "INBOX", Cursor(UidValidity(1), Uid(2), Uid(0), NOW))
        store.close()
    store = open_store(store_url)
    assert store.load_cursor("home", "INBOX") is not None
    store.close()
