"""Statements of revisions that may run twice: MySQL commits at each, and a migration may be interrupted."""

import sqlalchemy as sa
from alembic import op


def create_index(name: str, table: str, columns: list[str], *, unique: bool = False) -> None:
    """Make an index unless it is there (MySQL has no `CREATE INDEX IF NOT EXISTS`)."""
    present = {index["name"] for index in sa.inspect(op.get_bind()).get_indexes(table)}
    if name not in present:
        op.create_index(name, table, columns, unique=unique)
