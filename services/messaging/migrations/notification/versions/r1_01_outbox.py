"""Events on their way out."""

from messaging.migrations import kernel_tables

revision = "r1_01"
down_revision = None


def upgrade() -> None:
    """Expand."""
    kernel_tables.create_outbox()
