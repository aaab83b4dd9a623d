"""The bytes of exports."""

import sqlalchemy as sa
from alembic import op

from messaging.kernel import columns
from messaging.migrations.kernel_tables import TABLE

revision = "r1_05"
down_revision = "r1_04"


def upgrade() -> None:
    """Expand."""
    op.create_table(
        "export_chunk",
        sa.Column("export_id", columns.Uuid, primary_key=True),
        sa.Column("number", columns.big_integer(), primary_key=True, autoincrement=False),
        sa.Column("start", columns.big_integer(), nullable=False),
        sa.Column("length", columns.big_integer(), nullable=False),
        sa.Column("content", columns.long_bytes(), nullable=False),
        if_not_exists=True,
        **TABLE,
    )
