"""Exports, and the work on them."""

import sqlalchemy as sa
from alembic import op

from messaging.kernel import columns
from messaging.migrations.kernel_tables import TABLE

revision = "r1_03"
down_revision = "r1_02"


def upgrade() -> None:
    """Expand."""
    op.create_table(
        "export",
        sa.Column("id", columns.Uuid, primary_key=True),
        sa.Column("user_id", columns.Uuid, nullable=False),
        sa.Column("client_id", columns.Uuid),
        sa.Column("option", columns.short_text(10), nullable=False),
        sa.Column("conversation_id", columns.Uuid, nullable=False),
        sa.Column("state", columns.short_text(10), nullable=False),
        sa.Column("failure", columns.short_text(40), nullable=False),
        sa.Column("progress", sa.Float, nullable=False),
        sa.Column("size_bytes", columns.big_integer()),
        sa.Column("attempts", columns.big_integer(), nullable=False),
        sa.Column("grant_sealed", columns.long_bytes()),
        sa.Column("grant_expires_at", columns.UtcTime),
        sa.Column("due_at", columns.UtcTime),
        sa.Column("worker_id", columns.Uuid),
        sa.Column("created_at", columns.UtcTime, nullable=False),
        sa.Column("expires_at", columns.UtcTime),
        sa.UniqueConstraint("user_id", "client_id", name="uq_export_user_id_client_id"),
        if_not_exists=True,
        **TABLE,
    )
