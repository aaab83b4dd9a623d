"""Reactions to messages."""

import sqlalchemy as sa
from alembic import op

from messaging.kernel import columns
from messaging.migrations.ddl import create_index
from messaging.migrations.kernel_tables import TABLE

revision = "r1_09"
down_revision = "r1_08"


def upgrade() -> None:
    """Expand."""
    op.create_table(
        "reaction",
        sa.Column("message_id", columns.Uuid, primary_key=True),
        sa.Column("emoji", columns.short_text(32), primary_key=True),
        sa.Column("user_id", columns.Uuid, primary_key=True),
        sa.Column("reacted_at", columns.UtcTime, nullable=False),
        if_not_exists=True,
        **TABLE,
    )
    create_index("ix_reaction_user_id", "reaction", ["user_id"])
