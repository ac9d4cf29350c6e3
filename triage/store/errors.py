"""What SQLAlchemy and the drivers raise, in our words: by consequence, from codes alone.

Texts of the drivers are not repeated where they may quote what was stored. A URL, which
may hold a password, is never repeated.
"""

import errno
import sqlite3
from pathlib import Path

from sqlalchemy.exc import DBAPIError, DisconnectionError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from triage.errors import StoreError, TransientStoreError

# https://sqlite.org/rescode.html: code -> what it means here.
_NO_ROOM = "the disk takes no more; free some space, and check the disk"
_SQLITE_PASSING = {
    sqlite3.SQLITE_BUSY: "another process keeps it locked; end that process, or try again later",
    sqlite3.SQLITE_LOCKED: "another process keeps it locked; end that process, or try again later",
    sqlite3.SQLITE_FULL: "the disk is full; free some space",
    # A quota or a limit on the size of files, or, where the log's index is made, a full disk; a
    # dying disk as well, and then it will fail to read soon.
    sqlite3.SQLITE_IOERR_WRITE: _NO_ROOM,
    sqlite3.SQLITE_IOERR_SHMSIZE: _NO_ROOM,
}
_NO_WAY_IN = "file or folder cannot be written; check their owner and mode, or set store.url"
_DAMAGED = "the file is damaged or no store; put back a copy of it, or move it away to begin without memory"
_SQLITE_LASTING = {
    sqlite3.SQLITE_READONLY: _NO_WAY_IN,
    sqlite3.SQLITE_CANTOPEN: _NO_WAY_IN,
    sqlite3.SQLITE_PERM: _NO_WAY_IN,
    sqlite3.SQLITE_CORRUPT: _DAMAGED,
    sqlite3.SQLITE_NOTADB: _DAMAGED,
    sqlite3.SQLITE_IOERR: "the disk fails; check it",
}
PRIMARY = 0xFF
"""The part of a code of SQLite that says what kind of failure it is."""

# https://www.postgresql.org/docs/current/errcodes-appendix.html, class or whole code.
_POSTGRES_PASSING = {
    "08": "the connection was lost; check that it runs, or try again later",
    "53": "it is short of disk space, memory or connections; make room",
    "57": "it is shutting down or starting up; try again later",
    "40": "another transaction was in the way; try again",
    "55P03": "another session keeps it locked; end that session, or try again later",
}
_POSTGRES_LASTING = {
    "42501": "the user lacks rights; grant them, or check store.url",
    "25006": "it is read-only; check store.url",
}
_CLASS = 2


def translate(error: SQLAlchemyError) -> StoreError:
    """Return our error: `TransientStoreError` for what passes by itself, else `StoreError`."""
    if isinstance(error, DBAPIError):
        if isinstance(error.orig, sqlite3.Error):
            return translate_sqlite(error.orig)
        return _translate_postgres(error)
    if isinstance(error, PoolTimeoutError | DisconnectionError):
        return TransientStoreError("the store has no connection to spare; try again later")
    return StoreError(f"the store failed ({type(error).__name__}); check store.url, and report it if it stays")


def translate_sqlite(error: sqlite3.Error) -> StoreError:
    """Return our error for one of SQLite; without a code it is a misuse of the driver."""
    code: int = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_MISUSE)
    for one in (code, code & PRIMARY):
        if one in _SQLITE_PASSING:
            return TransientStoreError(f"the store cannot be used now: {_SQLITE_PASSING[one]}")
    reason = _SQLITE_LASTING.get(code & PRIMARY)
    if reason:
        return StoreError(f"the store cannot be used: {reason}")
    return StoreError(f"the store failed ({_code_name(error)}); check store.url, and report it if it stays")


def _code_name(error: sqlite3.Error) -> str:
    return getattr(error, "sqlite_errorname", type(error).__name__)


def _translate_postgres(error: DBAPIError) -> StoreError:
    state: str = getattr(error.orig, "sqlstate", None) or ""
    if not state and isinstance(error, OperationalError):
        # The server gives no code to who cannot come in, so a wrong password ends here as well.
        reason = " ".join(str(error.orig).split())[:300]
        words = f"the store cannot be used now: PostgreSQL: {reason}; check that it runs, and store.url"
        return TransientStoreError(words)
    for one in (state, state[:_CLASS]):
        if one in _POSTGRES_PASSING:
            return TransientStoreError(f"the store cannot be used now: PostgreSQL: {_POSTGRES_PASSING[one]}")
        if one in _POSTGRES_LASTING:
            return StoreError(f"the store cannot be used: PostgreSQL: {_POSTGRES_LASTING[one]}")
    kind = f"{type(error.orig).__name__} {state}".strip()
    return StoreError(f"the store failed ({kind}); check store.url, and report it if it stays")


def file_error(path: Path, error: OSError) -> StoreError:
    """Return our error for a file of the store that cannot be made or written."""
    kind = TransientStoreError if error.errno in {errno.ENOSPC, errno.EDQUOT} else StoreError
    return kind(f"store {path} cannot be written: {error.strerror}; check the folder or set store.url")
