"""Signing keys, private halves sealed."""

import sqlalchemy as sa
from alembic import op

from messaging.kernel import columns
from messaging.migrations.kernel_tables import TABLE

revision = "r1_07"
down_revision = "r1_06"


def upgrade() -> None:
    """Expand."""
    op.create_table(
        "signing_key",
        sa.Column("kid", columns.short_text(64), primary_key=True),
        sa.Column("public_jwk", columns.long_text(), nullable=False),
        sa.Column("private_sealed", columns.long_bytes(), nullable=False),
        sa.Column("signs_from", columns.UtcTime, nullable=False),
        if_not_exists=True,
        **TABLE,
    )
