"""All SQL about accounts that end: deletions and their parts, names that are not free yet, and what a purge removes."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import Table, delete, select, update
from sqlmodel import SQLModel, col
from sqlmodel.ext.asyncio.session import AsyncSession

from messaging.auth.tables import Account, DeletionPartRow, DeletionRow, FreedNameRow, RefreshToken, SessionRow
from messaging.kernel.upsert import insert_or_replace, locked

AT_ONCE = 500


def _table(model: type[SQLModel]) -> Table:
    table: Table = model.__table__  # type: ignore[attr-defined]  # SQLModel adds it to table models
    return table


async def remove_account(session: AsyncSession, account_id: UUID) -> None:
    """Delete an account whose row is held: its password, name and address are gone."""
    await session.execute(
        delete(Account).where(col(Account.id) == account_id).execution_options(synchronize_session=False)
    )


async def is_freed_name(session: AsyncSession, name_hash: bytes, now: datetime) -> bool:
    """Tell whether a name was freed so lately that nobody may take it yet."""
    query = select(FreedNameRow).where(col(FreedNameRow.name_hash) == name_hash, col(FreedNameRow.until) > now)
    return (await session.execute(query)).scalar_one_or_none() is not None


async def keep_name(session: AsyncSession, name_hash: bytes, until: datetime) -> None:
    """Let nobody take a name before a time."""
    row = {"name_hash": name_hash, "until": until}
    await session.execute(insert_or_replace(session, _table(FreedNameRow), [row], update=["until"]))


async def by_receipt(session: AsyncSession, receipt_hash: bytes) -> DeletionRow | None:
    """Find a deletion by the hash of its receipt."""
    query = select(DeletionRow).where(col(DeletionRow.receipt_hash) == receipt_hash)
    return (await session.execute(query)).scalar_one_or_none()


async def parts_of(session: AsyncSession, user_ids: Sequence[UUID]) -> Sequence[DeletionPartRow]:
    """Return the parts of up to `AT_ONCE` deletions."""
    query = select(DeletionPartRow).where(col(DeletionPartRow.user_id).in_(user_ids))
    return (await session.execute(query)).scalars().all()


async def lock_deletions(session: AsyncSession, user_ids: Sequence[UUID]) -> Sequence[DeletionRow]:
    """Return those deletions that are known and hold their rows, always in the same order."""
    query = select(DeletionRow).where(col(DeletionRow.user_id).in_(user_ids)).order_by(col(DeletionRow.user_id))
    return (await session.execute(locked(session, query))).scalars().all()


async def lock_due(session: AsyncSession, now: datetime) -> Sequence[DeletionRow]:
    """Return some deletions that are to be told again and hold their rows; other replicas' are left to them."""
    query = select(DeletionRow).where(col(DeletionRow.tell_at) <= now).order_by(col(DeletionRow.tell_at)).limit(AT_ONCE)
    return (await session.execute(locked(session, query, skip_locked=True))).scalars().all()


async def deletions_after(session: AsyncSession, last: UUID | None, limit: int) -> Sequence[DeletionRow]:
    """Return up to `limit` deletions behind the id `last`, in the order of the ids."""
    query = select(DeletionRow).order_by(col(DeletionRow.user_id)).limit(limit)
    if last is not None:
        query = query.where(col(DeletionRow.user_id) > last)
    return (await session.execute(query)).scalars().all()


async def mark_done(session: AsyncSession, user_id: UUID, services: Sequence[str], done_at: datetime) -> None:
    """Note that services have removed their parts; the first time counts."""
    await session.execute(
        update(DeletionPartRow)
        .where(
            col(DeletionPartRow.user_id) == user_id,
            col(DeletionPartRow.service).in_(services),
            col(DeletionPartRow.done_at).is_(None),
        )
        .values(done_at=done_at)
        .execution_options(synchronize_session=False)
    )


async def forget_old(session: AsyncSession, *, before: datetime, now: datetime) -> None:
    """Delete names that are free again, and deletions from before a time that are complete."""
    await session.execute(
        delete(FreedNameRow).where(col(FreedNameRow.until) <= now).execution_options(synchronize_session=False)
    )
    query = (
        select(col(DeletionRow.user_id))
        .where(col(DeletionRow.requested_at) < before, col(DeletionRow.tell_at).is_(None))
        .limit(AT_ONCE)
    )
    ids = (await session.execute(locked(session, query, skip_locked=True))).scalars().all()
    if not ids:
        return
    for statement in (
        delete(DeletionPartRow).where(col(DeletionPartRow.user_id).in_(ids)),
        delete(DeletionRow).where(col(DeletionRow.user_id).in_(ids)),
    ):
        await session.execute(statement.execution_options(synchronize_session=False))


async def remove_sessions(session: AsyncSession, account_id: UUID) -> bool:
    """Delete a portion of a person's sessions with their refresh tokens; tell whether there may be more."""
    query = select(col(SessionRow.id)).where(col(SessionRow.account_id) == account_id).order_by(col(SessionRow.id))
    ids = (await session.execute(locked(session, query.limit(AT_ONCE)))).scalars().all()
    if ids:
        for statement in (
            delete(RefreshToken).where(col(RefreshToken.session_id).in_(ids)),
            delete(SessionRow).where(col(SessionRow.id).in_(ids)),
        ):
            await session.execute(statement.execution_options(synchronize_session=False))
    return len(ids) == AT_ONCE
