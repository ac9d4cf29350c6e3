"""The store: what is written is read again, and failures are told."""

import traceback
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, event, update

from tests.builders import make_ref, make_verdict
from triage.errors import StoreError
from triage.records import Category, Cursor, LabelChange, Outcome, State, Uid, UidValidity
from triage.store.records import Intent, PassInfo, Pruned, Relabelling, Retry, Status
from triage.store.schema import journal
from triage.store.store import Store, open_store

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)
SCAM = frozenset({"Triage/Scam"})
PRIVATE = "a word of the server"


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


@pytest.mark.parametrize("hours", [-11, 0, 5.75])
def test_times_come_back_aware_and_in_utc_whatever_their_zone(store: Store, hours: float) -> None:
    moment = datetime(2026, 10, 25, 2, 30, 0, 123456, tzinfo=timezone(timedelta(hours=hours)))
    store.save_cursor("home", "INBOX", Cursor(UidValidity(1), Uid(2), Uid(0), moment))
    store.save_pass(PassInfo("home", moment))
    store.save_retry(Retry(make_ref(), State.UNJUDGED, "no body", 1, moment, moment))
    store.save_relabelling(Relabelling(make_ref(), "f" * 32, SCAM, frozenset(), moment))
    cursor = store.load_cursor("home", "INBOX")
    assert cursor is not None
    (info,), (retry,), (seen,) = store.list_passes(), store.list_retries("home"), store.list_relabellings("home")
    found = [cursor.began_at, info.finished_at, info.succeeded_at, retry.first_at, retry.next_at, seen.seen_at]
    assert found == [moment] * 6
    assert {one.tzinfo for one in found if one} == {UTC}
    assert store.take_lease("pass", "first", moment, moment + timedelta(seconds=1)) is None
    assert store.take_lease("pass", "second", moment.astimezone(UTC), moment) == "first"


def test_runs_tell_their_times_in_utc(store: Store) -> None:
    before = datetime.now(UTC)
    run_id = store.begin_run("test")
    store.intend(run_id, [Intent(LabelChange(make_ref(), SCAM), "f" * 32, SCAM)])
    store.mark_run_undone(run_id)
    (info,) = store.list_runs()
    assert info.undone_at is not None
    assert before <= info.started_at <= info.undone_at <= datetime.now(UTC)
    assert (info.started_at.tzinfo, info.undone_at.tzinfo) == (UTC, UTC)


def test_a_time_without_a_zone_is_refused(store: Store) -> None:
    with pytest.raises(StoreError, match="StatementError") as caught:
        store.save_pass(PassInfo("home", NOW.replace(tzinfo=None), problem=PRIVATE))
    assert store.list_passes() == []
    # What was to be stored is not shown, not even by the causes.
    assert PRIVATE not in "".join(traceback.format_exception(caught.value))


words = st.text(
    st.characters(codec=None, categories=None) | st.sampled_from("\0\ud800\udfff\U0010d800\U0010ffff"), max_size=50
)


@given(folder=words, reason=words)
@example(folder="\U0010ffff\U0010d800", reason="\0\U0010ffff\U00100000")
@example(folder="Entw\udcfcrfe", reason="a server's NUL \0 and \ud800")
@example(folder="\U0001f4bc % ? :x ' \" \\", reason="")
@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)  # the store is meant to grow
def test_names_come_back_whatever_they_are_made_of(store: Store, folder: str, reason: str) -> None:
    ref = replace(make_ref(), folder=folder)
    store.save_retry(Retry(ref, State.UNJUDGED, reason, 1, NOW, NOW))
    (found,) = store.list_retries("home", folder)
    assert (found.ref, found.reason) == (ref, reason)
    (entry,) = store.intend("run", [Intent(LabelChange(replace(ref, key=folder), SCAM), "f" * 32, SCAM)])
    assert store.pending("home", folder) == [entry]
    store.mark([entry], Status.FAILED)
    store.forget_retries([ref])


def test_what_two_processes_remember_at_once_is_remembered(store_url: str) -> None:
    marks = [f"{number:032}" for number in range(300)]
    ref = make_ref()

    def work(number: int) -> None:
        store = open_store(store_url)
        for _ in range(5):
            order = marks if number % 2 else marks[::-1]
            outcome = Outcome(ref, None, State.UNJUDGED, None, LabelChange(ref), applied=False, error=None)
            store.save_judgements(dict.fromkeys(order, outcome))
            store.save_cursor("home", "INBOX", Cursor(UidValidity(1), Uid(number), Uid(0), NOW))
            store.save_pass(PassInfo("home", NOW))
            store.save_retry(Retry(ref, State.UNJUDGED, "no body", 1, NOW, NOW))
        store.close()

    open_store(store_url).close()
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(4)))
    store = open_store(store_url)
    assert store.count_judgements("home") == {State.UNJUDGED: 300}
    assert (len(store.list_passes()), len(store.list_retries("home"))) == (1, 1)
    store.close()


