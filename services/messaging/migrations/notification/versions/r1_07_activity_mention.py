"""Who is mentioned in which message."""

import sqlalchemy as sa
from alembic import op

from messaging.kernel import columns
from messaging.migrations.kernel_tables import TABLE

revision = "r1_07"
down_revision = "r1_06"


def upgrade() -> None:
    """Expand."""
    op.create_table(
        "activity_mention",
        sa.Column("conversation_id", columns.Uuid, primary_key=True),
        sa.Column("user_id", columns.Uuid, primary_key=True),
        sa.Column("seq", columns.big_integer(), primary_key=True, autoincrement=False),
        sa.Column("seen_at", columns.UtcTime, nullable=False),
        if_not_exists=True,
        **TABLE,
    )
