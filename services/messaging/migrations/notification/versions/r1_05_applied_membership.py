"""Changes of membership that came before an earlier one."""

import sqlalchemy as sa
from alembic import op

from messaging.kernel import columns
from messaging.migrations.kernel_tables import TABLE

revision = "r1_05"
down_revision = "r1_04"


def upgrade() -> None:
    """Expand."""
    op.create_table(
        "applied_membership",
        sa.Column("conversation_id", columns.Uuid, primary_key=True),
        sa.Column("version", columns.big_integer(), primary_key=True, autoincrement=False),
        if_not_exists=True,
        **TABLE,
    )
