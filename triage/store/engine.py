"""From a URL to an engine: which databases there are, and how each is set up."""

import errno
import os
import sqlite3
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, Table, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from triage.errors import StoreError
from triage.store.errors import PRIMARY, file_error, translate

_UNKNOWN = "store.url is not a database URL this program knows; use sqlite:///FILE or postgresql://USER@HOST/DATABASE"
_WRITING = "triage_writing"

# What a URL may set in another way. A server that is switched off is noticed within a minute.
_POSTGRES_DEFAULTS = {
    "application_name": "triage",
    "connect_timeout": "10",
    "keepalives_idle": "30",
    "keepalives_interval": "10",
    "keepalives_count": "3",
    "tcp_user_timeout": "30000",
}
_SECRETS = ("password", "sslpassword")


def make_engine(url: str, patience: timedelta) -> Engine:
    """Return an engine; an SQLite file is made for its owner alone where it is missing.

    Args:
        patience: how long to wait for a lock that another process holds.

    Raises:
        StoreError: the URL is not one of a database, or the file cannot be written.
    """
    parsed = _parse_url(url)
    if parsed.get_backend_name() == "sqlite":
        return _make_sqlite_engine(parsed, patience)
    return _make_postgres_engine(parsed, patience)


def sqlite_file(url: str) -> Path | None:
    """Return the file of an SQLite store; None for one in memory or on PostgreSQL.

    Raises:
        StoreError: the URL is not one of a database.
    """
    parsed = _parse_url(url)
    return _path(parsed) if parsed.get_backend_name() == "sqlite" else None


def _path(url: URL) -> Path | None:
    if url.database in {None, "", ":memory:"}:
        return None
    try:
        return Path(str(url.database)).expanduser()
    except RuntimeError as error:
        message = "store.url: there is no home folder for ~; write the path out"
        raise StoreError(message) from error


def _parse_url(url: str) -> URL:
    """Return the URL with the driver named; errors never repeat it, for it may hold a password."""
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):  # the latter where a password without @ is read as a port
        raise StoreError(_UNKNOWN) from None
    if "@" in (parsed.host or ""):
        message = "store.url: write an @ within the password as %40"
        raise StoreError(message)
    match parsed.drivername:
        case "sqlite" | "sqlite+pysqlite" if not (parsed.host or str(parsed.database).startswith("file:")):
            return parsed
        case "postgres" | "postgresql" | "postgresql+psycopg":
            return parsed.set(drivername="postgresql+psycopg")
        case _:
            raise StoreError(_UNKNOWN)


def _make_sqlite_engine(url: URL, patience: timedelta) -> Engine:
    path = _path(url)
    if path is not None:
        _make_private_file(path)
        url = url.set(database=str(path))
    # What is stored stays out of errors, and so of tracebacks.
    engine = create_engine(url, connect_args={"timeout": patience.total_seconds()}, hide_parameters=True)
    event.listen(engine, "connect", partial(_prepare_sqlite, patience=patience))
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _make_private_file(path: Path) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        # Only what is not there yet: to close a file drops every lock that this process has on it, those
        # of its open connections too (https://sqlite.org/howtocorrupt.html, section 2.2), and another
        # process that ends would then take the write-ahead log away from under them.
        if path.exists() and not os.access(path, os.W_OK, effective_ids=os.access in os.supports_effective_ids):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))  # SQLite would open it for reading alone
        with suppress(FileExistsError):
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    except OSError as error:
        raise file_error(path, error) from error


def _prepare_sqlite(connection: Any, _record: object, *, patience: timedelta) -> None:  # noqa: ANN401  the driver's own
    # The driver begins no transaction of its own: `_begin_sqlite` does.
    connection.isolation_level = None
    cursor = connection.cursor()
    _keep_log_ahead(cursor, time.monotonic() + patience.total_seconds())
    # NORMAL would lose the last transactions on a power failure: an intent or a confirmation that
    # is gone means a label written twice, or put back after its owner removed it.
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.close()


def _keep_log_ahead(cursor: sqlite3.Cursor, deadline: float) -> None:
    """Switch to a write-ahead log, where readers and the one writer do not wait for each other.

    SQLite waits for no lock here: of processes that open a new file at once, all but one would fail.
    """
    while True:
        try:
            cursor.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & PRIMARY != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(0.01)
        else:
            return


def _begin_sqlite(connection: Connection) -> None:
    # A transaction that reads first and writes later fails at once, without waiting, if another
    # process wrote in between (https://sqlite.org/isolation.html): who will write says so first.
    is_writing = connection.get_execution_options().get(_WRITING, True)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if is_writing else "BEGIN")


def _make_postgres_engine(url: URL, patience: timedelta) -> Engine:
    locks = {"options": f"-c lock_timeout={int(patience.total_seconds() * 1000)}"}
    # SQLAlchemy hides the password of a URL, not those among its parameters.
    secrets = {name: url.query[name] for name in _SECRETS if name in url.query}
    query = _POSTGRES_DEFAULTS | locks | {name: value for name, value in url.query.items() if name not in secrets}
    try:
        return create_engine(url.set(query=query), connect_args=secrets, pool_pre_ping=True, hide_parameters=True)
    except ImportError as error:
        message = "PostgreSQL needs psycopg: pip install '.[postgres]' in a checkout of triage, or set store.url"
        raise StoreError(message) from error


@contextmanager
def transaction(engine: Engine, *, writing: bool = True) -> Iterator[Connection]:
    """Open a transaction that is committed at the end, and rolled back on any error.

    Raises:
        TransientStoreError: it failed for now.
        StoreError: it failed, and will fail again.
    """
    try:
        with engine.connect() as connection:
            connection.execution_options(**{_WRITING: writing})
            with connection.begin():
                yield connection
    except SQLAlchemyError as error:
        raise translate(error) from error


def put(connection: Connection, table: Table, rows: Sequence[Mapping[str, object]]) -> None:
    """Insert rows in place of those with the same key.

    One statement: with DELETE and INSERT two processes that remember the same message at
    once would stumble over each other's row on PostgreSQL.
    """
    if connection.dialect.name == "postgresql":
        from sqlalchemy.dialects.postgresql import insert  # noqa: PLC0415  4 MB that SQLite does not need
    else:
        from sqlalchemy.dialects.sqlite import insert  # type: ignore[assignment]  # noqa: PLC0415  the same by another name
    key = [column.name for column in table.primary_key]
    statement = insert(table)
    others = {column.name: statement.excluded[column.name] for column in table.c if column.name not in key}
    # In the order of the key, so that two processes never wait for each other in a circle.
    ordered = sorted(rows, key=lambda row: tuple(str(row[name]) for name in key))
    if others:
        statement = statement.on_conflict_do_update(index_elements=key, set_=others)
    else:  # a table that is all key: what is there says the same
        statement = statement.on_conflict_do_nothing(index_elements=key)
    connection.execute(statement, ordered)
