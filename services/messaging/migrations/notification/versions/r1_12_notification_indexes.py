"""Lists of notifications, newest first, and what is found by conversation or age."""

from messaging.migrations.ddl import create_index

revision = "r1_12"
down_revision = "r1_11"


def upgrade() -> None:
    """Expand."""
    create_index("ix_notification_user_id_updated_at_id", "notification", ["user_id", "updated_at", "id"])
    create_index("ix_notification_user_id_is_open_updated_at_id", "notification", ["user_id", "is_open", "updated_at", "id"])
    create_index("ix_notification_conversation_id_last_seq", "notification", ["conversation_id", "last_seq"])
    create_index("ix_notification_read_at", "notification", ["read_at"])
