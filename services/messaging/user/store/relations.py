"""Contacts and blocks: a row for each direction of a pair."""

from collections.abc import Collection, Sequence
from typing import Literal
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, or_, select, true
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from messaging.user.tables import ProfileRow, RelationRow

Kind = Literal["contact", "blocked"]


async def between(session: AsyncSession, user_id: UUID, other_id: UUID) -> dict[UUID, RelationRow]:
    """Return what two people have said of each other, by who has said it."""
    query = select(RelationRow).where(
        or_(
            and_(col(RelationRow.user_id) == user_id, col(RelationRow.other_id) == other_id),
            and_(col(RelationRow.user_id) == other_id, col(RelationRow.other_id) == user_id),
        )
    )
    return {row.user_id: row for row in (await session.execute(query)).scalars()}


async def count(session: AsyncSession, user_id: UUID, kind: Kind) -> int:
    """Count a person's contacts or blocks; the number is bounded by who adds them."""
    query = select(func.count()).select_from(RelationRow).where(col(RelationRow.user_id) == user_id, _holds(kind))
    return int((await session.execute(query)).scalar_one())


async def page(
    session: AsyncSession, user_id: UUID, kind: Kind, *, after: UUID | None, limit: int
) -> list[tuple[RelationRow, ProfileRow]]:
    """Return a person's contacts or blocks with their profiles, by id."""
    query = (
        select(RelationRow, ProfileRow)
        .join(ProfileRow, col(ProfileRow.user_id) == col(RelationRow.other_id))
        .where(col(RelationRow.user_id) == user_id, _holds(kind))
    )
    if after is not None:
        query = query.where(col(RelationRow.other_id) > after)
    rows = (await session.execute(query.order_by(col(RelationRow.other_id)).limit(limit))).all()
    return [(row[0], row[1]) for row in rows]


async def contacts_among(session: AsyncSession, user_id: UUID, others: Collection[UUID]) -> set[UUID]:
    """Return those of `others` who are the person's contacts."""
    query = select(col(RelationRow.other_id)).where(
        col(RelationRow.user_id) == user_id, col(RelationRow.other_id).in_(list(others)), _holds("contact")
    )
    return set((await session.execute(query)).scalars())


async def blockers_among(session: AsyncSession, user_id: UUID, others: Collection[UUID]) -> set[UUID]:
    """Return those of `others` who have blocked the person."""
    query = select(col(RelationRow.user_id)).where(
        col(RelationRow.user_id).in_(list(others)), col(RelationRow.other_id) == user_id, _holds("blocked")
    )
    return set((await session.execute(query)).scalars())


async def all_after(session: AsyncSession, last: tuple[UUID, UUID] | None, limit: int) -> Sequence[RelationRow]:
    """Return up to `limit` rows behind the pair `last`, in the order of the pairs."""
    query = select(RelationRow).order_by(col(RelationRow.user_id), col(RelationRow.other_id)).limit(limit)
    if last is not None:
        same = and_(col(RelationRow.user_id) == last[0], col(RelationRow.other_id) > last[1])
        query = query.where(col(RelationRow.user_id) >= last[0], or_(col(RelationRow.user_id) > last[0], same))
    return (await session.execute(query)).scalars().all()


def _holds(kind: Kind) -> ColumnElement[bool]:
    column = col(RelationRow.contact) if kind == "contact" else col(RelationRow.blocked)
    return column == true()  # MySQL reads no index for `IS TRUE`
