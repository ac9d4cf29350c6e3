"""The marks by which a message finds its lead, for leads that were stored without.

No table changes: marks follow from the messages, so they are counted by the program as it is.
"""

from alembic import op

from triage.store.leads import add_marks

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Add what is missing."""
    add_marks(op.get_bind())
