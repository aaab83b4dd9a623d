"""Views of rows together with what else they show: people's names, and how far others have read."""

from collections.abc import Sequence
from uuid import UUID

from messaging_wire.conversation import Conversation
from messaging_wire.ids import UserId
from messaging_wire.message import Message
from sqlmodel.ext.asyncio.session import AsyncSession

from messaging.message.store import conversations, members, people
from messaging.message.store.conversations import Seen
from messaging.message.tables import MessageRow
from messaging.message.views import Marks, conversation_view, message_view, peer_id


async def present_conversations(session: AsyncSession, found: Sequence[Seen]) -> list[Conversation]:
    """Conversations as the members in `found` see them, in the same order."""
    shown = [seen.conversation.id for seen in found if seen.last_message is not None]
    marks = Marks.of(await members.of_small(session, shown))
    peers = {peer_id(seen.conversation, seen.member.user_id) for seen in found} - {None}
    known = await people.find(session, [peer for peer in peers if peer is not None])
    return [conversation_view(seen, known, marks) for seen in found]


async def present_conversation(session: AsyncSession, seen: Seen) -> Conversation:
    """One conversation as the member in `seen` sees it."""
    return (await present_conversations(session, [seen]))[0]


async def present_to_each(
    session: AsyncSession, conversation_id: UUID, users: Sequence[UserId]
) -> dict[UserId, Conversation]:
    """One conversation, a deleted one too, as each of those `users` who are members sees it."""
    found = await conversations.seen_by_all(session, conversation_id, users)
    views = await present_conversations(session, found)
    return {UserId(seen.member.user_id): view for seen, view in zip(found, views, strict=True)}


async def present_messages(session: AsyncSession, viewer_id: UUID, rows: Sequence[MessageRow]) -> list[Message]:
    """Messages with their status as `viewer_id` sees them, in the same order."""
    marks = Marks.of(await members.of_small(session, list({row.conversation_id for row in rows})))
    return [message_view(row, viewer_id, marks.status(row)) for row in rows]
