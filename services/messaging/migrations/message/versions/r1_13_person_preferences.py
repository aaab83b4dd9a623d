"""What people have chosen, and finding them by name."""

import sqlalchemy as sa
from alembic import op

from messaging.kernel import columns
from messaging.migrations.ddl import add_column, create_index

revision = "r1_13"
down_revision = "r1_12"


def upgrade() -> None:
    """Expand."""
    add_column("person", sa.Column("username_key", columns.short_text(50), nullable=False, server_default=""))
    op.execute("UPDATE person SET username_key = LOWER(username) WHERE username_key = ''")
    choice = sa.Column("direct_messages", columns.short_text(8), nullable=False, server_default="everyone")
    add_column("person", choice)
    add_column("person", sa.Column("sends_receipts", sa.Boolean, nullable=False, server_default=sa.true()))
    add_column("person", sa.Column("shows_presence", sa.Boolean, nullable=False, server_default=sa.true()))
    create_index("ix_person_username_key", "person", ["username_key"])
