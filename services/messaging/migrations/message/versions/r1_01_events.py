"""The tables that every service has."""

from messaging.migrations import kernel_tables

revision = "r1_01"
down_revision = None


def upgrade() -> None:
    """Expand."""
    kernel_tables.create_outbox()
    kernel_tables.create_inbox()
