"""SQL of the newest messages over several conversations: all by the primary key."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import and_, or_, select, tuple_
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from messaging.message.tables import MessageRow

Place = tuple[UUID, int]
"""A conversation and a `seq`."""


@dataclass(frozen=True)
class Head:
    """The newest message of a conversation that may be shown, and its time; those ahead of `first_seq` are gone."""

    conversation_id: UUID
    first_seq: int
    seq: int
    at: datetime


async def times(session: AsyncSession, places: Collection[Place]) -> dict[Place, datetime]:
    """When these messages were made."""
    if not places:
        return {}
    key = tuple_(col(MessageRow.conversation_id), col(MessageRow.seq))
    query = select(col(MessageRow.conversation_id), col(MessageRow.seq), col(MessageRow.created_at))
    rows = (await session.execute(query.where(key.in_(list(places))))).all()
    return {(row[0], row[1]): row[2] for row in rows}


async def newest(session: AsyncSession, heads: Sequence[Head], limit: int) -> list[Place]:
    """The places of the newest messages from the heads backwards, newest first.

    The conversation whose head is the n-th newest contributes at most `limit` - n: the heads before it are newer.
    """
    there = [head for head in heads if head.seq >= head.first_seq]
    there.sort(key=lambda head: (head.at, head.conversation_id), reverse=True)
    ranges = [
        and_(
            col(MessageRow.conversation_id) == head.conversation_id,
            col(MessageRow.seq) > head.seq - (limit - number),
            col(MessageRow.seq) <= head.seq,
        )
        for number, head in enumerate(there[:limit])
    ]
    if not ranges:
        return []
    query = select(col(MessageRow.created_at), col(MessageRow.conversation_id), col(MessageRow.seq)).where(or_(*ranges))
    found = sorted(((row[0], row[1], row[2]) for row in (await session.execute(query)).all()), reverse=True)
    return [(conversation_id, seq) for _, conversation_id, seq in found[:limit]]


async def at(session: AsyncSession, places: Sequence[Place]) -> list[MessageRow]:
    """The messages at these places, in their order."""
    if not places:
        return []
    key = tuple_(col(MessageRow.conversation_id), col(MessageRow.seq))
    rows = (await session.execute(select(MessageRow).where(key.in_(list(places))))).scalars()
    by_place = {(row.conversation_id, row.seq): row for row in rows}
    return [by_place[place] for place in places if place in by_place]
