"""Finding the links of an export, and those that have expired."""

from messaging.migrations.ddl import create_index

revision = "r1_07"
down_revision = "r1_06"


def upgrade() -> None:
    """Expand."""
    create_index("ix_download_link_export_id", "download_link", ["export_id"])
    create_index("ix_download_link_expires_at", "download_link", ["expires_at"])
