"""All SQL about accounts, sessions and refresh tokens. Functions take the caller's transaction; none commits.

The order of locks is: account, session, then its refresh tokens, then the instance (store_platform.py).
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, select, update
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from messaging.auth.tables import Account, RefreshToken, SessionRow
from messaging.kernel.upsert import locked

PURGE_LIMIT = 5000


async def account_by_id(session: AsyncSession, account_id: UUID) -> Account | None:
    """Find an account."""
    found: Account | None = await session.get(Account, account_id)
    return found


async def locked_account(session: AsyncSession, account_id: UUID) -> Account | None:
    """Find an account as it is now and hold its row, so that it neither ends nor changes meanwhile."""
    query = select(Account).where(col(Account.id) == account_id).execution_options(populate_existing=True)
    return (await session.execute(locked(session, query))).scalar_one_or_none()


async def account_by_username(session: AsyncSession, key: str) -> Account | None:
    """Find an account by its folded user name."""
    query = select(Account).where(col(Account.username_key) == key)
    return (await session.execute(query)).scalar_one_or_none()


async def account_by_verified_email(session: AsyncSession, key: str) -> Account | None:
    """Find an account by its folded address; unverified addresses are not looked at."""
    query = select(Account).where(col(Account.verified_email_key) == key)
    return (await session.execute(query)).scalar_one_or_none()


async def accounts_after(session: AsyncSession, last: UUID | None, limit: int) -> Sequence[Account]:
    """Return up to `limit` accounts behind the id `last`, oldest first."""
    query = select(Account).order_by(col(Account.id)).limit(limit)
    if last is not None:
        query = query.where(col(Account.id) > last)
    return (await session.execute(query)).scalars().all()


async def set_password_hash(session: AsyncSession, account_id: UUID, *, old: str, new: str) -> None:
    """Replace a hash, unless it is another one by now."""
    await session.execute(
        update(Account)
        .where(col(Account.id) == account_id, col(Account.password_hash) == old)
        .values(password_hash=new)
        .execution_options(synchronize_session=False)
    )


async def locked_session(session: AsyncSession, session_id: UUID) -> SessionRow | None:
    """Find a session as it is now and hold its row."""
    query = select(SessionRow).where(col(SessionRow.id) == session_id).execution_options(populate_existing=True)
    return (await session.execute(locked(session, query))).scalar_one_or_none()


async def live_sessions_of(
    session: AsyncSession, account_id: UUID, *, now: datetime, before: UUID | None, limit: int
) -> Sequence[SessionRow]:
    """Return up to `limit` sessions of a person that have not ended, newest first, older than the id `before`."""
    query = (
        select(SessionRow)
        .where(
            col(SessionRow.account_id) == account_id,
            col(SessionRow.ended_at).is_(None),
            col(SessionRow.expires_at) > now,
        )
        .order_by(col(SessionRow.id).desc())
        .limit(limit)
    )
    if before is not None:
        query = query.where(col(SessionRow.id) < before)
    return (await session.execute(query)).scalars().all()


async def session_of_token(session: AsyncSession, token_hash: bytes) -> UUID | None:
    """Tell which session a refresh token belongs to."""
    query = select(RefreshToken.session_id).where(col(RefreshToken.token_hash) == token_hash)  # type: ignore[call-overload]
    found: UUID | None = (await session.execute(query)).scalar_one_or_none()
    return found


async def locked_token(session: AsyncSession, token_hash: bytes) -> RefreshToken:
    """Return a refresh token that is known to be there, as it is now."""
    query = select(RefreshToken).where(col(RefreshToken.token_hash) == token_hash)
    found: RefreshToken = (await session.execute(locked(session, query))).scalar_one()
    return found


async def drop_successor(session: AsyncSession, token_hash: bytes) -> None:
    """Forget the sealed pair that followed a token: the pair has been used."""
    await session.execute(
        update(RefreshToken)
        .where(col(RefreshToken.token_hash) == token_hash)
        .values(successor=None, successor_until=None)
        .execution_options(synchronize_session=False)
    )


async def drop_tokens_of(session: AsyncSession, session_id: UUID) -> None:
    """Forget the refresh tokens of a session that has ended."""
    await session.execute(
        delete(RefreshToken)
        .where(col(RefreshToken.session_id) == session_id)
        .execution_options(synchronize_session=False)
    )


async def drop_old_successors(session: AsyncSession, now: datetime) -> None:
    """Forget the sealed pairs whose repeat window has ended."""
    query = select(RefreshToken.token_hash).where(col(RefreshToken.successor_until) <= now).limit(PURGE_LIMIT)  # type: ignore[call-overload]
    hashes = (await session.execute(locked(session, query, skip_locked=True))).scalars().all()
    if hashes:
        await session.execute(
            update(RefreshToken)
            .where(col(RefreshToken.token_hash).in_(hashes))
            .values(successor=None, successor_until=None)
            .execution_options(synchronize_session=False)
        )


async def purge_sessions(session: AsyncSession, before: datetime) -> None:
    """Delete sessions, and their tokens, that expired before a time."""
    query = select(SessionRow.id).where(col(SessionRow.expires_at) < before).limit(PURGE_LIMIT)  # type: ignore[call-overload]
    ids = (await session.execute(locked(session, query, skip_locked=True))).scalars().all()
    if not ids:
        return
    for statement in (
        delete(RefreshToken).where(col(RefreshToken.session_id).in_(ids)),
        delete(SessionRow).where(col(SessionRow.id).in_(ids)),
    ):
        await session.execute(statement.execution_options(synchronize_session=False))
