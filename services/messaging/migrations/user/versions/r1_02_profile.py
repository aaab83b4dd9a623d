"""Profiles."""

import sqlalchemy as sa
from alembic import op

from messaging.kernel import columns
from messaging.migrations.kernel_tables import TABLE

revision = "r1_02"
down_revision = "r1_01"


def upgrade() -> None:
    """Expand."""
    op.create_table(
        "profile",
        sa.Column("user_id", columns.Uuid, primary_key=True),
        sa.Column("username", columns.short_text(50), nullable=False),
        sa.Column("username_key", columns.short_text(50), nullable=False),
        sa.Column("display_name", columns.short_text(100), nullable=False),
        sa.Column("bio", columns.short_text(1000), nullable=False),
        sa.Column("avatar_url", columns.short_text(500)),
        sa.Column("email", columns.short_text(254), nullable=False),
        sa.Column("account_version", columns.big_integer(), nullable=False),
        sa.Column("version", columns.big_integer(), nullable=False),
        sa.Column("created_at", columns.UtcTime, nullable=False),
        sa.Column("updated_at", columns.UtcTime, nullable=False),
        sa.Index("ix_profile_username_key_user_id", "username_key", "user_id"),
        if_not_exists=True,
        **TABLE,
    )
