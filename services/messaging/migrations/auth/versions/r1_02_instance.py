"""The row that names this database's history."""

import sqlalchemy as sa
from alembic import op

from messaging.kernel import columns
from messaging.migrations.kernel_tables import TABLE

revision = "r1_02"
down_revision = "r1_01"


def upgrade() -> None:
    """Expand."""
    op.create_table(
        "instance",
        sa.Column("id", columns.big_integer(), primary_key=True, autoincrement=False),
        sa.Column("epoch", columns.Uuid, nullable=False),
        sa.Column("last_position", columns.big_integer(), nullable=False),
        if_not_exists=True,
        **TABLE,
    )
