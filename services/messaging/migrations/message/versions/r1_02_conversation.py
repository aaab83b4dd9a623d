"""Conversations and their counters."""

import sqlalchemy as sa
from alembic import op

from messaging.kernel import columns
from messaging.migrations.kernel_tables import TABLE

revision = "r1_02"
down_revision = "r1_01"


def upgrade() -> None:
    """Expand."""
    op.create_table(
        "conversation",
        sa.Column("id", columns.Uuid, primary_key=True),
        sa.Column("kind", columns.short_text(8), nullable=False),
        sa.Column("title", columns.short_text(100)),
        sa.Column("description", columns.short_text(1000)),
        sa.Column("announcement_only", sa.Boolean, nullable=False),
        sa.Column("owner_id", columns.Uuid),
        sa.Column("creator_id", columns.Uuid, nullable=False),
        sa.Column("client_id", columns.Uuid),
        sa.Column("direct_key", sa.BINARY(32)),
        sa.Column("join_code", columns.short_text(32)),
        sa.Column("first_seq", columns.big_integer(), nullable=False),
        sa.Column("last_seq", columns.big_integer(), nullable=False),
        sa.Column("last_rev", columns.big_integer(), nullable=False),
        sa.Column("member_count", sa.Integer, nullable=False),
        sa.Column("member_version", columns.big_integer(), nullable=False),
        sa.Column("created_at", columns.UtcTime, nullable=False),
        sa.Column("last_activity_at", columns.UtcTime, nullable=False),
        sa.Column("deleted_at", columns.UtcTime),
        sa.UniqueConstraint("creator_id", "client_id", name="uq_conversation_creator_id_client_id"),
        sa.UniqueConstraint("direct_key", name="uq_conversation_direct_key"),
        sa.UniqueConstraint("join_code", name="uq_conversation_join_code"),
        sa.Index("ix_conversation_deleted_at", "deleted_at"),
        if_not_exists=True,
        **TABLE,
    )
