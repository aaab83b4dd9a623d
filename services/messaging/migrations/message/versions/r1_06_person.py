"""What is known of people, from their profiles."""

import sqlalchemy as sa
from alembic import op

from messaging.kernel import columns
from messaging.migrations.kernel_tables import TABLE

revision = "r1_06"
down_revision = "r1_05"


def upgrade() -> None:
    """Expand."""
    op.create_table(
        "person",
        sa.Column("user_id", columns.Uuid, primary_key=True),
        sa.Column("username", columns.short_text(50), nullable=False),
        sa.Column("display_name", columns.short_text(100), nullable=False),
        sa.Column("avatar_url", columns.short_text(2000)),
        sa.Column("version", columns.big_integer(), nullable=False),
        if_not_exists=True,
        **TABLE,
    )
