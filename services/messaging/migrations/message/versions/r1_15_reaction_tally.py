"""How many people reacted to a message with each emoji."""

import sqlalchemy as sa
from alembic import op

from messaging.kernel import columns
from messaging.migrations.kernel_tables import TABLE

revision = "r1_15"
down_revision = "r1_14"


def upgrade() -> None:
    """Expand."""
    op.create_table(
        "reaction_tally",
        sa.Column("message_id", columns.Uuid, primary_key=True),
        sa.Column("emoji", columns.short_text(32), primary_key=True),
        sa.Column("count", columns.big_integer(), nullable=False),
        sa.Column("user_ids", columns.short_bytes(16 * 20), nullable=False),
        sa.Column("since", columns.UtcTime, nullable=False),
        if_not_exists=True,
        **TABLE,
    )
