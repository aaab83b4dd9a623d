"""Deleted accounts whose data goes here, and afterwards the memory of who has left."""

from messaging.migrations import kernel_tables

revision = "r1_17"
down_revision = "r1_16"


def upgrade() -> None:
    """Expand."""
    kernel_tables.create_purge_job()
