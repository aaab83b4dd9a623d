"""Reports to the administrators."""

import sqlalchemy as sa
from alembic import op

from messaging.kernel import columns
from messaging.migrations.kernel_tables import TABLE

revision = "r1_07"
down_revision = "r1_06"


def upgrade() -> None:
    """Expand."""
    op.create_table(
        "report",
        sa.Column("id", columns.Uuid, primary_key=True),
        sa.Column("reporter_id", columns.Uuid, nullable=False),
        sa.Column("kind", columns.short_text(8), nullable=False),
        sa.Column("target_id", columns.Uuid, nullable=False),
        sa.Column("reason", columns.short_text(16), nullable=False),
        sa.Column("text", columns.short_text(2000), nullable=False),
        sa.Column("created_at", columns.UtcTime, nullable=False),
        sa.UniqueConstraint("reporter_id", "kind", "target_id", name="uq_report_reporter_id_kind_target_id"),
        sa.Index("ix_report_reporter_id_created_at", "reporter_id", "created_at"),
        sa.Index("ix_report_target_id", "target_id"),
        if_not_exists=True,
        **TABLE,
    )
