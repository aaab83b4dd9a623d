"""Messages: reading one, a conversation's history and changes, editing, deleting."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from messaging_wire import problems
from messaging_wire.base import Page
from messaging_wire.events import MessageUpdated
from messaging_wire.ids import ConversationId, MessageId
from messaging_wire.message import ChangePage, Message, MessagePage
from messaging_wire.problems import FieldProblem
from sqlmodel.ext.asyncio.session import AsyncSession

from messaging.kernel.errors import ProblemError
from messaging.kernel.tokens import Caller
from messaging.message.news import ChangedMessage
from messaging.message.presentation import present_messages
from messaging.message.service.change import Change, Changer, Place
from messaging.message.store import conversations, messages
from messaging.message.tables import ConversationRow, MessageRow, VersionRow


@dataclass(frozen=True)
class Where:
    """Which part of a history is asked for; at most one is given, none means the newest page."""

    after_seq: int | None = None
    before_seq: int | None = None
    around_seq: int | None = None
    at: datetime | None = None

    def check(self) -> None:
        """Refuse more than one.

        Raises:
            ProblemError: 422.
        """
        given = [name for name, value in vars(self).items() if value is not None]
        if len(given) > 1:
            wrong = [FieldProblem(field=name, message="goes alone") for name in given]
            raise ProblemError(problems.INVALID_FIELDS, errors=wrong)


class MessageService:
    """What can be done with stored messages."""

    def __init__(self, changer: Changer, *, edit_within: timedelta) -> None:
        self._changer = changer
        self._database = changer.database
        self._edit_within = edit_within

    async def read(self, caller: Caller, message_id: UUID) -> Message:
        """One message of a conversation of the caller's.

        Raises:
            ProblemError: 404.
        """
        async with self._database.reading() as session:
            found = await messages.seen(session, caller.user_id, message_id)
            if found is None:
                raise ProblemError(problems.NOT_FOUND)
            return (await present_messages(session, caller.user_id, [found[0]]))[0]

    async def newest(self, caller: Caller, limit: int) -> Page[Message]:
        """The newest messages of all conversations of the caller's, newest first; there is no further page."""
        async with self._database.reading() as session:
            found = await conversations.latest(session, caller.user_id, limit=limit)
            rows = await messages.newest_of(session, [seen.conversation for seen in found], limit)
            return Page[Message](items=await present_messages(session, caller.user_id, rows))

    async def history(self, caller: Caller, conversation_id: UUID, where: Where, limit: int) -> MessagePage:
        """A page of a conversation, ascending.

        Raises:
            ProblemError: 404; 422 for more than one place.
        """
        where.check()
        async with self._database.reading() as session:
            conversation = await self._conversation(session, caller, conversation_id)
            rows, more = await _page(session, conversation, where, limit)
            return MessagePage(
                items=await present_messages(session, caller.user_id, rows),
                first_seq=conversation.first_seq,
                last_seq=conversation.last_seq,
                more=more,
            )

    async def changes(self, caller: Caller, conversation_id: UUID, after_rev: int, limit: int) -> ChangePage:
        """What was made or changed behind a `rev`, in `rev` order.

        Raises:
            ProblemError: 404.
        """
        async with self._database.reading() as session:
            conversation = await self._conversation(session, caller, conversation_id)
            rows = await messages.after_rev(session, conversation_id, after_rev, limit=limit + 1)
            return ChangePage(
                items=await present_messages(session, caller.user_id, rows[:limit]),
                last_rev=conversation.last_rev,
                more=len(rows) > limit,
            )

    async def _conversation(self, session: AsyncSession, caller: Caller, conversation_id: UUID) -> ConversationRow:
        found = await conversations.seen(session, caller.user_id, [conversation_id])
        if not found:
            raise ProblemError(problems.NOT_FOUND)
        return found[0].conversation

    async def edit(self, caller: Caller, message_id: UUID, content: str) -> Message:
        """Give a message another text; the former one is kept for its sender.

        Raises:
            ProblemError: 404; 403 for who is not its sender, and after the configured time; 409 for a tombstone.
        """
        async with self._changer.change(caller) as change:
            place, row = await self._lock(change, message_id)
            if row.sender_id != caller.user_id or row.kind != "text":
                raise ProblemError(problems.FORBIDDEN, "only its sender edits a message")
            if row.deleted_at is not None:
                raise ProblemError(problems.CONFLICT, "the message was deleted")
            if change.now > row.created_at + self._edit_within:
                raise ProblemError(problems.FORBIDDEN, "the time for editing is over")
            if row.content != content:
                written = row.edited_at or row.created_at
                change.session.add(VersionRow(message_id=row.id, rev=row.rev, content=row.content, written_at=written))
                row.content, row.edited_at = content, change.now
                await self._tell(change, place, row)
            return (await present_messages(change.session, caller.user_id, [row]))[0]

    async def delete(self, caller: Caller, message_id: UUID) -> None:
        """Leave a tombstone, once: its text and former texts are gone, its number stays.

        Raises:
            ProblemError: 404; 403 for who is neither its sender nor owner or admin, and for system messages.
        """
        async with self._changer.change(caller) as change:
            place, row = await self._lock(change, message_id)
            if row.kind != "text" or (row.sender_id != caller.user_id and place.member.role == "member"):
                raise ProblemError(problems.FORBIDDEN, "only its sender, the owner or an admin deletes a message")
            if row.deleted_at is None:
                row.content, row.deleted_at = "", change.now
                await messages.forget_versions(change.session, [row.id])
                await self._tell(change, place, row)

    async def _lock(self, change: Change, message_id: UUID) -> tuple[Place, MessageRow]:
        found = await messages.seen(change.session, change.caller.user_id, message_id)
        if found is None:
            raise ProblemError(problems.NOT_FOUND)
        place = await change.lock(found[0].conversation_id)
        row = await messages.lock(change.session, message_id)
        if row is None:
            raise ProblemError(problems.NOT_FOUND)
        return place, row

    async def _tell(self, change: Change, place: Place, row: MessageRow) -> None:
        """Give the change its `rev` and tell of it."""
        place.conversation.last_rev += 1
        row.rev = place.conversation.last_rev
        await change.session.flush()
        (view,) = await present_messages(change.session, row.sender_id, [row])
        change.events.append(
            MessageUpdated(
                version=row.rev,
                message_id=MessageId(row.id),
                conversation_id=ConversationId(row.conversation_id),
                seq=row.seq,
                content=row.content,
                deleted=row.deleted_at is not None,
            )
        )
        change.news.append(
            ChangedMessage(
                conversation_id=ConversationId(row.conversation_id),
                member_version=place.conversation.member_version,
                message=view,
            )
        )