def test_only_what_is_still_ours_is_renewed(store: Store) -> None:
    soon, later = NOW + timedelta(seconds=30), NOW + timedelta(seconds=90)
    for name in ("daemon:home", "daemon:work"):
        assert store.take_lease(name, "first", NOW, soon) is None
    assert store.take_lease("daemon:work", "second", soon, later) is None
    assert store.renew_leases(["daemon:home", "daemon:work", "daemon:gone"], "first", later) == {"daemon:home"}
    assert store.renew_leases([], "first", later) == frozenset()
    assert store.lease_holder("daemon:home", soon) == "first"
    assert store.lease_holder("daemon:work", soon) == "second"
    assert store.lease_holder("daemon:home", later) is None


def test_the_clock_of_leases_is_aware_and_right(store: Store) -> None:
    assert abs(store.read_clock() - datetime.now(UTC)) < timedelta(seconds=30)


def test_a_lease_wanted_at_once_goes_to_one(store_url: str) -> None:
    open_store(store_url).close()
    start = Barrier(4)

    def work(number: int) -> str | None:
        store = open_store(store_url)
        start.wait()
        holder = store.take_lease("daemon:home", str(number), NOW, NOW + timedelta(seconds=60))
        store.close()
        return holder

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(work, range(4))).count(None) == 1


def test_pruning_keeps_all_by_which_the_owners_word_is_final(store: Store) -> None:
    kept = store.begin_run("kept")
    intents = [Intent(LabelChange(replace(make_ref(), uid=Uid(uid)), SCAM), "f" * 32, SCAM) for uid in range(1, 6)]
    confirmed, undone, failed, _, failed_of_another = store.intend(kept, intents)
    store.mark([confirmed], Status.CONFIRMED)
    store.mark([undone], Status.UNDONE)
    store.mark([failed, failed_of_another], Status.FAILED)
    empty, failing = store.begin_run("empty"), store.begin_run("failing")
    with store._writing() as connection:
        moved = update(journal).where(journal.c.entry_id == failed_of_another.entry_id)
        connection.execute(moved.values(run_id=failing))
    outcome = Outcome(make_ref(), None, State.UNSURE, None, LabelChange(make_ref()), applied=False, error=None)
    store.save_judgements({"f" * 32: outcome})
    store.save_relabelling(Relabelling(make_ref(), "f" * 32, SCAM, frozenset(), NOW))
    remembered = store.written("home", ["f" * 32]), store.pending("home", "INBOX"), store.list_relabellings("home")

    now = datetime.now(UTC)
    assert store.prune(now - timedelta(days=1)) == Pruned(0, 0, 0)
    assert store.prune(now + timedelta(days=1)) == Pruned(runs=2, writes=2, judgements=0)
    assert [store.has_run(one) for one in (kept, empty, failing)] == [True, False, False]
    assert store.count_judgements("home") == {State.UNSURE: 1}
    assert store.prune(now + timedelta(days=729)) == Pruned(0, 0, 0)
    assert store.prune(now + timedelta(days=731)) == Pruned(0, 0, judgements=1)
    assert remembered == (
        store.written("home", ["f" * 32]),
        store.pending("home", "INBOX"),
        store.list_relabellings("home"),
    )


def test_no_question_of_a_pass_reads_a_whole_table(tmp_path: Path) -> None:
    store = open_store(f"sqlite:///{tmp_path / 'store.sqlite3'}")
    plans: dict[str, str] = {}

    def explain(connection: Connection, _cursor: object, statement: str, parameters: Any, *_rest: object) -> None:
        if statement.startswith(("SELECT", "DELETE", "UPDATE")):
            driver = connection.connection.dbapi_connection
            assert driver is not None
            rows = driver.cursor().execute(f"EXPLAIN QUERY PLAN {statement}", parameters).fetchall()
            plans[statement] = " ".join(row[3] for row in rows)

    event.listen(store._engine, "before_cursor_execute", explain)
    ref = make_ref()
    (entry,) = store.intend("run", [Intent(LabelChange(ref, SCAM), "f" * 32, SCAM)])
    store.mark([entry], Status.CONFIRMED)
    store.written("home", ["f" * 32])
    store.labelled("home", "INBOX", ref.uidvalidity, [ref])
    store.labelled("home", "INBOX", ref.uidvalidity, 500)
    store.pending("home", "INBOX")
    store.load_cursor("home", "INBOX")
    store.list_retries("home", "INBOX")
    store.forget_retries([ref])
    store.entries_of_run("run")
    store.close()
    assert len(plans) == 9
    assert [statement for statement, plan in plans.items() if "SCAN" in plan] == []
    (newest,) = [plan for statement, plan in plans.items() if "LIMIT" in statement]
    assert newest == "SEARCH journal USING INDEX journal_by_age (account=? AND folder=? AND uidvalidity=?)"
