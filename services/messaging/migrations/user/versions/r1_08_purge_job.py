"""Deleted accounts whose data goes here, and afterwards the tombstones of them."""

from messaging.migrations import kernel_tables

revision = "r1_08"
down_revision = "r1_07"


def upgrade() -> None:
    """Expand."""
    kernel_tables.create_purge_job()
