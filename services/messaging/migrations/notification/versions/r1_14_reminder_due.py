"""Finding the reminders that are due."""

from messaging.migrations.ddl import create_index

revision = "r1_14"
down_revision = "r1_13"


def upgrade() -> None:
    """Expand."""
    create_index("ix_reminder_is_pending_due_at", "reminder", ["is_pending", "due_at"])
