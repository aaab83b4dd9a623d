"""Who is named in which system message, beside who did it."""

import sqlalchemy as sa
from alembic import op

from messaging.kernel import columns
from messaging.migrations.kernel_tables import TABLE

revision = "r1_17"
down_revision = "r1_16"


def upgrade() -> None:
    """Expand."""
    op.create_table(
        "named_person",
        sa.Column("message_id", columns.Uuid, primary_key=True),
        sa.Column("user_id", columns.Uuid, primary_key=True),
        sa.Index("ix_named_person_user_id", "user_id"),
        if_not_exists=True,
        **TABLE,
    )
