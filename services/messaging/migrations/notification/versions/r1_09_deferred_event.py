"""Messages whose change of membership has not arrived yet."""

import sqlalchemy as sa
from alembic import op

from messaging.kernel import columns
from messaging.migrations.kernel_tables import TABLE

revision = "r1_09"
down_revision = "r1_08"


def upgrade() -> None:
    """Expand."""
    op.create_table(
        "deferred_event",
        sa.Column("id", columns.big_integer(), primary_key=True, autoincrement=True),
        sa.Column("conversation_id", columns.Uuid, nullable=False),
        sa.Column("member_version", columns.big_integer(), nullable=False),
        sa.Column("body", columns.long_text(), nullable=False),
        sa.Column("received_at", columns.UtcTime, nullable=False),
        if_not_exists=True,
        **TABLE,
    )
