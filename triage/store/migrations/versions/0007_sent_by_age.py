"""What the owner sent is found by its time, and forgotten by it, without a look at the rest."""

from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Add what is missing."""
    op.create_index("sent_marks_by_age", "sent_marks", ["sent_at"], if_not_exists=True)
