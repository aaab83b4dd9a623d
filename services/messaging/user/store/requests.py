"""Requests to be contacts, as their senders and their receivers see them."""

from datetime import datetime
from uuid import UUID

from messaging_wire.user import RequestDirection
from sqlalchemy import ColumnElement, and_, delete, func, or_, select
from sqlalchemy.orm import Mapped
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from messaging.user.tables import ProfileRow, RequestRow


async def between(session: AsyncSession, user_id: UUID, other_id: UUID) -> dict[UUID, RequestRow]:
    """Return the open requests of two people to each other, by who has sent them."""
    query = select(RequestRow).where(_of_pair(user_id, other_id))
    return {row.sender_id: row for row in (await session.execute(query)).scalars()}


async def remove(session: AsyncSession, user_id: UUID, other_id: UUID) -> None:
    """Delete the open requests of two people to each other."""
    await session.execute(delete(RequestRow).where(_of_pair(user_id, other_id)))


async def count(session: AsyncSession, user_id: UUID, direction: RequestDirection) -> int:
    """Count the open requests to or from a person; the number is bounded by who adds them."""
    own, _ = _sides(direction)
    query = select(func.count()).select_from(RequestRow).where(own == user_id)
    return int((await session.execute(query)).scalar_one())


async def page(
    session: AsyncSession,
    user_id: UUID,
    direction: RequestDirection,
    *,
    before: tuple[datetime, UUID] | None,
    limit: int,
) -> list[tuple[RequestRow, ProfileRow]]:
    """Return a person's open requests with the others' profiles, newest first."""
    own, other = _sides(direction)
    made = col(RequestRow.created_at)
    query = select(RequestRow, ProfileRow).join(ProfileRow, col(ProfileRow.user_id) == other).where(own == user_id)
    if before is not None:
        query = query.where(made <= before[0], or_(made < before[0], and_(made == before[0], other < before[1])))
    rows = (await session.execute(query.order_by(made.desc(), other.desc()).limit(limit))).all()
    return [(row[0], row[1]) for row in rows]


def _sides(direction: RequestDirection) -> tuple[Mapped[UUID], Mapped[UUID]]:
    sender, receiver = col(RequestRow.sender_id), col(RequestRow.receiver_id)
    return (receiver, sender) if direction == "incoming" else (sender, receiver)


def _of_pair(user_id: UUID, other_id: UUID) -> ColumnElement[bool]:
    sender, receiver = col(RequestRow.sender_id), col(RequestRow.receiver_id)
    return or_(
        and_(sender == user_id, receiver == other_id),
        and_(sender == other_id, receiver == user_id),
    )
