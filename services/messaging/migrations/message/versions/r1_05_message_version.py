"""Former texts of edited messages."""

import sqlalchemy as sa
from alembic import op

from messaging.kernel import columns
from messaging.migrations.kernel_tables import TABLE

revision = "r1_05"
down_revision = "r1_04"


def upgrade() -> None:
    """Expand."""
    op.create_table(
        "message_version",
        sa.Column("message_id", columns.Uuid, primary_key=True),
        sa.Column("rev", columns.big_integer(), primary_key=True, autoincrement=False),
        sa.Column("content", columns.short_text(4000), nullable=False),
        sa.Column("written_at", columns.UtcTime, nullable=False),
        if_not_exists=True,
        **TABLE,
    )
