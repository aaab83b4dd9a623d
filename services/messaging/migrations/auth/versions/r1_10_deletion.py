"""Deleted accounts, as far as their owners may ask about them."""

import sqlalchemy as sa
from alembic import op

from messaging.kernel import columns
from messaging.migrations.kernel_tables import TABLE

revision = "r1_10"
down_revision = "r1_09"


def upgrade() -> None:
    """Expand."""
    op.create_table(
        "deletion",
        sa.Column("user_id", columns.Uuid, primary_key=True),
        sa.Column("receipt_hash", columns.fixed_bytes(32), nullable=False, unique=True),
        sa.Column("messages", columns.short_text(8), nullable=False),
        sa.Column("version", columns.big_integer(), nullable=False),
        sa.Column("requested_at", columns.UtcTime, nullable=False),
        sa.Column("tell_at", columns.UtcTime),
        sa.Index("ix_deletion_requested_at", "requested_at"),
        sa.Index("ix_deletion_tell_at", "tell_at"),
        if_not_exists=True,
        **TABLE,
    )
