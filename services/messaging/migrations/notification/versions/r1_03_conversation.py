"""Conversations as far as notifications need them."""

import sqlalchemy as sa
from alembic import op

from messaging.kernel import columns
from messaging.migrations.kernel_tables import TABLE

revision = "r1_03"
down_revision = "r1_02"


def upgrade() -> None:
    """Expand."""
    op.create_table(
        "conversation",
        sa.Column("id", columns.Uuid, primary_key=True),
        sa.Column("kind", columns.short_text(10), nullable=False),
        sa.Column("title", columns.short_text(100)),
        sa.Column("title_version", columns.big_integer(), nullable=False),
        sa.Column("member_version", columns.big_integer(), nullable=False),
        if_not_exists=True,
        **TABLE,
    )
