"""Views of rows together with what else they show: people's names, and how far others have read."""

from collections.abc import Collection, Sequence
from uuid import UUID

from messaging_wire.conversation import Conversation
from messaging_wire.ids import UserId
from messaging_wire.message import Message
from sqlmodel.ext.asyncio.session import AsyncSession

from messaging.message.store import conversations, members, people
from messaging.message.store.conversations import Seen
from messaging.message.tables import MessageRow
from messaging.message.tallies import load_tallies
from messaging.message.views import Marks, conversation_view, peer_id


async def present_conversations(session: AsyncSession, found: Sequence[Seen]) -> list[Conversation]:
    """Conversations as the members in `found` see them, in the same order."""
    shown = [seen.last_message for seen in found if seen.last_message is not None]
    marks = await _marks(session, shown, {seen.member.user_id for seen in found})
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
    """Messages with their status and reactions as `viewer_id` sees them, in the same order."""
    marks = await _marks(session, rows, {viewer_id})
    return [marks.view(row, viewer_id) for row in rows]


async def present_to_all(session: AsyncSession, rows: Sequence[MessageRow]) -> list[Message]:
    """Messages as events show them to everybody in a conversation, in the same order."""
    marks = await _marks(session, rows, ())
    return [marks.view_for_all(row) for row in rows]


async def _marks(session: AsyncSession, rows: Sequence[MessageRow], readers: Collection[UUID]) -> Marks:
    found = await members.of_small(session, list({row.conversation_id for row in rows}))
    return Marks.of(found, await load_tallies(session, rows, readers))
