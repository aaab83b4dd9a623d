"""Wrong join codes that people have tried lately."""

import sqlalchemy as sa
from alembic import op

from messaging.kernel import columns
from messaging.migrations.kernel_tables import TABLE

revision = "r1_14"
down_revision = "r1_13"


def upgrade() -> None:
    """Expand."""
    op.create_table(
        "join_attempt",
        sa.Column("user_id", columns.Uuid, primary_key=True),
        sa.Column("since", columns.UtcTime, nullable=False),
        sa.Column("wrong", sa.Integer, nullable=False),
        if_not_exists=True,
        **TABLE,
    )
