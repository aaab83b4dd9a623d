"""Which service has removed its part of a deleted account."""

import sqlalchemy as sa
from alembic import op

from messaging.kernel import columns
from messaging.migrations.kernel_tables import TABLE

revision = "r1_11"
down_revision = "r1_10"


def upgrade() -> None:
    """Expand."""
    op.create_table(
        "deletion_part",
        sa.Column("user_id", columns.Uuid, primary_key=True),
        sa.Column("service", columns.short_text(20), primary_key=True),
        sa.Column("done_at", columns.UtcTime),
        if_not_exists=True,
        **TABLE,
    )
