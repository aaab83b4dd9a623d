"""Messages as far as counting and previews need them."""

import sqlalchemy as sa
from alembic import op

from messaging.kernel import columns
from messaging.migrations.kernel_tables import TABLE

revision = "r1_06"
down_revision = "r1_05"


def upgrade() -> None:
    """Expand."""
    op.create_table(
        "activity",
        sa.Column("conversation_id", columns.Uuid, primary_key=True),
        sa.Column("seq", columns.big_integer(), primary_key=True, autoincrement=False),
        sa.Column("rev", columns.big_integer(), nullable=False),
        sa.Column("sent", sa.Boolean, nullable=False),
        sa.Column("preview", columns.short_text(200), nullable=False),
        sa.Column("seen_at", columns.UtcTime, nullable=False),
        if_not_exists=True,
        **TABLE,
    )
