"""Accounts."""

import sqlalchemy as sa
from alembic import op

from messaging.kernel import columns
from messaging.migrations.kernel_tables import TABLE

revision = "r1_03"
down_revision = "r1_02"


def upgrade() -> None:
    """Expand."""
    op.create_table(
        "account",
        sa.Column("id", columns.Uuid, primary_key=True),
        sa.Column("username", columns.short_text(50), nullable=False),
        sa.Column("username_key", columns.short_text(50), nullable=False, unique=True),
        sa.Column("email", columns.short_text(254), nullable=False),
        sa.Column("email_key", columns.short_text(254), nullable=False),
        sa.Column("verified_email_key", columns.short_text(254), nullable=True, unique=True),
        sa.Column("password_hash", columns.short_text(255), nullable=False),
        sa.Column("is_administrator", sa.Boolean, nullable=False),
        sa.Column("version", columns.big_integer(), nullable=False),
        sa.Column("created_at", columns.UtcTime, nullable=False),
        sa.Column("disabled_at", columns.UtcTime),
        sa.Index("ix_account_email_key", "email_key"),
        if_not_exists=True,
        **TABLE,
    )
