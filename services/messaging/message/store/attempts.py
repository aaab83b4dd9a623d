"""Wrong join codes that people have tried lately, counted for all replicas together."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from messaging.kernel.upsert import insert_missing, locked
from messaging.message.store.rows import table_of
from messaging.message.tables import JoinAttemptRow


async def lock(session: AsyncSession, user_id: UUID) -> JoinAttemptRow | None:
    """Lock and return what a person has tried, if anything."""
    query = select(JoinAttemptRow).where(col(JoinAttemptRow.user_id) == user_id)
    query = query.execution_options(populate_existing=True)
    return (await session.execute(locked(session, query))).scalar_one_or_none()


async def lock_or_begin(session: AsyncSession, user_id: UUID, now: datetime) -> JoinAttemptRow:
    """Lock what a person has tried; somebody who has tried nothing begins with none."""
    row = {"user_id": user_id, "since": now, "wrong": 0}
    await session.execute(insert_missing(session, table_of(JoinAttemptRow), [row]))
    found = await lock(session, user_id)
    assert found is not None  # noqa: S101 - it was inserted a line above
    return found
