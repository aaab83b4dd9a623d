"""Links to exports, good for one holder."""

import sqlalchemy as sa
from alembic import op

from messaging.kernel import columns
from messaging.migrations.kernel_tables import TABLE

revision = "r1_06"
down_revision = "r1_05"


def upgrade() -> None:
    """Expand."""
    op.create_table(
        "download_link",
        sa.Column("id", columns.Uuid, primary_key=True),
        sa.Column("export_id", columns.Uuid, nullable=False),
        sa.Column("holder", columns.fixed_bytes(32)),
        sa.Column("expires_at", columns.UtcTime, nullable=False),
        if_not_exists=True,
        **TABLE,
    )
