"""All SQL of the user service. Functions take the caller's transaction; none commits."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Table, select
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from messaging.kernel.upsert import insert_missing, locked
from messaging.user.tables import ProfileRow

MAX_IDS = 500


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


async def locked_profiles(session: AsyncSession, user_ids: Sequence[UUID]) -> Sequence[ProfileRow]:
    """Find up to `MAX_IDS` profiles and hold their rows, always in the same order."""
    query = (
        select(ProfileRow).where(col(ProfileRow.user_id).in_(user_ids)).order_by(col(ProfileRow.user_id)).limit(MAX_IDS)
    )
    return (await session.execute(locked(session, query))).scalars().all()


async def add_missing(session: AsyncSession, rows: Sequence[dict[str, Any]]) -> None:
    """Add profiles, by column; those that are there already stay as they are."""
    if rows:
        table: Table = ProfileRow.__table__  # type: ignore[attr-defined]  # SQLModel adds it to table models
        await session.execute(insert_missing(session, table, rows))


async def profiles_after(session: AsyncSession, last: UUID | None, limit: int) -> Sequence[ProfileRow]:
    """Return up to `limit` profiles behind the id `last`, oldest first."""
    query = select(ProfileRow).order_by(col(ProfileRow.user_id)).limit(limit)
    if last is not None:
        query = query.where(col(ProfileRow.user_id) > last)
    return (await session.execute(query)).scalars().all()
