"""What the program learns from: mail seen in the owner's folders, corrections, hashed features."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

_Id = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "sightings",
        sa.Column("account", sa.String(200), primary_key=True),
        sa.Column("folder", sa.String(1000), primary_key=True),
        sa.Column("fingerprint", sa.String(32), primary_key=True),
        sa.Column("uidvalidity", sa.BigInteger, nullable=False),
        sa.Column("uid", sa.BigInteger, nullable=False),
        sa.Column("key", sa.String(1000), nullable=False),
        sa.Column("is_ours", sa.Boolean, nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("gone_at", sa.DateTime(timezone=True)),
        if_not_exists=True,
    )
    op.create_table(
        "corrections",
        sa.Column("number", _Id, primary_key=True, autoincrement=True),
        sa.Column("account", sa.String(200), nullable=False),
        sa.Column("folder", sa.String(1000), nullable=False),
        sa.Column("uidvalidity", sa.BigInteger, nullable=False),
        sa.Column("uid", sa.BigInteger, nullable=False),
        sa.Column("key", sa.String(1000), nullable=False),
        sa.Column("fingerprint", sa.String(32), nullable=False),
        sa.Column("category", sa.String(20)),
        sa.Column("origin", sa.String(20), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        if_not_exists=True,
    )
    op.create_table(
        "features",
        sa.Column("fingerprint", sa.String(32), primary_key=True),
        sa.Column("features_id", sa.String(16), primary_key=True),
        sa.Column("counts", sa.LargeBinary, nullable=False),
        sa.Column("sender", sa.String(16), nullable=False),
        sa.Column("thread", sa.String(16), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("glance", sa.Float),
        sa.Column("glance_model", sa.String(64), nullable=False),
        if_not_exists=True,
    )
    op.create_table(
        "learnt",
        sa.Column("model_id", sa.String(64), primary_key=True),
        sa.Column("fingerprint", sa.String(32), primary_key=True),
        sa.Column("category", sa.String(20), nullable=False),
        sa.Column("influence", sa.Float, nullable=False),
        if_not_exists=True,
    )
    op.create_table(
        "trainings",
        sa.Column("number", _Id, primary_key=True, autoincrement=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("result", sa.String(20), nullable=False),
        sa.Column("model_id", sa.String(64), nullable=False),
        sa.Column("examples", sa.Integer, nullable=False),
        sa.Column("evidence", sa.String(64), nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        if_not_exists=True,
    )
