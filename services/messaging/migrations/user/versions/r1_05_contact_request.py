"""Requests to be contacts."""

import sqlalchemy as sa
from alembic import op

from messaging.kernel import columns
from messaging.migrations.kernel_tables import TABLE

revision = "r1_05"
down_revision = "r1_04"


def upgrade() -> None:
    """Expand."""
    op.create_table(
        "contact_request",
        sa.Column("sender_id", columns.Uuid, primary_key=True),
        sa.Column("receiver_id", columns.Uuid, primary_key=True),
        sa.Column("created_at", columns.UtcTime, nullable=False),
        sa.Index("ix_contact_request_sender_id_created_at", "sender_id", "created_at", "receiver_id"),
        sa.Index("ix_contact_request_receiver_id_created_at", "receiver_id", "created_at", "sender_id"),
        if_not_exists=True,
        **TABLE,
    )
