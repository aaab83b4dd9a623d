"""Which messages have been told of, and which have been changed, a bit for each."""

import sqlalchemy as sa
from alembic import op

from messaging.kernel import columns
from messaging.migrations.ddl import create_index
from messaging.migrations.kernel_tables import TABLE

revision = "r1_18"
down_revision = "r1_17"


def upgrade() -> None:
    """Expand."""
    op.create_table(
        "activity_block",
        sa.Column("conversation_id", columns.Uuid, primary_key=True),
        sa.Column("block", columns.big_integer(), primary_key=True, autoincrement=False),
        sa.Column("sent", columns.fixed_bytes(32), nullable=False),
        sa.Column("changed", columns.fixed_bytes(32), nullable=False),
        sa.Column("seen_at", columns.UtcTime, nullable=False),
        if_not_exists=True,
        **TABLE,
    )
    create_index("ix_activity_block_seen_at", "activity_block", ["seen_at"])
