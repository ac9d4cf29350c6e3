"""What befalls a store: it is told in words, nothing is written by half, and afterwards it works again."""

import os
import pwd
import resource
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path
from threading import Timer
from typing import Any

import psycopg
import pytest
from sqlalchemy import event

from tests.builders import make_ref, make_verdict
from tests.contract.first_store import NOW, make_first_store
from tests.contract.test_store_upgrade import read_all
from tests.servers.postgres import Postgres
from tests.servers.process import HOST
from tests.servers.proxy import FaultProxy
from triage.errors import StoreError, TransientStoreError
from triage.records import Category, Cursor, LabelChange, Outcome, State, Uid, UidValidity
from triage.store.engine import sqlite_file
from triage.store.records import Intent, Status
from triage.store.store import Store, open_store

SCAM = frozenset({"Triage/Scam"})
SHORT = timedelta(seconds=0.3)


def make_outcomes(count: int) -> dict[str, Outcome]:
    verdict = make_verdict(Category.SCAM)
    outcome = Outcome(make_ref(), None, State.JUDGED, verdict, LabelChange(make_ref()), applied=False, error=None)
    return {f"{number:032}": outcome for number in range(count)}


def intend(store: Store, count: int = 1) -> None:
    store.intend("run", [Intent(LabelChange(make_ref(), SCAM), "f" * 32, SCAM)] * count)


def save_cursor(store: Store, last: int) -> None:
    store.save_cursor("home", "INBOX", Cursor(UidValidity(1), Uid(last), Uid(0), NOW))


def last_uid(store: Store) -> int | None:
    cursor = store.load_cursor("home", "INBOX")
    return cursor.last_uid if cursor else None


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "store.sqlite3"


# -- a file


def test_file_and_folder_are_for_their_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "store.sqlite3"
    store = open_store(f"sqlite:///{path}")
    save_cursor(store, 1)
    assert {one.stat().st_mode & 0o077 for one in [path.parent, *path.parent.iterdir()]} == {0}
    assert len(list(path.parent.iterdir())) == 3  # the log and its index as well
    store.close()


def test_a_path_may_begin_at_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    open_store("sqlite:///~/state/store.sqlite3").close()
    assert (tmp_path / "state" / "store.sqlite3").exists()
    assert sqlite_file("sqlite:///~/x") == tmp_path / "x"
    assert sqlite_file("sqlite://") is sqlite_file("postgresql://u@h/d") is None
    with pytest.raises(StoreError, match="no home folder"):
        sqlite_file("sqlite:///~nobody-of-this-name/x")


def test_nothing_is_forgotten_on_a_power_failure(path: Path) -> None:
    store = open_store(f"sqlite:///{path}")
    with store._reading() as connection:
        found = [connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in ("synchronous", "journal_mode")]
    assert found == [2, "wal"]  # 2 is FULL
    store.close()


def test_a_store_opened_again_keeps_its_log_when_another_process_ends(path: Path) -> None:
    """As when a daemon reloads and a training beside it ends: POSIX drops a process's locks when it closes a file."""
    url = f"sqlite:///{path}"
    look = [
        sys.executable,
        "-c",
        f"from triage.store.store import open_store; s = open_store({url!r}); s.has_run('x'); s.close()",
    ]
    with closing(open_store(url)) as first:
        first.begin_run("first")
        open_store(url).close()
        subprocess.run(look, check=True)
        run = first.begin_run("second")
        with closing(open_store(url)) as again:
            assert again.has_run(run)
        assert path.with_name(f"{path.name}-wal").exists()


