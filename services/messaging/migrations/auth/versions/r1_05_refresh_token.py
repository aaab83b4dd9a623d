"""Refresh tokens by their hashes."""

import sqlalchemy as sa
from alembic import op

from messaging.kernel import columns
from messaging.migrations.kernel_tables import TABLE

revision = "r1_05"
down_revision = "r1_04"


def upgrade() -> None:
    """Expand."""
    op.create_table(
        "refresh_token",
        sa.Column("token_hash", columns.fixed_bytes(32), primary_key=True),
        sa.Column("session_id", columns.Uuid, nullable=False),
        sa.Column("predecessor_hash", columns.fixed_bytes(32)),
        sa.Column("expires_at", columns.UtcTime, nullable=False),
        sa.Column("used_at", columns.UtcTime),
        sa.Column("successor", columns.long_bytes()),
        sa.Column("successor_until", columns.UtcTime),
        sa.Index("ix_refresh_token_session_id", "session_id"),
        sa.Index("ix_refresh_token_successor_until", "successor_until"),
        if_not_exists=True,
        **TABLE,
    )
