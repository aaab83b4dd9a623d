"""Who is in which conversation, and how far they have come."""

import sqlalchemy as sa
from alembic import op

from messaging.kernel import columns
from messaging.migrations.kernel_tables import TABLE

revision = "r1_03"
down_revision = "r1_02"


def upgrade() -> None:
    """Expand."""
    op.create_table(
        "member",
        sa.Column("conversation_id", columns.Uuid, primary_key=True),
        sa.Column("user_id", columns.Uuid, primary_key=True),
        sa.Column("role", columns.short_text(8), nullable=False),
        sa.Column("joined_at", columns.UtcTime, nullable=False),
        sa.Column("joined_seq", columns.big_integer(), nullable=False),
        sa.Column("delivered_seq", columns.big_integer(), nullable=False),
        sa.Column("read_seq", columns.big_integer(), nullable=False),
        sa.Column("hidden_seq", columns.big_integer()),
        sa.Column("sends_receipts", sa.Boolean, nullable=False),
        sa.Column("level", columns.short_text(8), nullable=False),
        sa.Column("muted_until", columns.UtcTime),
        sa.Index("ix_member_user_id_conversation_id", "user_id", "conversation_id"),
        sa.Index("ix_member_conversation_id_role_joined_at", "conversation_id", "role", "joined_at"),
        if_not_exists=True,
        **TABLE,
    )
