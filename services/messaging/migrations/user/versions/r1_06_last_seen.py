"""When people were last there."""

import sqlalchemy as sa
from alembic import op

from messaging.kernel import columns
from messaging.migrations.kernel_tables import TABLE

revision = "r1_06"
down_revision = "r1_05"


def upgrade() -> None:
    """Expand."""
    op.create_table(
        "last_seen",
        sa.Column("user_id", columns.Uuid, primary_key=True),
        sa.Column("last_seen_at", columns.UtcTime, nullable=False),
        if_not_exists=True,
        **TABLE,
    )