def test_a_full_disk_is_told_and_nothing_is_written_by_half(path: Path) -> None:
    store = open_store(f"sqlite:///{path}")
    save_cursor(store, 1)
    store.save_judgements(make_outcomes(10))

    def fill_the_disk(connection: sqlite3.Connection, _record: object) -> None:
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
        connection.execute(f"PRAGMA max_page_count = {pages + 2}")

    event.listen(store._engine, "connect", fill_the_disk)
    store._engine.dispose()
    with pytest.raises(TransientStoreError, match="disk is full; free some space"):
        store.save_judgements(make_outcomes(5000))
    with pytest.raises(TransientStoreError, match="disk is full"):
        intend(store, 5000)
    assert (store.count_judgements("home"), store.pending("home", "INBOX")) == ({State.JUDGED: 10}, [])
    save_cursor(store, 2)  # there is room for it
    event.remove(store._engine, "connect", fill_the_disk)
    store._engine.dispose()
    store.save_judgements(make_outcomes(5000))
    assert (store.count_judgements("home"), last_uid(store)) == ({State.JUDGED: 5000}, 2)
    store.close()


@contextmanager
def files_limited_to(size: int) -> Iterator[None]:
    """Let writes fail beyond a size of a file, as on a quota."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_write_that_the_system_cuts_off_leaves_nothing_by_half(path: Path) -> None:
    store = open_store(f"sqlite:///{path}")
    save_cursor(store, 1)
    size = path.with_name(f"{path.name}-wal").stat().st_size
    with files_limited_to(size + 10_000):
        with pytest.raises(TransientStoreError, match="takes no more; free some space"):
            intend(store, 5000)
        assert store.pending("home", "INBOX") == []
    intend(store, 3)
    assert (len(store.pending("home", "INBOX")), last_uid(store)) == (3, 1)
    store.close()
    assert sqlite3.connect(path).execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def test_an_upgrade_without_room_leaves_the_store_as_it_was(path: Path) -> None:
    url = f"sqlite:///{path}"
    make_first_store(url)
    before = read_all(url)
    reasons = []
    for room in range(4096, 400_000, 8192):
        try:
            with files_limited_to(room):
                open_store(url).close()
                break
        except TransientStoreError as error:
            reasons.append(str(error))
        assert read_all(url) == before
        assert not list(path.parent.glob("*.part*"))
    assert len(reasons) > 5  # for the index of the log, for the copy, and for the upgrade itself
    assert all("free some space" in reason for reason in reasons)
    assert read_all(url) != before


@pytest.fixture
def folder_of_nobody() -> Iterator[Path]:
    """A folder where modes count: root steps down to nobody."""
    folder = Path(tempfile.mkdtemp(prefix="store."))
    if os.geteuid() != 0:
        yield folder
    else:
        user = pwd.getpwnam("nobody").pw_uid
        os.chown(folder, user, -1)
        os.seteuid(user)
        try:
            yield folder
        finally:
            os.seteuid(0)
    folder.chmod(0o700)
    shutil.rmtree(folder)


@pytest.mark.parametrize("age", ["today", "older"])
def test_a_file_or_folder_that_cannot_be_written_is_told(folder_of_nobody: Path, age: str) -> None:
    path = folder_of_nobody / "store.sqlite3"
    url = f"sqlite:///{path}"
    if age == "older":
        make_first_store(url)
    else:
        open_store(url).close()
    path.chmod(0o400)
    with pytest.raises(StoreError, match=r"cannot be written: Permission denied; check the folder or set store.url"):
        open_store(url)
    path.chmod(0o600)
    folder_of_nobody.chmod(0o500)
    with pytest.raises(StoreError, match=r"cannot be written[;:]") as caught:
        open_store(url)
    assert not isinstance(caught.value, TransientStoreError)
    folder_of_nobody.chmod(0o700)
    open_store(url).close()


def test_a_file_that_is_no_database_is_told_and_left_alone(path: Path) -> None:
    content = b"this is no database at all" * 100
    path.write_bytes(content)
    with pytest.raises(StoreError, match=r"damaged or no store; put back a copy of it") as caught:
        open_store(f"sqlite:///{path}")
    assert not isinstance(caught.value, TransientStoreError)
    assert path.read_bytes() == content


def test_a_damaged_file_is_told(path: Path) -> None:
    store = open_store(f"sqlite:///{path}")
    store.save_judgements(make_outcomes(2000))
    store.close()
    with path.open("r+b") as file:
        file.seek(4096 * 20)
        file.write(b"\xff" * 4096 * 20)
    with pytest.raises(StoreError, match="damaged") as caught, closing(open_store(f"sqlite:///{path}")) as store:
        store.count_judgements("home")
        store.save_judgements(make_outcomes(2000))
    assert not isinstance(caught.value, TransientStoreError)


HOLDER = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN IMMEDIATE")
print("held", flush=True)
sys.stdin.read()
"""


