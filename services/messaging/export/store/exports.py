"""SQL of exports and the work on them. Their bytes and links: `downloads.py`."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CursorResult, RowMapping, delete, func, insert, select, update
from sqlmodel.ext.asyncio.session import AsyncSession

from messaging.export.tables import exports
from messaging.kernel.upsert import locked


async def add(session: AsyncSession, row: Mapping[str, Any]) -> None:
    """Insert an export.

    Raises:
        sqlalchemy.exc.IntegrityError: the person has used this client id before.
    """
    await session.execute(insert(exports).values(row))


async def one(session: AsyncSession, user_id: UUID, export_id: UUID, *, lock: bool = False) -> RowMapping | None:
    """A person's own export."""
    query = select(exports).where(exports.c.id == export_id, exports.c.user_id == user_id)
    return (await session.execute(locked(session, query) if lock else query)).mappings().one_or_none()


async def by_client_id(session: AsyncSession, user_id: UUID, client_id: UUID) -> RowMapping | None:
    """The export that a person asked for under this id of their own."""
    query = select(exports).where(exports.c.user_id == user_id, exports.c.client_id == client_id)
    return (await session.execute(query)).mappings().one_or_none()


async def page(session: AsyncSession, user_id: UUID, *, limit: int, before: UUID | None) -> Sequence[RowMapping]:
    """A person's exports, newest first, behind `before`."""
    query = select(exports).where(exports.c.user_id == user_id).order_by(exports.c.id.desc()).limit(limit)
    if before is not None:
        query = query.where(exports.c.id < before)
    return (await session.execute(query)).mappings().all()


async def one_of_person(session: AsyncSession, user_id: UUID) -> RowMapping | None:
    """Hold one of a person's exports, for whoever takes them all away."""
    query = select(exports).where(exports.c.user_id == user_id).order_by(exports.c.id).limit(1)
    return (await session.execute(locked(session, query))).mappings().one_or_none()


async def count(session: AsyncSession, user_id: UUID) -> int:
    """How many exports of a person are kept."""
    query = select(func.count()).select_from(exports).where(exports.c.user_id == user_id)
    return int((await session.execute(query)).scalar_one())


async def claim(session: AsyncSession, *, worker_id: UUID, now: datetime, until: datetime) -> RowMapping | None:
    """Take the export whose work is due longest, if any, and lease it to `worker_id`; return it as it was."""
    query = select(exports).where(exports.c.due_at <= now).order_by(exports.c.due_at).limit(1)
    row = (await session.execute(locked(session, query, skip_locked=True))).mappings().one_or_none()
    if row is not None:
        await session.execute(
            update(exports)
            .where(exports.c.id == row["id"])
            .values(state="running", worker_id=worker_id, due_at=until, attempts=exports.c.attempts + 1)
        )
    return row


async def change_own(session: AsyncSession, export_id: UUID, worker_id: UUID, **values: Any) -> bool:
    """Change an export that this worker still holds; tell whether it does."""
    result = await session.execute(
        update(exports)
        .where(exports.c.id == export_id, exports.c.worker_id == worker_id, exports.c.state == "running")
        .values(**values)
    )
    return isinstance(result, CursorResult) and result.rowcount == 1


async def cancel(session: AsyncSession, export_id: UUID, *, expires_at: datetime) -> None:
    """End an export that has not ended; its caller holds its lock."""
    await session.execute(
        update(exports)
        .where(exports.c.id == export_id)
        .values(state="cancelled", due_at=None, worker_id=None, grant_sealed=None, expires_at=expires_at)
    )


async def expired(session: AsyncSession, now: datetime, *, limit: int) -> Sequence[UUID]:
    """Some exports whose time is over."""
    query = select(exports.c.id).where(exports.c.expires_at <= now).order_by(exports.c.expires_at).limit(limit)
    return (await session.execute(query)).scalars().all()


async def remove(session: AsyncSession, export_id: UUID) -> None:
    """Delete an export; its bytes and links go before."""
    await session.execute(delete(exports).where(exports.c.id == export_id))
