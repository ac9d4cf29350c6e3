"""The tables. Texts, subjects and addresses of mail are never among the columns."""

from sqlalchemy import BigInteger, Column, DateTime, Index, Integer, MetaData, String, Table, Text

SCHEMA_VERSION = 1

metadata = MetaData()

# SQLite numbers rows by itself only where the key is a plain INTEGER.
_Id = BigInteger().with_variant(Integer, "sqlite")

versions = Table("schema_version", metadata, Column("version", Integer, primary_key=True))

cursors = Table(
    "cursors",
    metadata,
    Column("account", String(200), primary_key=True),
    Column("folder", String(1000), primary_key=True),
    Column("uidvalidity", BigInteger, nullable=False),
    Column("last_uid", BigInteger, nullable=False),
    Column("floor_uid", BigInteger, nullable=False),
    Column("began_at", DateTime(timezone=True), nullable=False),
    Column("highest_modseq", BigInteger),
    Column("recent_uids", Text, nullable=False, server_default=""),
    Column("updated_at", DateTime(timezone=True), nullable=False),
)

judgements = Table(
    "judgements",
    metadata,
    Column("account", String(200), primary_key=True),
    Column("fingerprint", String(32), primary_key=True),
    Column("state", String(20), nullable=False),
    Column("category", String(20)),
    Column("probability", Integer),  # thousandths of the category's probability
    Column("scam_kind", String(40)),
    Column("model_id", String(64)),
    Column("judged_at", DateTime(timezone=True), nullable=False),
)

passes = Table(
    "passes",
    metadata,
    Column("account", String(200), primary_key=True),
    Column("finished_at", DateTime(timezone=True), nullable=False),
    Column("seen", Integer, nullable=False),
    Column("unjudged", Integer, nullable=False),
    Column("labelled", Integer, nullable=False),
    Column("problem", Text),
    Column("succeeded_at", DateTime(timezone=True)),
)

runs = Table(
    "runs",
    metadata,
    Column("run_id", String(40), primary_key=True),
    Column("purpose", String(20), nullable=False),
    Column("started_at", DateTime(timezone=True), nullable=False),
    Column("undone_at", DateTime(timezone=True)),
)

journal = Table(
    "journal",
    metadata,
    Column("entry_id", _Id, primary_key=True, autoincrement=True),
    Column("run_id", String(40), nullable=False),
    Column("account", String(200), nullable=False),
    Column("folder", String(1000), nullable=False),
    Column("uidvalidity", BigInteger, nullable=False),
    Column("uid", BigInteger, nullable=False),
    Column("key", String(1000), nullable=False),
    Column("fingerprint", String(32), nullable=False),  # or "gm:" and X-GM-MSGID
    Column("added", Text, nullable=False),
    Column("removed", Text, nullable=False),
    Column("after", Text, nullable=False),
    Column("moved_to", String(1000), nullable=False, server_default=""),
    Column("status", String(20), nullable=False),
    Column("written_at", DateTime(timezone=True), nullable=False),
    Index("journal_by_message", "account", "fingerprint"),
    Index("journal_by_run", "run_id"),
    Index("journal_by_status", "account", "folder", "status"),
)

retries = Table(
    "retries",
    metadata,
    Column("account", String(200), primary_key=True),
    Column("folder", String(1000), primary_key=True),
    Column("uidvalidity", BigInteger, primary_key=True),
    Column("uid", BigInteger, primary_key=True),
    Column("state", String(20), nullable=False),
    Column("reason", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("first_at", DateTime(timezone=True), nullable=False),
    Column("next_at", DateTime(timezone=True), nullable=False),
)

relabellings = Table(
    "relabellings",
    metadata,
    Column("number", _Id, primary_key=True, autoincrement=True),
    Column("account", String(200), nullable=False),
    Column("folder", String(1000), nullable=False),
    Column("uidvalidity", BigInteger, nullable=False),
    Column("uid", BigInteger, nullable=False),
    Column("fingerprint", String(32), nullable=False),
    Column("was", Text, nullable=False),
    Column("now", Text, nullable=False),
    Column("seen_at", DateTime(timezone=True), nullable=False),
    Index("relabellings_by_message", "account", "fingerprint"),
)

leases = Table(
    "leases",
    metadata,
    Column("name", String(220), primary_key=True),
    Column("holder", String(200), nullable=False),
    Column("expires_at", DateTime(timezone=True), nullable=False),
)
