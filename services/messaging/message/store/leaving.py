"""What there is of one person, for whoever takes it all away; in portions, by index."""

from collections.abc import Iterable, Sequence
from uuid import UUID

from messaging_wire.ids import ConversationId
from sqlalchemy import delete, select, tuple_
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from messaging.kernel.purging import remove_some
from messaging.kernel.upsert import locked
from messaging.message.store.rows import table_of
from messaging.message.tables import (
    ConversationRow,
    InvitationRow,
    JoinAttemptRow,
    MemberRow,
    MessageRow,
    PinRow,
    RelationRow,
)

AT_ONCE = 100

Place = tuple[ConversationId, int]
"""A conversation and a `seq`."""


async def one_membership(session: AsyncSession, user_id: UUID) -> ConversationId | None:
    """Return a conversation that the person is in, a deleted one too."""
    query = select(col(MemberRow.conversation_id)).where(col(MemberRow.user_id) == user_id)
    return (await session.execute(query.order_by(col(MemberRow.conversation_id)).limit(1))).scalar_one_or_none()


async def sent_after(session: AsyncSession, user_id: UUID, last: UUID | None) -> Sequence[tuple[Place, UUID]]:
    """Return where a portion of a person's messages are, in the order of the ids that their clients made."""
    key = col(MessageRow.client_message_id)
    query = select(col(MessageRow.conversation_id), col(MessageRow.seq), key).where(
        col(MessageRow.sender_id) == user_id
    )
    if last is not None:
        query = query.where(key > last)
    return [((row[0], row[1]), row[2]) for row in (await session.execute(query.order_by(key).limit(AT_ONCE))).all()]


async def places_of(session: AsyncSession, message_ids: Iterable[UUID]) -> list[Place]:
    """Return where messages are."""
    wanted = list(message_ids)
    if not wanted:
        return []
    query = select(col(MessageRow.conversation_id), col(MessageRow.seq)).where(col(MessageRow.id).in_(wanted))
    return [(row[0], row[1]) for row in (await session.execute(query)).all()]


async def lock_conversations(session: AsyncSession, ids: Iterable[UUID]) -> dict[UUID, ConversationRow]:
    """Lock conversations in id order, deleted ones too."""
    query = (
        select(ConversationRow)
        .where(col(ConversationRow.id).in_(sorted(ids)))
        .order_by(col(ConversationRow.id))
        .execution_options(populate_existing=True)
    )
    return {row.id: row for row in (await session.execute(locked(session, query))).scalars()}


async def lock_messages(session: AsyncSession, places: Iterable[Place]) -> list[MessageRow]:
    """Lock messages, after their conversations."""
    key = tuple_(col(MessageRow.conversation_id), col(MessageRow.seq))
    query = select(MessageRow).where(key.in_(sorted(places))).execution_options(populate_existing=True)
    query = query.order_by(col(MessageRow.conversation_id), col(MessageRow.seq))
    return list((await session.execute(locked(session, query))).scalars())


async def pinned_by(session: AsyncSession, conversation_id: UUID, user_id: UUID) -> list[UUID]:
    """Return what a person has pinned in a conversation; there are few pins in one."""
    query = select(col(PinRow.message_id)).where(
        col(PinRow.conversation_id) == conversation_id, col(PinRow.pinned_by) == user_id
    )
    return list((await session.execute(query)).scalars())


async def withdraw_invitations(session: AsyncSession, conversation_id: UUID, user_id: UUID) -> None:
    """Take back whom a person has invited into a conversation."""
    await session.execute(
        delete(InvitationRow)
        .where(col(InvitationRow.conversation_id) == conversation_id, col(InvitationRow.inviter_id) == user_id)
        .execution_options(synchronize_session=False)
    )


async def remove_rest(session: AsyncSession, user_id: UUID) -> bool:
    """Delete a portion of what no conversation shows: relations, invitations, attempts; tell whether there is more."""
    full = [
        await remove_some(session, table_of(InvitationRow), col(InvitationRow.user_id) == user_id),
        await remove_some(session, table_of(RelationRow), col(RelationRow.user_id) == user_id),
        await remove_some(session, table_of(RelationRow), col(RelationRow.other_id) == user_id),
        await remove_some(session, table_of(JoinAttemptRow), col(JoinAttemptRow.user_id) == user_id),
    ]
    return any(full)
