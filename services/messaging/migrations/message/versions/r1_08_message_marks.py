"""What is seen with a message: who is mentioned, whether it is pinned and whether anybody reacted."""

import sqlalchemy as sa

from messaging.kernel import columns
from messaging.migrations.ddl import add_column

revision = "r1_08"
down_revision = "r1_07"


def upgrade() -> None:
    """Expand."""
    add_column("message", sa.Column("mentions", columns.short_bytes(800)))
    add_column("message", sa.Column("pinned", sa.Boolean, nullable=False, server_default=sa.false()))
    add_column("message", sa.Column("reacted", sa.Boolean, nullable=False, server_default=sa.false()))
