"""What people are told of."""

import sqlalchemy as sa
from alembic import op

from messaging.kernel import columns
from messaging.migrations.kernel_tables import TABLE

revision = "r1_11"
down_revision = "r1_10"


def upgrade() -> None:
    """Expand."""
    op.create_table(
        "notification",
        sa.Column("id", columns.Uuid, primary_key=True),
        sa.Column("user_id", columns.Uuid, nullable=False),
        sa.Column("kind", columns.short_text(20), nullable=False),
        sa.Column("conversation_id", columns.Uuid),
        sa.Column("message_id", columns.Uuid),
        sa.Column("is_open", sa.Integer),
        sa.Column("first_seq", columns.big_integer()),
        sa.Column("last_seq", columns.big_integer()),
        sa.Column("count", columns.big_integer(), nullable=False),
        sa.Column("title", columns.short_text(100), nullable=False),
        sa.Column("message", columns.short_text(1000), nullable=False),
        sa.Column("created_at", columns.UtcTime, nullable=False),
        sa.Column("updated_at", columns.UtcTime, nullable=False),
        sa.Column("read_at", columns.UtcTime),
        sa.UniqueConstraint("user_id", "conversation_id", "kind", "is_open", name="uq_notification_open"),
        if_not_exists=True,
        **TABLE,
    )
