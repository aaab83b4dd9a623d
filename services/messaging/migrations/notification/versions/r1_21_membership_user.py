"""One person's memberships found without reading all."""

from messaging.migrations.ddl import create_index

revision = "r1_21"
down_revision = "r1_20"


def upgrade() -> None:
    """Expand."""
    create_index("ix_membership_user_id", "membership", ["user_id"])
