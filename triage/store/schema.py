"""The tables. Texts of mail are never among the columns.

Subjects, names and addresses are only where a person has to recognise what is meant: in leads and
near misses, which the owner is to answer or look at, and in contacts, whom the owner wrote to. All
else knows mail by fingerprints and places. An SQLite store is readable by its owner alone.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
)

from triage.store.columns import Moment, Name, Words

metadata = MetaData()

# SQLite numbers rows by itself only where the key is a plain INTEGER.
_Id = BigInteger().with_variant(Integer, "sqlite")

# Version 0.1.0 reads this number alone, and refuses what is higher than 1.
NOT_FOR_FIRST_VERSION = 2
versions = Table("schema_version", metadata, Column("version", Integer, primary_key=True))

# Alembic's own, and kept apart from what it compares.
revisions = Table(
    "alembic_version",
    MetaData(),
    Column("version_num", String(32), nullable=False),
    PrimaryKeyConstraint("version_num", name="alembic_version_pkc"),
)

cursors = Table(
    "cursors",
    metadata,
    Column("account", String(200), primary_key=True),
    Column("folder", Name(1000), primary_key=True),
    Column("uidvalidity", BigInteger, nullable=False),
    Column("last_uid", BigInteger, nullable=False),
    Column("floor_uid", BigInteger, nullable=False),
    Column("began_at", Moment, nullable=False),
    Column("highest_modseq", BigInteger),
    Column("recent_uids", Text, nullable=False, server_default=""),
    Column("updated_at", Moment, nullable=False),
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
    Column("judged_at", Moment, nullable=False),
)

passes = Table(
    "passes",
    metadata,
    Column("account", String(200), primary_key=True),
    Column("finished_at", Moment, nullable=False),
    Column("seen", Integer, nullable=False),
    Column("unjudged", Integer, nullable=False),
    Column("labelled", Integer, nullable=False),
    Column("problem", Words),
    Column("succeeded_at", Moment),
)

runs = Table(
    "runs",
    metadata,
    Column("run_id", String(40), primary_key=True),
    Column("purpose", String(20), nullable=False),
    Column("started_at", Moment, nullable=False),
    Column("undone_at", Moment),
)

journal = Table(
    "journal",
    metadata,
    Column("entry_id", _Id, primary_key=True, autoincrement=True),
    Column("run_id", String(40), nullable=False),
    Column("account", String(200), nullable=False),
    Column("folder", Name(1000), nullable=False),
    Column("uidvalidity", BigInteger, nullable=False),
    Column("uid", BigInteger, nullable=False),
    Column("key", Name(1000), nullable=False),
    Column("fingerprint", String(32), nullable=False),  # or "gm:" and X-GM-MSGID
    Column("added", Words, nullable=False),
    Column("removed", Words, nullable=False),
    Column("after", Words, nullable=False),
    Column("moved_to", Name(1000), nullable=False, server_default=""),
    Column("status", String(20), nullable=False),
    Column("written_at", Moment, nullable=False),
    Index("journal_by_message", "account", "fingerprint"),
    Index("journal_by_run", "run_id"),
    Index("journal_by_status", "account", "folder", "status"),
    # Of 20,000 writes in a folder 20 are found in 0.8 ms instead of 6. Without the second index the
    # planner takes the first for the newest writes as well, and sorts all of them: 24 ms instead of 2.
    Index("journal_by_place", "account", "folder", "uidvalidity", "uid"),
    Index("journal_by_age", "account", "folder", "uidvalidity", "entry_id"),
)

retries = Table(
    "retries",
    metadata,
    Column("account", String(200), primary_key=True),
    Column("folder", Name(1000), primary_key=True),
    Column("uidvalidity", BigInteger, primary_key=True),
    Column("uid", BigInteger, primary_key=True),
    Column("state", String(20), nullable=False),
    Column("reason", Words, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("first_at", Moment, nullable=False),
    Column("next_at", Moment, nullable=False),
)

relabellings = Table(
    "relabellings",
    metadata,
    Column("number", _Id, primary_key=True, autoincrement=True),
    Column("account", String(200), nullable=False),
    Column("folder", Name(1000), nullable=False),
    Column("uidvalidity", BigInteger, nullable=False),
    Column("uid", BigInteger, nullable=False),
    Column("fingerprint", String(32), nullable=False),
    Column("was", Words, nullable=False),
    Column("now", Words, nullable=False),
    Column("seen_at", Moment, nullable=False),
    Index("relabellings_by_message", "account", "fingerprint"),
)

leases = Table(
    "leases",
    metadata,
    Column("name", String(220), primary_key=True),
    Column("holder", String(200), nullable=False),
    Column("expires_at", Moment, nullable=False),
)

# -- learning: no text, no address, no word of mail

sightings = Table(
    "sightings",
    metadata,
    Column("account", String(200), primary_key=True),
    Column("folder", Name(1000), primary_key=True),
    Column("fingerprint", String(32), primary_key=True),
    Column("uidvalidity", BigInteger, nullable=False),
    Column("uid", BigInteger, nullable=False),
    Column("key", Name(1000), nullable=False),
    Column("is_ours", Boolean, nullable=False),
    Column("since", Moment, nullable=False),
    Column("gone_at", Moment),
)

corrections = Table(
    "corrections",
    metadata,
    Column("number", _Id, primary_key=True, autoincrement=True),
    Column("account", String(200), nullable=False),
    Column("folder", Name(1000), nullable=False),
    Column("uidvalidity", BigInteger, nullable=False),
    Column("uid", BigInteger, nullable=False),
    Column("key", Name(1000), nullable=False),
    Column("fingerprint", String(32), nullable=False),
    Column("category", String(20)),
    Column("origin", String(20), nullable=False),
    Column("made_at", Moment, nullable=False),
)

features = Table(
    "features",
    metadata,
    Column("fingerprint", String(32), primary_key=True),
    Column("features_id", String(16), primary_key=True),
    Column("counts", LargeBinary, nullable=False),
    Column("sender", String(16), nullable=False),  # a keyed hash, as is the thread
    Column("thread", String(16), nullable=False),
    Column("received_at", Moment, nullable=False),
    Column("glance", Float),  # the score of the first look, by the model named
    Column("glance_model", String(64), nullable=False),
)

learnt = Table(
    "learnt",
    metadata,
    Column("model_id", String(64), primary_key=True),
    Column("fingerprint", String(32), primary_key=True),
    Column("category", String(20), nullable=False),
    Column("influence", Float, nullable=False),
)

trainings = Table(
    "trainings",
    metadata,
    Column("number", _Id, primary_key=True, autoincrement=True),
    Column("finished_at", Moment, nullable=False),
    Column("result", String(20), nullable=False),
    Column("model_id", String(64), nullable=False),
    Column("examples", Integer, nullable=False),
    Column("evidence", String(64), nullable=False),
    Column("reason", Words, nullable=False),
)

# -- leads: fields of cards, and who sent them; the owner's own data

leads = Table(
    "leads",
    metadata,
    Column("lead_id", String(60), primary_key=True),
    Column("first_at", Moment, nullable=False),
    Column("last_at", Moment, nullable=False),
    Index("leads_by_age", "last_at"),
)

lead_messages = Table(
    "lead_messages",
    metadata,
    Column("account", String(200), primary_key=True),
    Column("fingerprint", String(32), primary_key=True),
    Column("lead_id", String(60), nullable=False),
    Column("folder", Name(1000), nullable=False),
    Column("uidvalidity", BigInteger, nullable=False),
    Column("uid", BigInteger, nullable=False),
    Column("key", Name(1000), nullable=False),
    Column("received_at", Moment, nullable=False),
    Column("category", String(20)),
    Column("scam_kind", String(40)),
    Column("sender_name", Words, nullable=False),
    Column("sender_address", Words, nullable=False),
    Column("reply_to", Words, nullable=False),
    Column("subject", Words, nullable=False),
    Column("message_id", Words, nullable=False),
    Column("thread", Words, nullable=False),
    Column("card", Words, nullable=False),  # JSON
    Column("is_rescued", Boolean, nullable=False),
    Index("lead_messages_by_lead", "lead_id"),
    Index("lead_messages_by_fingerprint", "fingerprint"),
)

# By what an answer to a lead is known, and a mail that goes on with it: hashes of Message-IDs, addresses, subjects, people,
# companies, roles and requisitions.
lead_marks = Table(
    "lead_marks",
    metadata,
    Column("lead_id", String(60), primary_key=True),
    Column("mark", String(16), primary_key=True),
    Column("way", String(10), nullable=False),
    Index("lead_marks_by_mark", "mark"),
)

# What the owner sent: when, what kind, and the same hashes; of the mail itself nothing.
sent_marks = Table(
    "sent_marks",
    metadata,
    Column("mark", String(16), primary_key=True),
    Column("sent_at", Moment, primary_key=True),
    Column("reply", String(20), primary_key=True),
    Index("sent_marks_by_age", "sent_at"),
)

contacts = Table(
    "contacts",
    metadata,
    Column("address", Name(400), primary_key=True),
    Column("name", Words, nullable=False),
    Column("sent", Integer, nullable=False),
    Column("first_sent_at", Moment, nullable=False),
    Column("last_sent_at", Moment, nullable=False),
    Column("last_received_at", Moment),
)

# Folders beside those that are labelled: how far Sent and Junk were read.
side_cursors = Table(
    "side_cursors",
    metadata,
    Column("account", String(200), primary_key=True),
    Column("purpose", String(20), primary_key=True),
    Column("folder", Name(1000), nullable=False),
    Column("uidvalidity", BigInteger, nullable=False),
    Column("last_uid", BigInteger, nullable=False),
)

appearances = Table(
    "appearances",
    metadata,
    Column("account", String(200), primary_key=True),
    Column("fingerprint", String(32), primary_key=True),
    Column("platform", String(40), nullable=False),
    Column("what", String(20), nullable=False),
    Column("seen_at", Moment, nullable=False),
    Column("number", Integer, nullable=False),
    Index("appearances_by_age", "seen_at"),
)

near_misses = Table(
    "near_misses",
    metadata,
    Column("account", String(200), primary_key=True),
    Column("fingerprint", String(32), primary_key=True),
    Column("folder", Name(1000), nullable=False),
    Column("uidvalidity", BigInteger, nullable=False),
    Column("uid", BigInteger, nullable=False),
    Column("key", Name(1000), nullable=False),
    Column("category", String(20), nullable=False),
    Column("lead_chance", Integer, nullable=False),  # thousandths
    Column("sender", Words, nullable=False),
    Column("subject", Words, nullable=False),
    Column("judged_at", Moment, nullable=False),
)

reports = Table(
    "reports",
    metadata,
    Column("account", String(200), primary_key=True),
    Column("week", String(10), primary_key=True),
    Column("folder", Name(1000), nullable=False),
    Column("message_id", Words, nullable=False),
    Column("intended_at", Moment, nullable=False),
    Column("appended_at", Moment),
)
