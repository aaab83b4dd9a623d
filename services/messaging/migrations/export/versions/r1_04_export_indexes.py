"""Lists of exports, work that is due, and what has expired."""

from messaging.migrations.ddl import create_index

revision = "r1_04"
down_revision = "r1_03"


def upgrade() -> None:
    """Expand."""
    create_index("ix_export_user_id_id", "export", ["user_id", "id"])
    create_index("ix_export_due_at", "export", ["due_at"])
    create_index("ix_export_expires_at", "export", ["expires_at"])
