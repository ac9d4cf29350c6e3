"""Leads, the people the owner wrote to, near misses, and the reports written."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "leads",
        sa.Column("lead_id", sa.String(60), primary_key=True),
        sa.Column("first_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        if_not_exists=True,
    )
    op.create_index("leads_by_age", "leads", ["last_at"], if_not_exists=True)
    op.create_table(
        "lead_messages",
        sa.Column("account", sa.String(200), primary_key=True),
        sa.Column("fingerprint", sa.String(32), primary_key=True),
        sa.Column("lead_id", sa.String(60), nullable=False),
        sa.Column("folder", sa.String(1000), nullable=False),
        sa.Column("uidvalidity", sa.BigInteger, nullable=False),
        sa.Column("uid", sa.BigInteger, nullable=False),
        sa.Column("key", sa.String(1000), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("category", sa.String(20)),
        sa.Column("scam_kind", sa.String(40)),
        sa.Column("sender_name", sa.Text, nullable=False),
        sa.Column("sender_address", sa.Text, nullable=False),
        sa.Column("reply_to", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("message_id", sa.Text, nullable=False),
        sa.Column("thread", sa.Text, nullable=False),
        sa.Column("card", sa.Text, nullable=False),
        sa.Column("is_rescued", sa.Boolean, nullable=False),
        if_not_exists=True,
    )
    op.create_index("lead_messages_by_lead", "lead_messages", ["lead_id"], if_not_exists=True)
    op.create_table(
        "lead_marks",
        sa.Column("lead_id", sa.String(60), primary_key=True),
        sa.Column("mark", sa.String(16), primary_key=True),
        sa.Column("way", sa.String(10), nullable=False),
        if_not_exists=True,
    )
    op.create_index("lead_marks_by_mark", "lead_marks", ["mark"], if_not_exists=True)
    op.create_table(
        "sent_marks",
        sa.Column("mark", sa.String(16), primary_key=True),
        sa.Column("sent_at", sa.DateTime(timezone=True), primary_key=True),
        sa.Column("reply", sa.String(20), primary_key=True),
        if_not_exists=True,
    )
    op.create_table(
        "contacts",
        sa.Column("address", sa.String(400), primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("sent", sa.Integer, nullable=False),
        sa.Column("first_sent_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_sent_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_received_at", sa.DateTime(timezone=True)),
        if_not_exists=True,
    )
    op.create_table(
        "side_cursors",
        sa.Column("account", sa.String(200), primary_key=True),
        sa.Column("purpose", sa.String(20), primary_key=True),
        sa.Column("folder", sa.String(1000), nullable=False),
        sa.Column("uidvalidity", sa.BigInteger, nullable=False),
        sa.Column("last_uid", sa.BigInteger, nullable=False),
        if_not_exists=True,
    )
    op.create_table(
        "appearances",
        sa.Column("account", sa.String(200), primary_key=True),
        sa.Column("fingerprint", sa.String(32), primary_key=True),
        sa.Column("platform", sa.String(40), nullable=False),
        sa.Column("what", sa.String(20), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        if_not_exists=True,
    )
    op.create_index("appearances_by_age", "appearances", ["seen_at"], if_not_exists=True)
    op.create_table(
        "near_misses",
        sa.Column("account", sa.String(200), primary_key=True),
        sa.Column("fingerprint", sa.String(32), primary_key=True),
        sa.Column("folder", sa.String(1000), nullable=False),
        sa.Column("uidvalidity", sa.BigInteger, nullable=False),
        sa.Column("uid", sa.BigInteger, nullable=False),
        sa.Column("key", sa.String(1000), nullable=False),
        sa.Column("category", sa.String(20), nullable=False),
        sa.Column("lead_chance", sa.Integer, nullable=False),
        sa.Column("sender", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("judged_at", sa.DateTime(timezone=True), nullable=False),
        if_not_exists=True,
    )
    op.create_table(
        "reports",
        sa.Column("account", sa.String(200), primary_key=True),
        sa.Column("week", sa.String(10), primary_key=True),
        sa.Column("folder", sa.String(1000), nullable=False),
        sa.Column("message_id", sa.Text, nullable=False),
        sa.Column("intended_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("appended_at", sa.DateTime(timezone=True)),
        if_not_exists=True,
    )
