"""Messages: by key, by id, in pages by `seq` and by `rev`."""

from collections.abc import Iterable, Sequence
from typing import Any, cast
from uuid import UUID

from sqlalchemy import Select, and_, delete, select
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from messaging.kernel.upsert import locked
from messaging.message.store import names, pins, reactions
from messaging.message.store.rows import table_of
from messaging.message.tables import ConversationRow, MemberRow, MessageRow, VersionRow

Key = tuple[UUID, UUID]
"""A sender and the id that the sender's client made."""


async def by_ids(session: AsyncSession, ids: Iterable[UUID]) -> list[MessageRow]:
    """Return messages by their ids, for work that no single person asks for."""
    wanted = list(ids)
    if not wanted:
        return []
    return list((await session.execute(select(MessageRow).where(col(MessageRow.id).in_(wanted)))).scalars())


async def conversations_of(session: AsyncSession, ids: Iterable[UUID]) -> dict[UUID, UUID]:
    """Return which conversation each message is in."""
    wanted = list(ids)
    if not wanted:
        return {}
    query = select(col(MessageRow.id), col(MessageRow.conversation_id)).where(col(MessageRow.id).in_(wanted))
    return {row[0]: row[1] for row in (await session.execute(query)).all()}


async def seen(session: AsyncSession, user_id: UUID, message_id: UUID) -> tuple[MessageRow, MemberRow] | None:
    """Return a message of a conversation that the person is in, and the person as a member there."""
    query = (
        select(MessageRow, MemberRow)
        .select_from(MessageRow)
        .join(
            MemberRow,
            and_(
                col(MemberRow.conversation_id) == col(MessageRow.conversation_id),
                col(MemberRow.user_id) == user_id,
            ),
        )
        .join(ConversationRow, col(ConversationRow.id) == col(MessageRow.conversation_id))
        .where(col(MessageRow.id) == message_id, col(ConversationRow.deleted_at).is_(None))
    )
    row = (await session.execute(query)).one_or_none()
    return None if row is None else (row[0], row[1])


async def lock(session: AsyncSession, message_id: UUID) -> MessageRow | None:
    """Lock a message, after its conversation."""
    query = select(MessageRow).where(col(MessageRow.id) == message_id).execution_options(populate_existing=True)
    return (await session.execute(locked(session, query))).scalar_one_or_none()


def _of(conversation_id: UUID) -> Select[Any]:
    return select(table_of(MessageRow)).where(col(MessageRow.conversation_id) == conversation_id)


async def _read(session: AsyncSession, query: Select[Any]) -> list[MessageRow]:
    """Messages that are only read: rows with the columns' names, of which no objects are made; that cost the most."""
    return list(cast("Sequence[MessageRow]", (await session.execute(query)).all()))


async def after_seq(session: AsyncSession, conversation_id: UUID, seq: int, limit: int) -> list[MessageRow]:
    """Return the first messages behind `seq`, ascending."""
    query = _of(conversation_id).where(col(MessageRow.seq) > seq).order_by(col(MessageRow.seq)).limit(limit)
    return await _read(session, query)


async def before_seq(session: AsyncSession, conversation_id: UUID, seq: int, limit: int) -> list[MessageRow]:
    """Return the last messages ahead of `seq`, ascending."""
    query = _of(conversation_id).where(col(MessageRow.seq) < seq).order_by(col(MessageRow.seq).desc()).limit(limit)
    return (await _read(session, query))[::-1]


async def at_seq(session: AsyncSession, conversation_id: UUID, seq: int) -> MessageRow | None:
    """Return one message by its number."""
    found = await _read(session, _of(conversation_id).where(col(MessageRow.seq) == seq))
    return found[0] if found else None


async def after_rev(
    session: AsyncSession, conversation_id: UUID, rev: int, *, limit: int, up_to_seq: int | None = None
) -> list[MessageRow]:
    """Return messages made or changed behind `rev`, in `rev` order; `up_to_seq` leaves out newer messages."""
    query = _of(conversation_id).where(col(MessageRow.rev) > rev)
    if up_to_seq is not None:
        query = query.where(col(MessageRow.seq) <= up_to_seq)
    return await _read(session, query.order_by(col(MessageRow.rev)).limit(limit))


async def versions(session: AsyncSession, message_id: UUID, limit: int, *, after_rev: int = 0) -> list[VersionRow]:
    """Return a message's former texts behind a `rev`, oldest first."""
    query = select(VersionRow).where(col(VersionRow.message_id) == message_id, col(VersionRow.rev) > after_rev)
    return list((await session.execute(query.order_by(col(VersionRow.rev)).limit(limit))).scalars())


async def forget_versions(session: AsyncSession, message_ids: Sequence[UUID]) -> None:
    """Delete the former texts of messages."""
    await session.execute(delete(VersionRow).where(col(VersionRow.message_id).in_(message_ids)))


async def clear_page(session: AsyncSession, conversation_id: UUID, limit: int) -> int:
    """Delete up to `limit` messages of a deleted conversation and what hangs on them; return how many there were."""
    rows = await after_seq(session, conversation_id, 0, limit)
    if rows:
        ids = [row.id for row in rows]
        await forget_versions(session, ids)
        await reactions.forget(session, ids)
        await pins.remove(session, conversation_id, ids)
        await names.forget_messages(session, ids)
        await session.execute(
            delete(MessageRow).where(
                col(MessageRow.conversation_id) == conversation_id, col(MessageRow.seq) <= rows[-1].seq
            )
        )
    return len(rows)


async def seen_after_seq(
    session: AsyncSession, user_id: UUID, conversation_id: UUID, seq: int, limit: int
) -> list[MessageRow] | None:
    """Return the first messages behind `seq`, ascending, to a member; None to anybody else."""
    query = (
        select(MemberRow, MessageRow)
        .select_from(MemberRow)
        .join(ConversationRow, col(ConversationRow.id) == col(MemberRow.conversation_id))
        .outerjoin(
            MessageRow,
            and_(col(MessageRow.conversation_id) == col(MemberRow.conversation_id), col(MessageRow.seq) > seq),
        )
        .where(
            col(MemberRow.conversation_id) == conversation_id,
            col(MemberRow.user_id) == user_id,
            col(ConversationRow.deleted_at).is_(None),
        )
        .order_by(col(MessageRow.seq))
        .limit(limit)
    )
    rows = (await session.execute(query)).all()
    return [row[1] for row in rows if row[1] is not None] if rows else None
