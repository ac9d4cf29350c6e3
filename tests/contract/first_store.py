"""A store as version 0.1.0 made it. Frozen: never change it with the schema."""

import sys
import time
from datetime import UTC, datetime

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    DateTime,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    create_engine,
    insert,
)

from triage.store.store import open_store

NOW = datetime(2026, 3, 29, 2, 30, 15, 123456, tzinfo=UTC)

_metadata = MetaData()
_Id = BigInteger().with_variant(Integer, "sqlite")
_Time = DateTime(timezone=True)

_versions = Table("schema_version", _metadata, Column("version", Integer, primary_key=True))

_cursors = Table(
    "cursors",
    _metadata,
    Column("account", String(200), primary_key=True),
    Column("folder", String(1000), primary_key=True),
    Column("uidvalidity", BigInteger, nullable=False),
    Column("last_uid", BigInteger, nullable=False),
    Column("floor_uid", BigInteger, nullable=False),
    Column("began_at", _Time, nullable=False),
    Column("updated_at", _Time, nullable=False),
)

_judgements = Table(
    "judgements",
    _metadata,
    Column("account", String(200), primary_key=True),
    Column("fingerprint", String(32), primary_key=True),
    Column("state", String(20), nullable=False),
    Column("category", String(20)),
    Column("probability", Integer),
    Column("scam_kind", String(40)),
    Column("model_id", String(64)),
    Column("judged_at", _Time, nullable=False),
)

_passes = Table(
    "passes",
    _metadata,
    Column("account", String(200), primary_key=True),
    Column("finished_at", _Time, nullable=False),
    Column("seen", Integer, nullable=False),
    Column("unjudged", Integer, nullable=False),
    Column("labelled", Integer, nullable=False),
    Column("problem", Text),
)

_runs = Table(
    "runs",
    _metadata,
    Column("run_id", String(40), primary_key=True),
    Column("purpose", String(20), nullable=False),
    Column("started_at", _Time, nullable=False),
    Column("undone_at", _Time),
)

_journal = Table(
    "journal",
    _metadata,
    Column("entry_id", _Id, primary_key=True, autoincrement=True),
    Column("run_id", String(40), nullable=False),
    Column("account", String(200), nullable=False),
    Column("folder", String(1000), nullable=False),
    Column("uidvalidity", BigInteger, nullable=False),
    Column("uid", BigInteger, nullable=False),
    Column("key", String(1000), nullable=False),
    Column("fingerprint", String(32), nullable=False),
    Column("added", Text, nullable=False),
    Column("removed", Text, nullable=False),
    Column("after", Text, nullable=False),
    Column("status", String(20), nullable=False),
    Column("written_at", _Time, nullable=False),
    Index("journal_by_message", "account", "fingerprint"),
    Index("journal_by_run", "run_id"),
    Index("journal_by_status", "account", "folder", "status"),
)

TABLES = tuple(_metadata.tables.values())


def make_first_store(url: str) -> None:
    """Make a store with a row of each kind; writes 1 to 3 are confirmed, undone and intended."""
    engine = create_engine(url)
    with engine.connect() as connection:
        if engine.dialect.name == "sqlite":
            connection.exec_driver_sql("PRAGMA journal_mode = WAL")
            connection.rollback()
        _metadata.create_all(connection)
        _fill(connection)
        connection.commit()
    engine.dispose()


def _fill(connection: Connection) -> None:
    place = {"account": "home", "folder": "INBOX", "uidvalidity": 7}
    connection.execute(insert(_versions).values(version=1))
    connection.execute(insert(_cursors).values(**place, last_uid=5, floor_uid=3, began_at=NOW, updated_at=NOW))
    connection.execute(
        insert(_judgements).values(account="home", fingerprint="f" * 32, state="judged", category="scam", judged_at=NOW)
    )
    connection.execute(
        insert(_passes).values(account="home", finished_at=NOW, seen=3, unjudged=1, labelled=2, problem="cut off")
    )
    connection.execute(insert(_runs).values(run_id="first", purpose="scan", started_at=NOW))
    for uid, status in enumerate(("confirmed", "undone", "intended"), 1):
        change = {"added": "Triage/Scam", "removed": "", "after": "Triage/Scam"}
        connection.execute(
            insert(_journal).values(
                **place, **change, run_id="first", uid=uid, key="", fingerprint="f" * 32, status=status, written_at=NOW
            )
        )


def open_at(url: str, moment: float) -> bool:
    """Open a store at a moment in a process of its own, and return whether this process did the upgrade."""
    time.sleep(max(0.0, moment - time.time()))
    open_store(url).close()
    return "alembic" in sys.modules
