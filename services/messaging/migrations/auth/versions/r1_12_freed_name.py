"""User names of deleted accounts that nobody may take yet, as keyed hashes."""

import sqlalchemy as sa
from alembic import op

from messaging.kernel import columns
from messaging.migrations.kernel_tables import TABLE

revision = "r1_12"
down_revision = "r1_11"


def upgrade() -> None:
    """Expand."""
    op.create_table(
        "freed_name",
        sa.Column("name_hash", columns.fixed_bytes(32), primary_key=True),
        sa.Column("until", columns.UtcTime, nullable=False),
        sa.Index("ix_freed_name_until", "until"),
        if_not_exists=True,
        **TABLE,
    )