@contextmanager
def held_by_another_process(path: Path) -> Iterator[None]:
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"held\n"
        yield
        process.communicate(b"")


def test_a_lock_of_another_process_is_told_after_some_patience(path: Path) -> None:
    url = f"sqlite:///{path}"
    store = open_store(url, patience=SHORT)
    save_cursor(store, 1)
    with held_by_another_process(path):
        with pytest.raises(TransientStoreError, match="another process keeps it locked; end that process"):
            save_cursor(store, 2)
        assert last_uid(store) == 1  # who only reads does not wait
        open_store(url, patience=SHORT).close()
    save_cursor(store, 3)
    assert last_uid(store) == 3
    store.close()


def test_a_new_file_that_another_process_is_about_to_fill_is_waited_for(path: Path) -> None:
    with closing(sqlite3.connect(path, check_same_thread=False, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(TransientStoreError, match="another process keeps it locked"):
            open_store(f"sqlite:///{path}", patience=SHORT)
        Timer(SHORT.total_seconds(), other.rollback).start()
        open_store(f"sqlite:///{path}").close()


def test_an_upgrade_waits_for_the_lock_and_gives_up_with_words(path: Path) -> None:
    url = f"sqlite:///{path}"
    make_first_store(url)
    before = read_all(url)
    with held_by_another_process(path), pytest.raises(TransientStoreError, match="another process keeps it locked"):
        open_store(url, patience=SHORT)
    assert read_all(url) == before
    assert [one.name for one in path.parent.iterdir()] == [path.name]


# -- PostgreSQL


@pytest.mark.server
def test_a_server_that_goes_is_told_and_used_again_when_it_is_back(postgres: Postgres) -> None:
    store = open_store(postgres.url(postgres.new_database()))
    save_cursor(store, 1)
    postgres.crash()
    try:
        for _ in range(2):
            with pytest.raises(TransientStoreError, match=r"PostgreSQL.*check that it runs, and store.url") as caught:
                save_cursor(store, 2)
            assert postgres.password not in told(caught.value)
    finally:
        postgres.start()
    assert last_uid(store) == 1
    save_cursor(store, 3)
    assert last_uid(store) == 3
    store.close()


@pytest.mark.server
def test_a_server_that_was_away_unnoticed_is_not_missed(postgres: Postgres) -> None:
    store = open_store(postgres.url(postgres.new_database()))
    save_cursor(store, 1)
    postgres.crash()
    postgres.start()
    assert last_uid(store) == 1
    store.close()


@pytest.mark.server
@pytest.mark.parametrize("at", [b"INSERT INTO journal", b"COMMIT"])
def test_a_connection_cut_within_a_transaction_leaves_nothing_by_half(postgres: Postgres, at: bytes) -> None:
    database = postgres.new_database()
    with FaultProxy(postgres.port) as proxy:
        store = open_store(postgres.url(database, port=proxy.port) + "?sslmode=disable")
        save_cursor(store, 1)

        def cut(chunk: bytes) -> bytes:
            if at not in chunk:
                return chunk
            proxy.drop()
            return b""

        proxy.on_client = cut
        with pytest.raises(TransientStoreError, match="PostgreSQL"):
            intend(store, 10)
        proxy.on_client = None
        assert (store.pending("home", "INBOX"), last_uid(store)) == ([], 1)
        intend(store, 2)
        assert len(store.pending("home", "INBOX")) == 2
        store.close()


@pytest.mark.server
def test_a_lock_of_another_session_is_told_after_some_patience(postgres: Postgres) -> None:
    url = postgres.url(postgres.new_database())
    store = open_store(url, patience=SHORT)
    with psycopg.connect(url.replace("+psycopg", "")) as other:
        other.execute("LOCK TABLE journal, cursors")
        with pytest.raises(TransientStoreError, match="another session keeps it locked"):
            intend(store)
    intend(store)
    store.close()


@pytest.mark.server
def test_a_database_that_may_only_be_read_is_told(postgres: Postgres) -> None:
    url = postgres.url(postgres.new_database())
    open_store(url).close()
    store = open_store(f"{url}?options=-c%20default_transaction_read_only%3Don")
    with pytest.raises(StoreError, match="read-only") as caught:
        intend(store)
    assert not isinstance(caught.value, TransientStoreError)
    store.close()


# -- URLs


def told(error: BaseException) -> str:
    """Return all that is shown of an error: its text, its repr and the traceback with its causes."""
    return "\n".join([str(error), repr(error), *traceback.format_exception(error)])


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("nonsense", "not a database URL"),
        ("foo://x", "not a database URL"),
        ("mysql://triage:s3cret-word@db/triage", "not a database URL"),
        ("postgresql+psycopg2://triage:s3cret-word@db/triage", "not a database URL"),
        ("postgresql:/triage:s3cret-word@db/triage", "not a database URL"),
        ("postgresql://triage:s3cret-word/triage", "not a database URL"),  # the @ forgotten: read as a port
        ("postgresql://triage:abc@s3cret-word@db/triage", "write an @ within the password as %40"),
        ("sqlite://relative.sqlite3", "not a database URL"),
        ("sqlite:///file:x?uri=true", "not a database URL"),
        ("sqlite:////proc/nowhere/s.db", "cannot be written"),
        ("sqlite:////dev/null/s.db", "cannot be written"),
        ("sqlite:////tmp", "cannot be written"),
    ],
)
def test_a_url_that_cannot_be_used_is_told_and_never_shown(url: str, words: str) -> None:
    with pytest.raises(StoreError, match=words) as caught:
        open_store(url)
    assert "s3cret-word" not in told(caught.value)


