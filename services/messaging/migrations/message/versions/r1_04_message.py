"""Messages, clustered by conversation and number."""

import sqlalchemy as sa
from alembic import op

from messaging.kernel import columns
from messaging.migrations.kernel_tables import TABLE

revision = "r1_04"
down_revision = "r1_03"


def upgrade() -> None:
    """Expand."""
    op.create_table(
        "message",
        sa.Column("conversation_id", columns.Uuid, primary_key=True),
        sa.Column("seq", columns.big_integer(), primary_key=True, autoincrement=False),
        sa.Column("id", columns.Uuid, nullable=False),
        sa.Column("rev", columns.big_integer(), nullable=False),
        sa.Column("kind", columns.short_text(8), nullable=False),
        sa.Column("sender_id", columns.Uuid, nullable=False),
        sa.Column("client_message_id", columns.Uuid, nullable=False),
        sa.Column("content", columns.short_text(4000), nullable=False),
        sa.Column("content_hash", sa.BINARY(32), nullable=False),
        sa.Column("reply_to", columns.Uuid),
        sa.Column("created_at", columns.UtcTime, nullable=False),
        sa.Column("edited_at", columns.UtcTime),
        sa.Column("deleted_at", columns.UtcTime),
        sa.UniqueConstraint("id", name="uq_message_id"),
        sa.UniqueConstraint("sender_id", "client_message_id", name="uq_message_sender_id_client_message_id"),
        sa.Index("ix_message_conversation_id_rev", "conversation_id", "rev"),
        if_not_exists=True,
        **TABLE,
    )
