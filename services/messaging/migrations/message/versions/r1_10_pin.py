"""Pinned messages."""

import sqlalchemy as sa
from alembic import op

from messaging.kernel import columns
from messaging.migrations.kernel_tables import TABLE

revision = "r1_10"
down_revision = "r1_09"


def upgrade() -> None:
    """Expand."""
    op.create_table(
        "pin",
        sa.Column("conversation_id", columns.Uuid, primary_key=True),
        sa.Column("message_id", columns.Uuid, primary_key=True),
        sa.Column("pinned_by", columns.Uuid, nullable=False),
        sa.Column("pinned_at", columns.UtcTime, nullable=False),
        if_not_exists=True,
        **TABLE,
    )
