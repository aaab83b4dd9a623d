"""What members want to be told of."""

import sqlalchemy as sa

from messaging.kernel import columns
from messaging.migrations.ddl import add_column

revision = "r1_15"
down_revision = "r1_14"


def upgrade() -> None:
    """Expand."""
    add_column("membership", sa.Column("level", columns.short_text(8), nullable=False, server_default="all"))
    add_column("membership", sa.Column("muted_until", columns.UtcTime))
    add_column("membership", sa.Column("level_version", columns.big_integer(), nullable=False, server_default="0"))
