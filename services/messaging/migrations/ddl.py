"""Statements of revisions that may run twice: MySQL commits at each, and a migration may be interrupted."""

from typing import Any

import sqlalchemy as sa
from alembic import op


def create_index(name: str, table: str, columns: list[str], *, unique: bool = False) -> None:
    """Make an index unless it is there (MySQL has no `CREATE INDEX IF NOT EXISTS`)."""
    present = {index["name"] for index in sa.inspect(op.get_bind()).get_indexes(table)}
    if name not in present:
        op.create_index(name, table, columns, unique=unique)


def add_column(table: str, column: sa.Column[Any]) -> None:
    """Add a column unless it is there."""
    present = {found["name"] for found in sa.inspect(op.get_bind()).get_columns(table)}
    if column.name not in present:
        op.add_column(table, column)


def drop_column(table: str, name: str) -> None:
    """Drop a column unless it is gone."""
    present = {found["name"] for found in sa.inspect(op.get_bind()).get_columns(table)}
    if name in present:
        op.drop_column(table, name)
