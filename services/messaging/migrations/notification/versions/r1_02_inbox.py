"""Events worked off."""

from messaging.migrations import kernel_tables

revision = "r1_02"
down_revision = "r1_01"


def upgrade() -> None:
    """Expand."""
    kernel_tables.create_inbox()
