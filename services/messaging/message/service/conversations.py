"""Conversations: making, reading, changing, deleting, and their join codes."""

from datetime import datetime
from uuid import UUID

from messaging_wire import problems
from messaging_wire.base import Page
from messaging_wire.conversation import (
    Conversation,
    ConversationCreate,
    ConversationDetail,
    ConversationUpdate,
    JoinCode,
    Role,
)
from messaging_wire.events import MemberChange
from messaging_wire.ids import ConversationId, UserId
from messaging_wire.problems import FieldProblem
from sqlalchemy.exc import IntegrityError
from sqlmodel.ext.asyncio.session import AsyncSession

from messaging.kernel.errors import ProblemError
from messaging.kernel.ids import new_id
from messaging.kernel.paging import decode_cursor, encode_cursor
from messaging.kernel.tokens import Caller
from messaging.message.codes import new_code, show_code
from messaging.message.news import ChangedConversation
from messaging.message.presentation import present_conversation, present_conversations, present_messages
from messaging.message.service.change import Change, Changer
from messaging.message.store import conversations, members, messages, people
from messaging.message.tables import ConversationRow, MemberRow
from messaging.message.views import Marks, conversation_fields, member_view

SHOWN_MEMBERS = 50


class ConversationService:
    """What can be done with conversations as such."""

    def __init__(self, changer: Changer) -> None:
        self._changer = changer
        self._database = changer.database

    async def create(self, caller: Caller, request: ConversationCreate) -> tuple[Conversation, bool]:
        """Make a conversation; False beside it says that it was there: a repeated `client_id`, or the pair's own.

        Raises:
            ProblemError: 404 for an unknown person, 409 where a repeat's conversation is gone, 422 for `member_ids` of
                a group: people come in by the join code.
        """
        if request.kind == "group" and set(request.member_ids) - {caller.user_id}:
            wrong = FieldProblem(field="member_ids", message="must be empty in a group: people join by its join code")
            raise ProblemError(problems.INVALID_FIELDS, errors=[wrong])
        known = await self._find_made(caller, request)
        if known is not None:
            return known, False
        try:
            async with self._changer.change(caller) as change:
                view = await self._make(change, request)
        except IntegrityError:
            known = await self._find_made(caller, request)  # the same was made at the same time
            if known is None:
                raise
            return known, False
        return view, True

    async def _find_made(self, caller: Caller, request: ConversationCreate) -> Conversation | None:
        async with self._database.reading() as session:
            row = None
            if request.client_id is not None:
                row = await conversations.by_client_id(session, caller.user_id, request.client_id)
            if row is None and request.kind == "direct":
                row = await conversations.by_direct_key(session, direct_key(caller.user_id, request.member_ids[0]))
            if row is None:
                return None
            found = await conversations.seen(session, caller.user_id, [row.id])
            if not found:
                raise ProblemError(problems.CONFLICT, "it was made under this client_id and is gone")
            view = await present_conversation(session, found[0])
        if found[0].member.hidden_seq is not None:
            await self._show_again(caller, row.id)
        return view

    async def _show_again(self, caller: Caller, conversation_id: UUID) -> None:
        async with self._changer.change(caller) as change:
            place = await change.lock(conversation_id)
            place.member.hidden_seq = None

    async def _make(self, change: Change, request: ConversationCreate) -> Conversation:
        caller = change.caller
        users = [caller.user_id]
        if request.kind == "direct" and request.member_ids[0] != caller.user_id:
            users.append(request.member_ids[0])
        known = await people.find(change.session, users)
        if len(known) != len(users):
            raise ProblemError(problems.NOT_FOUND, "no such person")
        row = new_conversation(caller.user_id, request, change.now, member_count=len(users))
        change.session.add(row)
        roles: list[Role] = ["owner" if request.kind == "group" else "member" for _ in users]
        for user, role in zip(users, roles, strict=True):
            change.session.add(new_member(row, user, role, change.now))
        await change.session.flush()
        change.change_members(
            row,
            [
                MemberChange(user_id=user, role=role, username=known[user].username)
                for user, role in zip(users, roles, strict=True)
            ],
            joined=users,
            complete=True,
        )
        views = {user: await change.view(user, row.id) for user in users}
        change.tell_joined(views)
        return views[caller.user_id]

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


def new_conversation(
    creator_id: UserId, request: ConversationCreate, now: datetime, *, member_count: int
) -> ConversationRow:
    """The row of a new conversation; its first `membership.changed` makes `member_version` 1."""
    is_group = request.kind == "group"
    return ConversationRow(
        id=ConversationId(new_id()),
        kind=request.kind,
        title=request.title,
        description=request.description,
        owner_id=creator_id if is_group else None,
        creator_id=creator_id,
        client_id=request.client_id,
        direct_key=None if is_group else direct_key(creator_id, request.member_ids[0]),
        join_code=new_code() if is_group else None,
        member_count=member_count,
        member_version=0,
        created_at=now,
        last_activity_at=now,
    )


def new_member(conversation: ConversationRow, user_id: UserId, role: Role, now: datetime) -> MemberRow:
    """The row of somebody who comes in now and has read what was before."""
    seq = conversation.last_seq
    return MemberRow(
        conversation_id=conversation.id,
        user_id=user_id,
        role=role,
        joined_at=now,
        joined_seq=seq,
        delivered_seq=seq,
        read_seq=seq,
    )


def direct_key(one: UUID, other: UUID) -> bytes:
    """The key of a pair, whoever begins."""
    return b"".join(sorted((one.bytes, other.bytes)))


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
    marks = Marks.of(some if row.member_count <= SHOWN_MEMBERS else await members.of_small(session, [row.id]))
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
