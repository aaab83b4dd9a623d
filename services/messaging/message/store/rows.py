"""Model classes as tables, for statements on bare columns."""

from sqlalchemy import Table
from sqlmodel import SQLModel


def table_of(model: type[SQLModel]) -> Table:
    """The table behind a model class."""
    table: Table = model.__table__  # type: ignore[attr-defined]  # SQLModel adds it
    return table
