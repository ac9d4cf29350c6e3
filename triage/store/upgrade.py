"""Bring a store to the schema of today, or refuse it: whole or not at all, one process at a time."""

import logging
import os
import sqlite3
from contextlib import closing
from pathlib import Path

from sqlalchemy import Connection, Engine, func, insert, inspect, select

from triage.errors import StoreError
from triage.store.engine import transaction
from triage.store.errors import file_error, translate_sqlite
from triage.store.leads import add_marks
from triage.store.schema import NOT_FOR_FIRST_VERSION, metadata, revisions, versions

log = logging.getLogger(__name__)

REVISIONS = ("0001", "0002", "0003", "0004", "0005", "0006", "0007")
"""Every step of `migrations/versions/`, in order."""

HEAD = REVISIONS[-1]

_SCRIPTS = Path(__file__).parent / "migrations"
# Any number will do, if nobody else takes a lock of that number in the same database.
_LOCK = 7_461_101_983


def bring_up_to_date(engine: Engine) -> None:
    """Make the tables of a new store, or upgrade an older one with its data kept.

    A store of today costs two plain SELECTs: Alembic (25 MB, 0.3 s) is not even imported.

    Raises:
        StoreError: a later version or another program made it, and nothing was touched; or
            the upgrade failed, and the store is as it was.
    """
    with transaction(engine, writing=False) as connection:
        if _find_revision(connection) == HEAD:
            return
    with transaction(engine) as connection:  # BEGIN IMMEDIATE: SQLite lets one process pass
        if connection.dialect.name == "postgresql":
            connection.execute(select(func.pg_advisory_xact_lock(_LOCK)))
        found = _find_revision(connection)  # another process may have been faster
        if found is None:
            _create(connection)
        elif found != HEAD:
            if engine.url.get_backend_name() == "sqlite":
                _keep_copy(Path(engine.url.database or ""))
            _migrate(connection)
            log.info("store upgraded from=%s to=%s", found, HEAD)


def _find_revision(connection: Connection) -> str | None:
    """Return the revision of a store, None if there is none yet."""
    tables = set(inspect(connection).get_table_names())
    if revisions.name in tables:
        found = connection.scalar(select(revisions.c.version_num))
        if found in REVISIONS:
            return str(found)
    elif versions.name in tables:
        found = connection.scalar(select(versions.c.version))
        if found in {None, 1}:  # version 0.1.0 wrote the number last
            return REVISIONS[0]
    elif not tables:
        return None
    else:
        message = "store.url names a database with tables of another program; name one that is for triage alone"
        raise StoreError(message)
    message = f"the store was made by a later version of triage (schema {found}); update triage"
    raise StoreError(message)


def _create(connection: Connection) -> None:
    metadata.create_all(connection)
    connection.execute(insert(versions).values(version=NOT_FOR_FIRST_VERSION))
    revisions.create(connection)
    connection.execute(insert(revisions).values(version_num=HEAD))


def _migrate(connection: Connection) -> None:
    # What it says at INFO, from its import on, is of no use to the owner of a mailbox.
    logging.getLogger("alembic").setLevel(logging.WARNING)
    from alembic import command  # noqa: PLC0415  a store of today needs none of it
    from alembic.config import Config  # noqa: PLC0415
    from alembic.util import CommandError  # noqa: PLC0415

    if not inspect(connection).has_table(revisions.name):  # version 0.1.0 knew no Alembic
        revisions.create(connection)
        connection.execute(insert(revisions).values(version_num=REVISIONS[0]))
    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS).replace("%", "%%"))
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, HEAD)
    except CommandError as error:
        message = f"the store cannot be upgraded: {error}; install triage anew"
        raise StoreError(message) from error
    add_marks(connection)


def _keep_copy(path: Path) -> None:
    """Copy a store beside itself while nobody can write; an older copy of the same upgrade is replaced.

    SQLite's own copy takes along what still stands in the write-ahead log.
    """
    copy = path.with_name(f"{path.name}.before-{HEAD}")
    part = copy.with_name(f"{copy.name}.part")
    try:
        _remove(part)
        os.close(os.open(part, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
        with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(part)) as target:
            source.backup(target)
            target.execute("PRAGMA journal_mode = DELETE")  # one file, not three
        part.replace(copy)
    except sqlite3.Error as error:
        _remove(part)
        raise translate_sqlite(error) from error
    except OSError as error:
        raise file_error(copy, error) from error


def _remove(database: Path) -> None:
    for suffix in ("", "-journal", "-wal", "-shm"):
        database.with_name(database.name + suffix).unlink(missing_ok=True)
