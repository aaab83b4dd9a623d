"""SQL of reminders that wait for their time."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, delete, func, insert, select, update
from sqlmodel.ext.asyncio.session import AsyncSession

from messaging.kernel.upsert import locked
from messaging.notification.tables import reminders

DUE_AT_ONCE = 100


async def by_client_id(session: AsyncSession, user_id: UUID, client_id: UUID) -> RowMapping | None:
    """The reminder that a person made under this id of their own."""
    query = select(reminders).where(reminders.c.user_id == user_id, reminders.c.client_id == client_id)
    return (await session.execute(query)).mappings().one_or_none()


async def add(session: AsyncSession, row: Mapping[str, Any]) -> None:
    """Insert a reminder.

    Raises:
        sqlalchemy.exc.IntegrityError: the person has used this client id before.
    """
    await session.execute(insert(reminders).values(row))


async def count_pending(session: AsyncSession, user_id: UUID) -> int:
    """How many reminders of a person wait."""
    query = select(func.count()).where(reminders.c.user_id == user_id, reminders.c.is_pending == 1)
    return int((await session.execute(query)).scalar_one())


async def remove_pending(session: AsyncSession, user_id: UUID, reminder_id: UUID) -> bool:
    """Delete a reminder that waits; tell whether it was there."""
    mine = (reminders.c.id == reminder_id, reminders.c.user_id == user_id, reminders.c.is_pending == 1)
    found = (await session.execute(locked(session, select(reminders.c.id).where(*mine)))).first() is not None
    if found:
        await session.execute(delete(reminders).where(*mine))
    return found


async def take_due(session: AsyncSession, now: datetime) -> Sequence[RowMapping]:
    """Take some reminders whose time has come; those that another replica is taking are left to it."""
    query = (
        select(reminders)
        .where(reminders.c.is_pending == 1, reminders.c.due_at <= now)
        .order_by(reminders.c.due_at)
        .limit(DUE_AT_ONCE)
    )
    due = (await session.execute(locked(session, query, skip_locked=True))).mappings().all()
    if due:
        ids = [row["id"] for row in due]
        await session.execute(update(reminders).where(reminders.c.id.in_(ids)).values(is_pending=None))
    return due


async def next_due(session: AsyncSession) -> datetime | None:
    """When the next waiting reminder is due."""
    query = select(reminders.c.due_at).where(reminders.c.is_pending == 1).order_by(reminders.c.due_at).limit(1)
    return (await session.execute(query)).scalar_one_or_none()
