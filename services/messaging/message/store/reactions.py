"""Reactions to messages, and the tallies that are shown of them, kept in step under the conversation's lock."""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from messaging_wire.ids import MessageId, UserId
from sqlalchemy import delete, func, select
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from messaging.message.mentions import pack, unpack
from messaging.message.tables import SHOWN_REACTORS, ReactionRow, ReactionTallyRow

MAX_EMOJIS = 50
"""How many different emojis one message may have."""

Own = tuple[UUID, str, UUID]
"""A message, an emoji, and who reacted."""


async def tallies(session: AsyncSession, message_ids: Collection[UUID]) -> list[ReactionTallyRow]:
    """Return what was reacted to messages, in the order in which each one's emojis were first used."""
    if not message_ids:
        return []
    query = select(ReactionTallyRow).where(col(ReactionTallyRow.message_id).in_(message_ids))
    query = query.order_by(col(ReactionTallyRow.message_id), col(ReactionTallyRow.since), col(ReactionTallyRow.emoji))
    return list((await session.execute(query.limit(MAX_EMOJIS * len(message_ids)))).scalars())


async def of_people(session: AsyncSession, message_ids: Collection[UUID], users: Collection[UUID]) -> set[Own]:
    """Return which of these people reacted to these messages with what."""
    if not message_ids or not users:
        return set()
    query = select(col(ReactionRow.message_id), col(ReactionRow.emoji), col(ReactionRow.user_id)).where(
        col(ReactionRow.user_id).in_(users), col(ReactionRow.message_id).in_(message_ids)
    )
    query = query.limit(MAX_EMOJIS * len(message_ids) * len(users))
    return {(row[0], row[1], row[2]) for row in (await session.execute(query)).all()}


async def find(session: AsyncSession, message_id: UUID, emoji: str, user_id: UUID) -> ReactionRow | None:
    """Return one person's reaction."""
    return await session.get(ReactionRow, (message_id, emoji, user_id))


async def add(session: AsyncSession, reaction: ReactionRow) -> bool:
    """Store a reaction that is not there yet; tell whether there was room for its emoji."""
    tally = await session.get(ReactionTallyRow, (reaction.message_id, reaction.emoji))
    if tally is None:
        if await _count_emojis(session, reaction.message_id) >= MAX_EMOJIS:
            return False
        tally = ReactionTallyRow(
            message_id=reaction.message_id, emoji=reaction.emoji, count=0, user_ids=b"", since=reaction.reacted_at
        )
        session.add(tally)
    tally.count += 1
    shown = unpack(tally.user_ids)
    if len(shown) < SHOWN_REACTORS:
        tally.user_ids = pack([*shown, reaction.user_id]) or b""
    session.add(reaction)
    await session.flush()
    return True


async def _count_emojis(session: AsyncSession, message_id: UUID) -> int:
    query = select(func.count()).where(col(ReactionTallyRow.message_id) == message_id)
    return int((await session.execute(query)).scalar_one())


async def remove(session: AsyncSession, reaction: ReactionRow) -> bool:
    """Take a reaction away; tell whether the message has any left."""
    await session.delete(reaction)
    await session.flush()
    tally = await session.get_one(ReactionTallyRow, (reaction.message_id, reaction.emoji))
    tally.count -= 1
    shown = [user_id for user_id in unpack(tally.user_ids) if user_id != reaction.user_id]
    if tally.count > len(shown) and len(shown) < SHOWN_REACTORS:
        shown += await _others(session, reaction, shown)
    tally.user_ids = pack(shown) or b""
    if tally.count == 0:
        await session.delete(tally)
    await session.flush()
    return await _count_emojis(session, reaction.message_id) > 0


async def _others(session: AsyncSession, reaction: ReactionRow, shown: Sequence[UserId]) -> list[UserId]:
    """People who come into what is shown, for those who left it."""
    query = select(col(ReactionRow.user_id)).where(
        col(ReactionRow.message_id) == reaction.message_id,
        col(ReactionRow.emoji) == reaction.emoji,
        col(ReactionRow.user_id).not_in(shown),
    )
    query = query.order_by(col(ReactionRow.user_id)).limit(SHOWN_REACTORS - len(shown))
    return list((await session.execute(query)).scalars())


async def forget(session: AsyncSession, message_ids: Sequence[UUID]) -> None:
    """Take away all reactions to messages."""
    await session.execute(delete(ReactionRow).where(col(ReactionRow.message_id).in_(message_ids)))
    await session.execute(delete(ReactionTallyRow).where(col(ReactionTallyRow.message_id).in_(message_ids)))


def reaction_of(message_id: UUID, emoji: str, user_id: UUID, now: datetime) -> ReactionRow:
    """A new reaction."""
    return ReactionRow(message_id=MessageId(message_id), emoji=emoji, user_id=UserId(user_id), reacted_at=now)


async def of_person(session: AsyncSession, user_id: UUID, limit: int) -> list[ReactionRow]:
    """Return some of a person's reactions, for whoever takes them all away."""
    query = select(ReactionRow).where(col(ReactionRow.user_id) == user_id).limit(limit)
    return list((await session.execute(query)).scalars())
