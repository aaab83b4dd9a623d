"""Profiles: by id, by name, and those of people who may be found."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Table, and_, exists, or_, select, true
from sqlmodel import SQLModel, col
from sqlmodel.ext.asyncio.session import AsyncSession

from messaging.kernel.upsert import insert_missing, locked
from messaging.user.tables import ProfileRow, RelationRow

MAX_IDS = 500
LAST_CHARACTER = "\U0010ffff"
"""Sorts behind every character of a name, so that a prefix is a range in both databases."""


def table_of(model: type[SQLModel]) -> Table:
    """The table behind a model class."""
    table: Table = model.__table__  # type: ignore[attr-defined]  # SQLModel adds it to table models
    return table


async def profile_by_id(session: AsyncSession, user_id: UUID) -> ProfileRow | None:
    """Find a profile."""
    query = select(ProfileRow).where(col(ProfileRow.user_id) == user_id)
    return (await session.execute(query)).scalar_one_or_none()


async def profile_by_username(session: AsyncSession, key: str) -> ProfileRow | None:
    """Find the newest profile with that folded user name."""
    query = (
        select(ProfileRow).where(col(ProfileRow.username_key) == key).order_by(col(ProfileRow.user_id).desc()).limit(1)
    )
    return (await session.execute(query)).scalar_one_or_none()


async def profiles_by_ids(session: AsyncSession, user_ids: Sequence[UUID]) -> Sequence[ProfileRow]:
    """Find up to `MAX_IDS` profiles, in no order."""
    query = select(ProfileRow).where(col(ProfileRow.user_id).in_(user_ids)).limit(MAX_IDS)
    return (await session.execute(query)).scalars().all()


async def found_by(
    session: AsyncSession, viewer: UUID, prefix: str, *, after: tuple[str, UUID] | None, limit: int
) -> Sequence[ProfileRow]:
    """Return people who may be found and whose folded name begins with `prefix`, by name; blockers are left out."""
    name, user_id = col(ProfileRow.username_key), col(ProfileRow.user_id)
    blocked = exists().where(
        col(RelationRow.user_id) == user_id, col(RelationRow.other_id) == viewer, col(RelationRow.blocked) == true()
    )
    query = select(ProfileRow).where(
        col(ProfileRow.discoverable) == true(), name >= prefix, name < prefix + LAST_CHARACTER, ~blocked
    )
    if after is not None:
        query = query.where(name >= after[0], or_(name > after[0], and_(name == after[0], user_id > after[1])))
    return (await session.execute(query.order_by(name, user_id).limit(limit))).scalars().all()


async def locked_profiles(session: AsyncSession, user_ids: Sequence[UUID]) -> Sequence[ProfileRow]:
    """Find up to `MAX_IDS` profiles and hold their rows, always in the same order."""
    query = (
        select(ProfileRow).where(col(ProfileRow.user_id).in_(user_ids)).order_by(col(ProfileRow.user_id)).limit(MAX_IDS)
    )
    return (await session.execute(locked(session, query))).scalars().all()


async def add_missing(session: AsyncSession, rows: Sequence[dict[str, Any]]) -> None:
    """Add profiles, by column; those that are there already stay as they are."""
    if rows:
        await session.execute(insert_missing(session, table_of(ProfileRow), rows))


async def profiles_after(session: AsyncSession, last: UUID | None, limit: int) -> Sequence[ProfileRow]:
    """Return up to `limit` profiles behind the id `last`, oldest first."""
    query = select(ProfileRow).order_by(col(ProfileRow.user_id)).limit(limit)
    if last is not None:
        query = query.where(col(ProfileRow.user_id) > last)
    return (await session.execute(query)).scalars().all()
