"""Rows put into the service's tables without the service, where a test needs many."""

from collections.abc import Sequence

from messaging.message.store.rows import table_of
from sqlalchemy import insert
from sqlmodel import SQLModel
from sqlmodel.ext.asyncio.session import AsyncSession


async def insert_rows(session: AsyncSession, rows: Sequence[SQLModel]) -> None:
    """Insert rows of one table in one round trip, in their order."""
    if rows:
        await session.execute(insert(table_of(type(rows[0]))), [row.model_dump() for row in rows])
