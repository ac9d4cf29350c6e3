"""The store: what is written is read again, and failures are told."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import create_engine, update

from tests.builders import make_ref, make_verdict
from triage.errors import StoreError
from triage.records import Category, Cursor, LabelChange, Outcome, State, Uid, UidValidity
from triage.store.records import Intent, PassInfo, Relabelling, Retry, Status
from triage.store.schema import SCHEMA_VERSION, versions
from triage.store.store import Store, open_store

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)
SCAM = frozenset({"Triage/Scam"})


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = open_store(f"sqlite:///{tmp_path / 'folder' / 'store.sqlite3'}")
    yield store
    store.close()


def test_the_file_is_for_its_owner_alone(store: Store, tmp_path: Path) -> None:
    del store
    assert (tmp_path / "folder" / "store.sqlite3").stat().st_mode & 0o077 == 0


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


def test_reopening_keeps_everything(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 's.sqlite3'}"
    for _ in range(2):
        store = open_store(url)
        store.save_cursor("home", "INBOX", Cursor(UidValidity(1), Uid(2), Uid(0), NOW))
        store.close()
    store = open_store(url)
    assert store.load_cursor("home", "INBOX") is not None
    store.close()


def test_a_store_of_a_later_version_is_refused(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 's.sqlite3'}"
    open_store(url).close()
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(update(versions).values(version=SCHEMA_VERSION + 1))
    engine.dispose()
    with pytest.raises(StoreError, match="later version"):
        open_store(url)


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("nonsense", "not a database URL"),
        ("foo://x", "not a database URL"),
        ("sqlite:////proc/nowhere/s.db", "cannot be written"),
    ],
)
def test_a_store_that_cannot_be_opened_is_told(url: str, words: str) -> None:
    with pytest.raises(StoreError, match=words):
        open_store(url)


def test_a_file_that_is_no_database_is_told(tmp_path: Path) -> None:
    path = tmp_path / "s.sqlite3"
    path.write_bytes(b"this is no database at all" * 100)
    with pytest.raises(StoreError, match="check the disk"):
        open_store(f"sqlite:///{path}")
