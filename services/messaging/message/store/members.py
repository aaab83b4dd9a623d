"""Members: their roles, how far each has come, and who knows whom."""

from collections.abc import Iterable, Sequence
from uuid import UUID

from sqlalchemy import delete, select, tuple_
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from messaging.kernel.upsert import insert_or_replace, locked
from messaging.message.store.rows import table_of
from messaging.message.tables import ConversationRow, MemberRow

SMALL = 100
"""Conversations of up to so many members tell of receipts and typing."""
MARKS = ("delivered_seq", "read_seq")

Pair = tuple[UUID, UUID]
"""A conversation and a person."""


async def lock(session: AsyncSession, pairs: Iterable[Pair]) -> dict[Pair, MemberRow]:
    """Lock members by (conversation, person), in that order; who is no member is left out."""
    wanted = sorted(pairs)
    if not wanted:
        return {}
    key = tuple_(col(MemberRow.conversation_id), col(MemberRow.user_id))
    query = select(MemberRow).where(key.in_(wanted)).execution_options(populate_existing=True)
    query = query.order_by(col(MemberRow.conversation_id), col(MemberRow.user_id))
    rows = (await session.execute(locked(session, query))).scalars()
    return {(row.conversation_id, row.user_id): row for row in rows}


async def save_marks(session: AsyncSession, rows: Sequence[MemberRow]) -> None:
    """Write `delivered_seq` and `read_seq` of locked members in one statement."""
    values = [row.model_dump() for row in sorted(rows, key=lambda row: (row.conversation_id, row.user_id))]
    await session.execute(insert_or_replace(session, table_of(MemberRow), values, update=MARKS))


async def page(
    session: AsyncSession, conversation_id: UUID, *, limit: int, after: UUID | None = None
) -> list[MemberRow]:
    """Return members in the order of their user ids."""
    query = select(MemberRow).where(col(MemberRow.conversation_id) == conversation_id)
    if after is not None:
        query = query.where(col(MemberRow.user_id) > after)
    return list((await session.execute(query.order_by(col(MemberRow.user_id)).limit(limit))).scalars())


async def find(session: AsyncSession, conversation_id: UUID, user_id: UUID) -> MemberRow | None:
    """Return one member of a conversation that is not deleted."""
    query = (
        select(MemberRow)
        .join(ConversationRow, col(ConversationRow.id) == col(MemberRow.conversation_id))
        .where(
            col(MemberRow.conversation_id) == conversation_id,
            col(MemberRow.user_id) == user_id,
            col(ConversationRow.deleted_at).is_(None),
        )
    )
    return (await session.execute(query)).scalar_one_or_none()


async def everybody(session: AsyncSession, conversation_id: UUID) -> tuple[int, set[UUID]] | None:
    """Return a conversation's `member_version` and who is in it, or None when it is not there any more."""
    query = select(col(ConversationRow.member_version)).where(
        col(ConversationRow.id) == conversation_id, col(ConversationRow.deleted_at).is_(None)
    )
    version = (await session.execute(query)).scalar_one_or_none()
    if version is None:
        return None
    people = select(col(MemberRow.user_id)).where(col(MemberRow.conversation_id) == conversation_id)
    return version, set((await session.execute(people)).scalars())


async def of_small(session: AsyncSession, conversation_ids: Sequence[UUID]) -> list[MemberRow]:
    """Return all members of those conversations that have at most `SMALL`."""
    if not conversation_ids:
        return []
    query = (
        select(MemberRow)
        .join(ConversationRow, col(ConversationRow.id) == col(MemberRow.conversation_id))
        .where(col(ConversationRow.id).in_(conversation_ids), col(ConversationRow.member_count) <= SMALL)
        .limit(SMALL * len(conversation_ids))
    )
    return list((await session.execute(query)).scalars())


async def successor(session: AsyncSession, conversation_id: UUID) -> MemberRow | None:
    """Lock and return who follows an owner that has gone: the longest-standing admin, then member.

    Each role is asked for by itself: the index gives its first row, however many members there are.
    """
    for role in ("admin", "member"):
        query = select(MemberRow).where(col(MemberRow.conversation_id) == conversation_id, col(MemberRow.role) == role)
        query = query.order_by(col(MemberRow.joined_at), col(MemberRow.user_id)).limit(1)
        found: MemberRow | None = (await session.execute(locked(session, query))).scalar_one_or_none()
        if found is not None:
            return found
    return None


async def lock_one(session: AsyncSession, conversation_id: UUID, user_id: UUID) -> MemberRow | None:
    """Lock one member of a conversation that is not deleted, and not the conversation: its sends go on."""
    if await find(session, conversation_id, user_id) is None:
        return None
    key = (conversation_id, user_id)
    return (await lock(session, [key])).get(key)


async def clear_page(session: AsyncSession, conversation_id: UUID, limit: int) -> int:
    """Delete up to `limit` members of a deleted conversation; return how many there were."""
    people = [row.user_id for row in await page(session, conversation_id, limit=limit)]
    if people:
        await session.execute(
            delete(MemberRow).where(
                col(MemberRow.conversation_id) == conversation_id, col(MemberRow.user_id).in_(people)
            )
        )
    return len(people)
