"""What is known of people: their names as profiles tell them."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from messaging.kernel.upsert import insert_missing, insert_or_replace, locked
from messaging.message.store.rows import table_of
from messaging.message.tables import PersonRow


async def find(session: AsyncSession, ids: Iterable[UUID]) -> dict[UUID, PersonRow]:
    """Return those of the people who are known."""
    wanted = list(ids)
    if not wanted:
        return {}
    query = select(PersonRow).where(col(PersonRow.user_id).in_(wanted))
    return {row.user_id: row for row in (await session.execute(query)).scalars()}


async def note(session: AsyncSession, user_id: UUID, username: str) -> None:
    """Remember the name that a person's token tells, unless their profile is known."""
    row = {"user_id": user_id, "username": username, "display_name": username, "avatar_url": None, "version": 0}
    await session.execute(insert_missing(session, table_of(PersonRow), [row]))


async def save_newer(session: AsyncSession, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write profiles that are newer than what is known; at most one row for each person."""
    if not rows:
        return
    query = select(PersonRow).where(col(PersonRow.user_id).in_([row["user_id"] for row in rows]))
    query = query.order_by(col(PersonRow.user_id))
    known = {row.user_id: row.version for row in (await session.execute(locked(session, query))).scalars()}
    newer = [row for row in rows if row["version"] > known.get(row["user_id"], -1)]
    if newer:
        updated = ("username", "display_name", "avatar_url", "version")
        await session.execute(insert_or_replace(session, table_of(PersonRow), newer, update=updated))
