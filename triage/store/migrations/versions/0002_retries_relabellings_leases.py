"""What is tried again, the owner's relabellings, leases, and where a message was moved.

Between two versions the program made the new tables where it found an older store, and
none of the new columns: what is there already is left alone.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_Id = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Add the columns and tables that are missing."""
    _add_column("cursors", sa.Column("highest_modseq", sa.BigInteger))
    _add_column("cursors", sa.Column("recent_uids", sa.Text, nullable=False, server_default=""))
    _add_column("passes", sa.Column("succeeded_at", sa.DateTime(timezone=True)))
    _add_column("journal", sa.Column("moved_to", sa.String(1000), nullable=False, server_default=""))
    for name, last in (("journal_by_place", "uid"), ("journal_by_age", "entry_id")):
        op.create_index(name, "journal", ["account", "folder", "uidvalidity", last], if_not_exists=True)
    op.create_table(
        "retries",
        sa.Column("account", sa.String(200), primary_key=True),
        sa.Column("folder", sa.String(1000), primary_key=True),
        sa.Column("uidvalidity", sa.BigInteger, primary_key=True),
        sa.Column("uid", sa.BigInteger, primary_key=True),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("first_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=False),
        if_not_exists=True,
    )
    op.create_table(
        "relabellings",
        sa.Column("number", _Id, primary_key=True, autoincrement=True),
        sa.Column("account", sa.String(200), nullable=False),
        sa.Column("folder", sa.String(1000), nullable=False),
        sa.Column("uidvalidity", sa.BigInteger, nullable=False),
        sa.Column("uid", sa.BigInteger, nullable=False),
        sa.Column("fingerprint", sa.String(32), nullable=False),
        sa.Column("was", sa.Text, nullable=False),
        sa.Column("now", sa.Text, nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        if_not_exists=True,
    )
    op.create_index("relabellings_by_message", "relabellings", ["account", "fingerprint"], if_not_exists=True)
    op.create_table(
        "leases",
        sa.Column("name", sa.String(220), primary_key=True),
        sa.Column("holder", sa.String(200), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        if_not_exists=True,
    )
    # Version 0.1.0 reads this number alone, and refuses what is higher than 1.
    op.execute("DELETE FROM schema_version")
    op.execute("INSERT INTO schema_version (version) VALUES (2)")


def _add_column(table: str, column: "sa.Column[object]") -> None:
    present = {one["name"] for one in sa.inspect(op.get_bind()).get_columns(table)}
    if column.name not in present:
        op.add_column(table, column)