async def _page(
    session: AsyncSession, conversation: ConversationRow, where: Where, limit: int
) -> tuple[list[MessageRow], bool]:
    """The rows of a page, and whether there is more beyond it in the asked way."""
    key = conversation.id
    if where.at is not None:
        where = Where(after_seq=await _last_before(session, conversation, where.at))
    if where.after_seq is not None:
        rows = await messages.after_seq(session, key, where.after_seq, limit + 1)
        return rows[:limit], len(rows) > limit
    if where.around_seq is not None:
        ahead = await messages.before_seq(session, key, where.around_seq, limit // 2)
        rows = await messages.after_seq(session, key, where.around_seq - 1, limit - len(ahead) + 1)
        return [*ahead, *rows[: limit - len(ahead)]], len(rows) > limit - len(ahead)
    before = where.before_seq if where.before_seq is not None else conversation.last_seq + 1
    rows = await messages.before_seq(session, key, before, limit + 1)
    return rows[-limit:], len(rows) > limit


async def _last_before(session: AsyncSession, conversation: ConversationRow, moment: datetime) -> int:
    """The number of the last message before `moment`: times ascend with numbers, so by halving."""
    low, high = conversation.first_seq, conversation.last_seq + 1
    while low < high:
        middle = (low + high) // 2
        row = await messages.at_seq(session, conversation.id, middle)
        if row is not None and row.created_at >= moment:
            high = middle
        else:
            low = middle + 1
    return low - 1
