"""Only messages that have been changed have a row of their own, which names whom the changes mention."""

import sqlalchemy as sa
from alembic import op

from messaging.kernel import columns
from messaging.migrations.ddl import add_column, drop_column

revision = "r1_20"
down_revision = "r1_19"


def upgrade() -> None:
    """Contract: no release has had the column that goes."""
    op.execute("DELETE FROM activity")
    drop_column("activity", "sent")
    add_column("activity", sa.Column("mentions", columns.short_bytes(16 * 50)))
