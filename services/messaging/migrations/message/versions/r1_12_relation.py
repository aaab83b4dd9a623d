"""Who is whose contact, and who has blocked whom."""

import sqlalchemy as sa
from alembic import op

from messaging.kernel import columns
from messaging.migrations.ddl import create_index
from messaging.migrations.kernel_tables import TABLE

revision = "r1_12"
down_revision = "r1_11"


def upgrade() -> None:
    """Expand."""
    op.create_table(
        "relation",
        sa.Column("user_id", columns.Uuid, primary_key=True),
        sa.Column("other_id", columns.Uuid, primary_key=True),
        sa.Column("contact", sa.Boolean, nullable=False),
        sa.Column("blocked", sa.Boolean, nullable=False),
        sa.Column("version", columns.big_integer(), nullable=False),
        if_not_exists=True,
        **TABLE,
    )
    create_index("ix_relation_other_id", "relation", ["other_id"])
