"""Pinned messages; at most `MAX_PINS` in a conversation, changed under its lock."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import delete, func, select
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from messaging.message.tables import MessageRow, PinRow

MAX_PINS = 50


async def count(session: AsyncSession, conversation_id: UUID) -> int:
    """How many messages are pinned."""
    query = select(func.count()).where(col(PinRow.conversation_id) == conversation_id)
    return int((await session.execute(query)).scalar_one())


async def pinned(session: AsyncSession, conversation_id: UUID) -> list[MessageRow]:
    """Return the pinned messages, the one that was pinned last first."""
    query = (
        select(MessageRow)
        .join(PinRow, col(PinRow.message_id) == col(MessageRow.id))
        .where(col(PinRow.conversation_id) == conversation_id)
        .order_by(col(PinRow.pinned_at).desc(), col(PinRow.message_id).desc())
        .limit(MAX_PINS)
    )
    return list((await session.execute(query)).scalars())


async def remove(session: AsyncSession, conversation_id: UUID, message_ids: Sequence[UUID]) -> None:
    """Unpin messages of a conversation."""
    await session.execute(
        delete(PinRow).where(col(PinRow.conversation_id) == conversation_id, col(PinRow.message_id).in_(message_ids))
    )
