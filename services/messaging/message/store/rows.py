"""Model classes as tables, for statements that write many rows at once."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Table, insert
from sqlmodel import SQLModel
from sqlmodel.ext.asyncio.session import AsyncSession


def table_of(model: type[SQLModel]) -> Table:
    """The table behind a model class."""
    table: Table = model.__table__  # type: ignore[attr-defined]  # SQLModel adds it
    return table


async def insert_rows(session: AsyncSession, rows: Sequence[SQLModel]) -> None:
    """Insert rows of one table in one round trip, in their order.

    Not as one statement of many values: the library compiles such a statement anew for every number of rows, which
    costs more than all else; the driver joins the rows of an executemany by itself.

    Raises:
        sqlalchemy.exc.IntegrityError: one of them meets a unique key.
    """
    if not rows:
        return
    values: list[dict[str, Any]] = [row.model_dump() for row in rows]
    await session.execute(insert(table_of(type(rows[0]))), values)
