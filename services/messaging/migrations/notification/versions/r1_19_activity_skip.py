"""Messages that an open notification does not count, because of whom they are from."""

import sqlalchemy as sa
from alembic import op

from messaging.kernel import columns
from messaging.migrations.ddl import create_index
from messaging.migrations.kernel_tables import TABLE

revision = "r1_19"
down_revision = "r1_18"


def upgrade() -> None:
    """Expand."""
    op.create_table(
        "activity_skip",
        sa.Column("conversation_id", columns.Uuid, primary_key=True),
        sa.Column("user_id", columns.Uuid, primary_key=True),
        sa.Column("seq", columns.big_integer(), primary_key=True, autoincrement=False),
        sa.Column("seen_at", columns.UtcTime, nullable=False),
        if_not_exists=True,
        **TABLE,
    )
    create_index("ix_activity_skip_seen_at", "activity_skip", ["seen_at"])
