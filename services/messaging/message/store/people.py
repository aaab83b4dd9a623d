"""What is known of people: their names as profiles tell them, and what they have chosen."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select, update
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from messaging.kernel.names import username_key
from messaging.kernel.upsert import insert_missing, insert_or_renew
from messaging.message.store.rows import table_of
from messaging.message.tables import MemberRow, PersonRow

MEMBERSHIPS_AT_ONCE: Final = 500
DELETED: Final = 2**62
"""The version of who has deleted their account: nothing newer comes."""
TOLD: Final = (
    "username",
    "username_key",
    "display_name",
    "avatar_url",
    "direct_messages",
    "sends_receipts",
    "shows_presence",
    "version",
)


async def find(session: AsyncSession, ids: Iterable[UUID]) -> dict[UUID, PersonRow]:
    """Return those of the people who are known."""
    wanted = list(ids)
    if not wanted:
        return {}
    query = select(PersonRow).where(col(PersonRow.user_id).in_(wanted)).execution_options(populate_existing=True)
    return {row.user_id: row for row in (await session.execute(query)).scalars()}


async def living(session: AsyncSession, ids: Iterable[UUID]) -> dict[UUID, PersonRow]:
    """Return those of the people who are known and have not deleted their accounts."""
    return {user_id: row for user_id, row in (await find(session, ids)).items() if row.version < DELETED}


async def note(session: AsyncSession, user_id: UUID, username: str) -> None:
    """Remember the name that a person's token tells, unless their profile is known."""
    row = {
        "user_id": user_id,
        "username": username,
        "username_key": username_key(username),
        "display_name": username,
        "avatar_url": None,
        "version": 0,
    }
    await session.execute(insert_missing(session, table_of(PersonRow), [row]))


async def save_newer(session: AsyncSession, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write profiles that are newer than what is known; at most one row for each person, in the order of their ids."""
    if rows:
        await session.execute(insert_or_renew(session, table_of(PersonRow), rows, update=TOLD, newer="version"))


async def make_nobody(session: AsyncSession, user_id: UUID) -> str:
    """Leave nothing of a person who is gone but that they are; return the name that they had, if any is known."""
    known = (await find(session, [user_id])).get(user_id)
    row = {
        "user_id": user_id,
        "username": "",
        "username_key": "",
        "display_name": "",
        "avatar_url": None,
        "direct_messages": "contacts",
        "sends_receipts": False,
        "shows_presence": False,
        "version": DELETED,
    }
    await save_newer(session, [row])
    return known.username if known is not None else ""


async def follow_receipts(session: AsyncSession, user_id: UUID, sends: bool) -> None:
    """Make all memberships of a person say whether they send receipts, so many at once, in the order of their keys."""
    last: UUID | None = None
    while page := await _memberships(session, user_id, last):
        statement = update(MemberRow).where(
            col(MemberRow.user_id) == user_id,
            col(MemberRow.conversation_id).in_(page),
            col(MemberRow.sends_receipts).is_not(sends),
        )
        await session.execute(statement.values(sends_receipts=sends).execution_options(synchronize_session=False))
        last = page[-1]


async def _memberships(session: AsyncSession, user_id: UUID, last: UUID | None) -> Sequence[UUID]:
    query = select(col(MemberRow.conversation_id)).where(col(MemberRow.user_id) == user_id)
    if last is not None:
        query = query.where(col(MemberRow.conversation_id) > last)
    query = query.order_by(col(MemberRow.conversation_id)).limit(MEMBERSHIPS_AT_ONCE)
    return (await session.execute(query)).scalars().all()
