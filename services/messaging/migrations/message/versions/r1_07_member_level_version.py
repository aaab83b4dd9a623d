"""How often a member has changed what they want to be told of."""

import sqlalchemy as sa

from messaging.kernel import columns
from messaging.migrations.ddl import add_column

revision = "r1_07"
down_revision = "r1_06"


def upgrade() -> None:
    """Expand."""
    add_column("member", sa.Column("level_version", columns.big_integer(), nullable=False, server_default="0"))
