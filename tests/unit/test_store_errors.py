"""Errors of SQLAlchemy and the drivers by consequence: none is left unmapped, none quotes what was stored."""

import errno
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import psycopg
import psycopg.errors
import pytest
import sqlalchemy.exc
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from triage.errors import StoreError, TransientStoreError
from triage.store.errors import file_error, translate

SECRET = "hunter2"


def all_classes() -> Iterator[type[SQLAlchemyError]]:
    pending: list[type[SQLAlchemyError]] = [SQLAlchemyError]
    while pending:
        one = pending.pop()
        yield one
        pending.extend(kind for kind in one.__subclasses__() if kind.__module__ == sqlalchemy.exc.__name__)


def make_error(kind: type[SQLAlchemyError], cause: Exception) -> SQLAlchemyError:
    if issubclass(kind, DBAPIError):
        return kind(f"SELECT '{SECRET}'", {"word": SECRET}, cause)
    return kind.__new__(kind, SECRET)


def sqlite_error(code: int) -> sqlite3.Error:
    error = sqlite3.OperationalError(SECRET)
    error.sqlite_errorcode, error.sqlite_errorname = code, "SQLITE_SOMETHING"
    return error


@pytest.mark.parametrize("kind", sorted(set(all_classes()), key=str))
@pytest.mark.parametrize("cause", [sqlite3.Error(SECRET), psycopg.Error(SECRET), RuntimeError(SECRET)])
def test_every_class_of_sqlalchemy_becomes_one_of_ours(kind: type[SQLAlchemyError], cause: Exception) -> None:
    found = translate(make_error(kind, cause))
    passing = kind.__name__ in {"TimeoutError", "DisconnectionError", "InvalidatePoolError"}
    lost = kind.__name__ == "OperationalError" and not isinstance(cause, sqlite3.Error)
    assert isinstance(found, StoreError)
    assert isinstance(found, TransientStoreError) == (passing or lost)
    assert str(found).startswith("the store ")
    assert "; " in str(found)  # what to do next


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("BUSY", "locked"),
        ("BUSY_SNAPSHOT", "locked"),
        ("LOCKED", "locked"),
        ("FULL", "disk is full"),
        ("IOERR_WRITE", "takes no more"),
        ("IOERR_SHMSIZE", "takes no more"),
    ],
)
def test_what_passes_by_itself_on_sqlite(name: str, words: str) -> None:
    found = translate(make_error(DBAPIError, sqlite_error(getattr(sqlite3, f"SQLITE_{name}"))))
    assert isinstance(found, TransientStoreError)
    assert words in str(found)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("READONLY", "owner and mode"),
        ("READONLY_DIRECTORY", "owner and mode"),
        ("CANTOPEN", "owner and mode"),
        ("CORRUPT", "damaged"),
        ("NOTADB", "damaged"),
        ("IOERR_READ", "disk fails"),
        ("CONSTRAINT", "SQLITE_SOMETHING"),
    ],
)
def test_what_a_person_must_mend_on_sqlite(name: str, words: str) -> None:
    found = translate(make_error(DBAPIError, sqlite_error(getattr(sqlite3, f"SQLITE_{name}"))))
    assert not isinstance(found, TransientStoreError)
    assert words in str(found)


@pytest.mark.parametrize("code", sorted({value for name, value in vars(sqlite3).items() if name.startswith("SQLITE_")}))
def test_no_code_of_sqlite_is_left_out(code: int) -> None:
    assert SECRET not in str(translate(make_error(DBAPIError, sqlite_error(code))))


@pytest.mark.parametrize(
    ("state", "passes"),
    [
        ("08006", True),  # connection_failure
        ("40001", True),  # serialization_failure
        ("40P01", True),  # deadlock_detected
        ("53100", True),  # disk_full
        ("53300", True),  # too_many_connections
        ("55P03", True),  # lock_not_available
        ("57P01", True),  # admin_shutdown
        ("57P03", True),  # cannot_connect_now
        ("22001", False),  # string_data_right_truncation
        ("23505", False),  # unique_violation
        ("25006", False),  # read_only_sql_transaction
        ("42501", False),  # insufficient_privilege
        ("42P01", False),  # undefined_table
        ("55000", False),  # object_not_in_prerequisite_state
        ("XX001", False),  # data_corrupted
    ],
)
def test_consequences_on_postgres(state: str, *, passes: bool) -> None:
    found = translate(make_error(sqlalchemy.exc.OperationalError, psycopg.errors.lookup(state)(SECRET)))
    assert isinstance(found, TransientStoreError) == passes
    assert SECRET not in str(found)


@pytest.mark.parametrize(("number", "passes"), [(errno.ENOSPC, True), (errno.EDQUOT, True), (errno.EACCES, False)])
def test_a_file_that_cannot_be_made_is_named(number: int, *, passes: bool) -> None:
    found = file_error(Path("some/file"), OSError(number, "a reason"))
    assert isinstance(found, TransientStoreError) == passes
    assert str(found).startswith("store some/file cannot be written: a reason; ")
