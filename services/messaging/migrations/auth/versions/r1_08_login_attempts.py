"""Counted log-in attempts."""

import sqlalchemy as sa
from alembic import op

from messaging.kernel import columns
from messaging.migrations.kernel_tables import TABLE

revision = "r1_08"
down_revision = "r1_07"


def upgrade() -> None:
    """Expand."""
    op.create_table(
        "login_attempts",
        sa.Column("bucket", columns.fixed_bytes(32), primary_key=True),
        sa.Column("attempts", columns.big_integer(), nullable=False),
        sa.Column("window_ends_at", columns.UtcTime, nullable=False),
        sa.Index("ix_login_attempts_window_ends_at", "window_ends_at"),
        if_not_exists=True,
        **TABLE,
    )
