"""The revocation feed."""

import sqlalchemy as sa
from alembic import op

from messaging.kernel import columns
from messaging.migrations.kernel_tables import TABLE

revision = "r1_06"
down_revision = "r1_05"


def upgrade() -> None:
    """Expand."""
    op.create_table(
        "revocation",
        sa.Column("position", columns.big_integer(), primary_key=True, autoincrement=False),
        sa.Column("user_id", columns.Uuid, nullable=False),
        sa.Column("session_id", columns.Uuid),
        sa.Column("not_before", columns.UtcTime, nullable=False),
        sa.Column("expires_at", columns.UtcTime, nullable=False),
        sa.Index("ix_revocation_expires_at", "expires_at"),
        if_not_exists=True,
        **TABLE,
    )
