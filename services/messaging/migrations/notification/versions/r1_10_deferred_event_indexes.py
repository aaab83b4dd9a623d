"""Finding deferred events that are ripe, or too old."""

from messaging.migrations.ddl import create_index

revision = "r1_10"
down_revision = "r1_09"


def upgrade() -> None:
    """Expand."""
    create_index("ix_deferred_event_conversation_id_member_version", "deferred_event", ["conversation_id", "member_version"])
    create_index("ix_deferred_event_received_at", "deferred_event", ["received_at"])
