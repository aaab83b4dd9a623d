"""Invitations into groups that wait for an answer."""

import sqlalchemy as sa
from alembic import op

from messaging.kernel import columns
from messaging.migrations.ddl import create_index
from messaging.migrations.kernel_tables import TABLE

revision = "r1_11"
down_revision = "r1_10"


def upgrade() -> None:
    """Expand."""
    op.create_table(
        "invitation",
        sa.Column("conversation_id", columns.Uuid, primary_key=True),
        sa.Column("user_id", columns.Uuid, primary_key=True),
        sa.Column("inviter_id", columns.Uuid, nullable=False),
        sa.Column("created_at", columns.UtcTime, nullable=False),
        if_not_exists=True,
        **TABLE,
    )
    create_index("ix_invitation_user_id_created_at", "invitation", ["user_id", "created_at"])
