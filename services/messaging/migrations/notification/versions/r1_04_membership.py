"""Who is in which conversation, and how far they have read."""

import sqlalchemy as sa
from alembic import op

from messaging.kernel import columns
from messaging.migrations.kernel_tables import TABLE

revision = "r1_04"
down_revision = "r1_03"


def upgrade() -> None:
    """Expand."""
    op.create_table(
        "membership",
        sa.Column("conversation_id", columns.Uuid, primary_key=True),
        sa.Column("user_id", columns.Uuid, primary_key=True),
        sa.Column("role", columns.short_text(10)),
        sa.Column("version", columns.big_integer(), nullable=False),
        sa.Column("read_seq", columns.big_integer(), nullable=False),
        sa.Column("closed_seq", columns.big_integer(), nullable=False),
        sa.Column("mention_closed_seq", columns.big_integer(), nullable=False),
        if_not_exists=True,
        **TABLE,
    )
