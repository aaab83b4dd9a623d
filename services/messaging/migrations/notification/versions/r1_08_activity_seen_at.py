"""Finding activity that is old enough to forget."""

from messaging.migrations.ddl import create_index

revision = "r1_08"
down_revision = "r1_07"


def upgrade() -> None:
    """Expand."""
    create_index("ix_activity_seen_at", "activity", ["seen_at"])
    create_index("ix_activity_mention_seen_at", "activity_mention", ["seen_at"])
