"""What people have chosen, and finding those who may be found."""

import sqlalchemy as sa

from messaging.kernel import columns
from messaging.migrations.ddl import add_column, create_index

revision = "r1_03"
down_revision = "r1_02"


def upgrade() -> None:
    """Expand."""
    add_column("profile", sa.Column("discoverable", sa.Boolean, nullable=False, server_default=sa.false()))
    choice = sa.Column("direct_messages", columns.short_text(8), nullable=False, server_default="everyone")
    add_column("profile", choice)
    add_column("profile", sa.Column("show_presence", sa.Boolean, nullable=False, server_default=sa.true()))
    add_column("profile", sa.Column("send_read_receipts", sa.Boolean, nullable=False, server_default=sa.true()))
    add_column("profile", sa.Column("locale", columns.short_text(35), nullable=False, server_default="en"))
    add_column("profile", sa.Column("time_zone", columns.short_text(64), nullable=False, server_default="UTC"))
    names = ["discoverable", "username_key", "user_id"]
    create_index("ix_profile_discoverable_username_key_user_id", "profile", names)
