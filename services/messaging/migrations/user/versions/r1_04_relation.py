"""Contacts and blocks."""

import sqlalchemy as sa
from alembic import op

from messaging.kernel import columns
from messaging.migrations.kernel_tables import TABLE

revision = "r1_04"
down_revision = "r1_03"


def upgrade() -> None:
    """Expand."""
    op.create_table(
        "relation",
        sa.Column("user_id", columns.Uuid, primary_key=True),
        sa.Column("other_id", columns.Uuid, primary_key=True),
        sa.Column("contact", sa.Boolean, nullable=False),
        sa.Column("blocked", sa.Boolean, nullable=False),
        sa.Column("changed_at", columns.UtcTime, nullable=False),
        sa.Column("version", columns.big_integer(), nullable=False),
        sa.Index("ix_relation_user_id_contact_other_id", "user_id", "contact", "other_id"),
        sa.Index("ix_relation_user_id_blocked_other_id", "user_id", "blocked", "other_id"),
        sa.Index("ix_relation_other_id", "other_id"),
        if_not_exists=True,
        **TABLE,
    )
