"""Reminders that wait for their time."""

import sqlalchemy as sa
from alembic import op

from messaging.kernel import columns
from messaging.migrations.kernel_tables import TABLE

revision = "r1_13"
down_revision = "r1_12"


def upgrade() -> None:
    """Expand."""
    op.create_table(
        "reminder",
        sa.Column("id", columns.Uuid, primary_key=True),
        sa.Column("user_id", columns.Uuid, nullable=False),
        sa.Column("client_id", columns.Uuid),
        sa.Column("message", columns.short_text(1000), nullable=False),
        sa.Column("is_pending", sa.Integer),
        sa.Column("due_at", columns.UtcTime, nullable=False),
        sa.Column("created_at", columns.UtcTime, nullable=False),
        sa.UniqueConstraint("user_id", "client_id", name="uq_reminder_user_id_client_id"),
        if_not_exists=True,
        **TABLE,
    )
