"""Conversations: making, reading, changing, deleting, and their join codes."""

from datetime import datetime
from uuid import UUID

from messaging_wire import problems
from messaging_wire.base import Page
from messaging_wire.conversation import (
    Conversation,
    ConversationDetail,
    ConversationUpdate,
    JoinCode,
)
from messaging_wire.ids import ConversationId
from messaging_wire.problems import FieldProblem
from sqlmodel.ext.asyncio.session import AsyncSession

from messaging.kernel.errors import ProblemError
from messaging.kernel.paging import decode_cursor, encode_cursor
from messaging.kernel.tokens import Caller
from messaging.message.codes import new_code, show_code
from messaging.message.news import ChangedConversation
from messaging.message.presentation import present_conversations, present_messages
from messaging.message.service.change import Change, Changer
from messaging.message.store import conversations, members, messages, people, relations
from messaging.message.tables import ConversationRow
from messaging.message.tallies import load_tallies
from messaging.message.views import Marks, conversation_fields, member_view, peer_id

SHOWN_MEMBERS = 50


class ConversationService:
    """What can be done with conversations as such."""

    def __init__(self, changer: Changer) -> None:
        self._changer = changer
        self._database = changer.database

    async def page(self, caller: Caller, *, limit: int, cursor: str | None) -> Page[Conversation]:
        """The caller's conversations, latest activity first.

        Raises:
            ProblemError: 422, the cursor is none of this list.
        """
        before = _decode(cursor) if cursor is not None else None
        async with self._database.reading() as session:
            found = await conversations.latest(session, caller.user_id, limit=limit + 1, before=before)
            items = await present_conversations(session, found[:limit])
        cursor = None
        if len(found) > limit:
            last = found[limit - 1].conversation
            cursor = encode_cursor([last.last_activity_at.isoformat(), str(last.id)])
        return Page[Conversation](items=items, next_cursor=cursor)

    async def detail(self, caller: Caller, conversation_id: UUID, limit: int) -> ConversationDetail:
        """One conversation with members and its latest messages.

        Raises:
            ProblemError: 404.
        """
        async with self._database.reading() as session:
            found = await conversations.seen(session, caller.user_id, [conversation_id])
            if not found:
                raise ProblemError(problems.NOT_FOUND)
            return await _detail(session, caller, found[0], limit)

    async def require_may_write(self, user_id: UUID, conversation_id: UUID) -> None:
        """Refuse a member of a direct conversation to whom the other person does not listen.

        Raises:
            ProblemError: 404; 403 `cannot-message`.
        """
        async with self._database.reading() as session:
            row = (await conversations.by_ids(session, [conversation_id])).get(conversation_id)
            if row is None or await members.find(session, conversation_id, user_id) is None:
                raise ProblemError(problems.NOT_FOUND)
            other = peer_id(row, user_id)
            if other is not None and not await relations.may_message(session, user_id, other):
                raise ProblemError(problems.CANNOT_MESSAGE)

    async def update(self, caller: Caller, conversation_id: UUID, request: ConversationUpdate) -> Conversation:
        """Change what is given.

        Raises:
            ProblemError: 404; 409 for a direct one; 403 for who is neither owner nor admin.
        """
        async with self._changer.change(caller) as change:
            place = await change.lock(conversation_id)
            place.require_group()
            place.require_role("owner", "admin")
            row = place.conversation
            if request.description is not None:
                row.description = request.description
            if request.announcement_only is not None:
                row.announcement_only = request.announcement_only
            if request.title is not None and request.title != row.title:
                row.title = request.title
                change.change_members(row, [])  # other services learn a title with the membership
                change.say(row, f"{caller.username} changed the title to {request.title}", reader=place.member)
            change.news.append(ChangedConversation(conversation_id=ConversationId(conversation_id), reason="changed"))
            return await change.view(caller.user_id, conversation_id)

    async def delete(self, caller: Caller, conversation_id: UUID) -> None:
        """Delete a group, by its owner, for everybody; put a direct conversation aside for the caller.

        Raises:
            ProblemError: 404; 403 for who is not the owner.
        """
        async with self._changer.change(caller) as change:
            place = await change.lock(conversation_id)
            if place.conversation.kind == "direct":
                place.member.hidden_seq = place.conversation.last_seq
                change.tell_one("deleted", caller.user_id, await change.view(caller.user_id, conversation_id))
                return
            place.require_role("owner")
            delete_conversation(change, place.conversation)

    async def renew_code(self, caller: Caller, conversation_id: UUID) -> JoinCode:
        """Give a group a new join code; the old one ends.

        Raises:
            ProblemError: 404; 409 for a direct one; 403 for who is neither owner nor admin.
        """
        code = new_code()
        await self._set_code(caller, conversation_id, code)
        return JoinCode(join_code=show_code(code))

    async def disable_code(self, caller: Caller, conversation_id: UUID) -> None:
        """Take a group's join code away.

        Raises:
            ProblemError: as `renew_code`.
        """
        await self._set_code(caller, conversation_id, None)

    async def _set_code(self, caller: Caller, conversation_id: UUID, code: str | None) -> None:
        async with self._changer.change(caller) as change:
            place = await change.lock(conversation_id)
            place.require_group()
            place.require_role("owner", "admin")
            place.conversation.join_code = code
            change.news.append(ChangedConversation(conversation_id=ConversationId(conversation_id), reason="changed"))


def delete_conversation(change: Change, row: ConversationRow) -> None:
    """Make a locked conversation be there for nobody; its rows go in the background."""
    row.deleted_at = change.now
    row.join_code = None
    change.change_members(row, [], complete=True)
    change.news.append(ChangedConversation(conversation_id=ConversationId(row.id), reason="deleted"))


async def _detail(session: AsyncSession, caller: Caller, seen: conversations.Seen, limit: int) -> ConversationDetail:
    row = seen.conversation
    some = await members.page(session, row.id, limit=SHOWN_MEMBERS)
    latest = await messages.before_seq(session, row.id, row.last_seq + 1, limit)
    peers = [member.user_id for member in some] if row.kind == "direct" else []
    marks = Marks.of(
        some if row.member_count <= SHOWN_MEMBERS else await members.of_small(session, [row.id]),
        await load_tallies(session, [seen.last_message] if seen.last_message is not None else [], {caller.user_id}),
    )
    return ConversationDetail(
        **conversation_fields(seen, await people.find(session, peers), marks),
        members=[member_view(member) for member in some],
        messages=await present_messages(session, caller.user_id, latest),
    )


def _decode(cursor: str) -> tuple[datetime, UUID]:
    moment, key = decode_cursor(cursor, str, str)
    try:
        return datetime.fromisoformat(moment), UUID(key)
    except ValueError:
        wrong = FieldProblem(field="cursor", message="is not a cursor of this list")
        raise ProblemError(problems.INVALID_FIELDS, errors=[wrong]) from None
