"""Leads are found by their messages' fingerprints, and by marks that the upgrade adds once the tables are as they are today."""

from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Add what is missing."""
    op.create_index("lead_messages_by_fingerprint", "lead_messages", ["fingerprint"], if_not_exists=True)