@pytest.mark.server
@pytest.mark.parametrize(
    "url",
    [
        "postgresql://{user}:wr0ng-word@{host}:{port}/postgres",
        "postgresql://{user}@{host}:{port}/postgres?password=wr0ng-word",
        "postgres://{user}:{password}@{host}:{port}/missing",
        "postgresql://{user}:{password}@{host}:1/postgres",
        "postgresql://{user}:{password}@nowhere.invalid/postgres",
    ],
)
def test_a_password_is_never_shown(postgres: Postgres, url: str) -> None:
    values: dict[str, Any] = {"host": HOST, "user": postgres.user, "password": postgres.password, "port": postgres.port}
    with pytest.raises(TransientStoreError, match="PostgreSQL") as caught:
        open_store(url.format(**values))
    assert postgres.password not in told(caught.value)
    assert "wr0ng-word" not in told(caught.value)


@pytest.mark.server
def test_a_password_among_the_parameters_works_and_is_hidden(postgres: Postgres) -> None:
    database = postgres.new_database()
    store = open_store(f"postgresql://{postgres.user}@{HOST}:{postgres.port}/{database}?password={postgres.password}")
    assert postgres.password not in repr(store) + repr(store._engine) + str(store._engine.url)
    intend(store)
    (entry,) = store.pending("home", "INBOX")
    assert entry.status is Status.INTENDED
    store.close()


def test_without_psycopg_the_way_to_it_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    url = "postgresql://triage:s3cret-word@db/triage"
    with pytest.raises(StoreError, match=r"pip install '\.\[postgres\]' in a checkout") as caught:
        open_store(url)
    assert "s3cret-word" not in told(caught.value)
