"""All SQL about what auth keeps for the whole platform: its identity, the revocation feed, keys, counted log-ins."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Table, delete, select
from sqlmodel import SQLModel, col
from sqlmodel.ext.asyncio.session import AsyncSession

from messaging.auth.tables import Instance, LoginAttempts, RevocationRow, SigningKey
from messaging.kernel.ids import new_id
from messaging.kernel.upsert import insert_missing, locked

THE_INSTANCE = 1
FEED_PAGE = 1000
PURGE_LIMIT = 5000


def _table(model: type[SQLModel]) -> Table:
    table: Table = model.__table__  # type: ignore[attr-defined]  # SQLModel adds it to table models
    return table


@dataclass(frozen=True)
class Ended:
    """Whose tokens are void: one session's, or all of a person's where `session_id` is None."""

    user_id: UUID
    session_id: UUID | None


async def epoch(session: AsyncSession) -> UUID | None:
    """Return the name of this database's history; None before `lock_instance` has first made it."""
    query = select(Instance).where(col(Instance.id) == THE_INSTANCE)
    found: Instance | None = (await session.execute(query)).scalar_one_or_none()
    return None if found is None else found.epoch


async def lock_instance(session: AsyncSession) -> Instance:
    """Return the instance's row, made where it is missing, and hold it."""
    row = {"id": THE_INSTANCE, "epoch": new_id(), "last_position": 0}
    await session.execute(insert_missing(session, _table(Instance), [row]))
    query = select(Instance).where(col(Instance.id) == THE_INSTANCE)
    found: Instance = (await session.execute(locked(session, query))).scalar_one()
    return found


async def append_revocations(
    session: AsyncSession, ended: Sequence[Ended], *, not_before: datetime, expires_at: datetime
) -> list[RevocationRow]:
    """Append to the feed.

    Positions come from the instance's row, locked until the commit: whoever sees a position sees all before it.
    """
    instance = await lock_instance(session)
    rows = [
        RevocationRow(
            position=instance.last_position + number,
            user_id=entry.user_id,
            session_id=entry.session_id,
            not_before=not_before,
            expires_at=expires_at,
        )
        for number, entry in enumerate(ended, start=1)
    ]
    instance.last_position += len(rows)
    session.add_all(rows)
    await session.flush()
    return rows


async def revocations_after(session: AsyncSession, position: int) -> Sequence[RevocationRow]:
    """Return one page of the feed behind `position`, ascending."""
    query = (
        select(RevocationRow)
        .where(col(RevocationRow.position) > position)
        .order_by(col(RevocationRow.position))
        .limit(FEED_PAGE)
    )
    return (await session.execute(query)).scalars().all()


async def purge_revocations(session: AsyncSession, now: datetime) -> None:
    """Delete entries whose tokens have all expired."""
    await session.execute(
        delete(RevocationRow).where(col(RevocationRow.expires_at) <= now).execution_options(synchronize_session=False)
    )


async def signing_keys(session: AsyncSession) -> Sequence[SigningKey]:
    """Return all signing keys, oldest first; there are a handful."""
    query = select(SigningKey).order_by(col(SigningKey.signs_from), col(SigningKey.kid)).limit(100)
    return (await session.execute(query)).scalars().all()


async def ensure_attempts(session: AsyncSession, buckets: Sequence[bytes], *, window_ends_at: datetime) -> None:
    """Make the counters of `buckets` that are missing."""
    rows = [{"bucket": name, "attempts": 0, "window_ends_at": window_ends_at} for name in sorted(buckets)]
    await session.execute(insert_missing(session, _table(LoginAttempts), rows))


async def locked_attempts(session: AsyncSession, buckets: Sequence[bytes]) -> Sequence[LoginAttempts]:
    """Return the counters of `buckets` and hold them; always in the same order, so that nobody waits in a circle."""
    query = (
        select(LoginAttempts)
        .where(col(LoginAttempts.bucket).in_(sorted(buckets)))
        .order_by(col(LoginAttempts.bucket))
        .limit(len(buckets))
    )
    return (await session.execute(locked(session, query))).scalars().all()


async def purge_attempts(session: AsyncSession, now: datetime) -> None:
    """Delete counters whose window has ended."""
    query = select(LoginAttempts.bucket).where(col(LoginAttempts.window_ends_at) <= now).limit(PURGE_LIMIT)  # type: ignore[call-overload]
    names = (await session.execute(locked(session, query, skip_locked=True))).scalars().all()
    if names:
        await session.execute(
            delete(LoginAttempts)
            .where(col(LoginAttempts.bucket).in_(names))
            .execution_options(synchronize_session=False)
        )
