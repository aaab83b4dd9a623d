"""Signed-in sessions."""

import sqlalchemy as sa
from alembic import op

from messaging.kernel import columns
from messaging.migrations.kernel_tables import TABLE

revision = "r1_04"
down_revision = "r1_03"


def upgrade() -> None:
    """Expand."""
    op.create_table(
        "session",
        sa.Column("id", columns.Uuid, primary_key=True),
        sa.Column("account_id", columns.Uuid, nullable=False),
        sa.Column("user_agent", columns.short_text(200), nullable=False),
        sa.Column("address", columns.short_text(45), nullable=False),
        sa.Column("created_at", columns.UtcTime, nullable=False),
        sa.Column("last_used_at", columns.UtcTime, nullable=False),
        sa.Column("expires_at", columns.UtcTime, nullable=False),
        sa.Column("ended_at", columns.UtcTime),
        sa.Index("ix_session_account_id_id", "account_id", "id"),
        sa.Index("ix_session_expires_at", "expires_at"),
        if_not_exists=True,
        **TABLE,
    )
