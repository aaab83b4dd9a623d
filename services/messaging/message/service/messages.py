"""Messages: reading one, a conversation's history and changes, editing, deleting."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from messaging_wire import problems
from messaging_wire.base import Page
from messaging_wire.message import ChangePage, Message, MessagePage, MessageVersion
from messaging_wire.problems import FieldProblem
from sqlmodel.ext.asyncio.session import AsyncSession

from messaging.kernel.errors import ProblemError
from messaging.kernel.paging import decode_cursor, encode_cursor
from messaging.kernel.tokens import Caller
from messaging.message.mentions import find_names, pack
from messaging.message.presentation import present_messages
from messaging.message.service.change import Changer
from messaging.message.service.revision import revise
from messaging.message.store import conversations, messages, pins, reactions
from messaging.message.store.mentions import members_by_name
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

    async def versions(
        self, caller: Caller, message_id: UUID, *, limit: int, cursor: str | None
    ) -> Page[MessageVersion]:
        """The former texts of a message of the caller's own, the oldest first.

        Raises:
            ProblemError: 404; 403 for another member; 422, the cursor is none of ours.
        """
        after_rev: int = decode_cursor(cursor, int)[0] if cursor is not None else 0
        async with self._database.reading() as session:
            found = await messages.seen(session, caller.user_id, message_id)
            if found is None:
                raise ProblemError(problems.NOT_FOUND)
            if found[0].sender_id != caller.user_id:
                raise ProblemError(problems.FORBIDDEN, "only its sender sees a message's former texts")
            rows = await messages.versions(session, message_id, limit + 1, after_rev=after_rev)
        items = [MessageVersion(rev=row.rev, content=row.content, written_at=row.written_at) for row in rows[:limit]]
        return Page(items=items, next_cursor=encode_cursor([items[-1].rev]) if len(rows) > limit else None)

    async def edit(self, caller: Caller, message_id: UUID, content: str) -> Message:
        """Give a message another text; the former one is kept for its sender.

        Raises:
            ProblemError: 404; 403 for who is not its sender, after the configured time, and `cannot-message` where
                they could not send it now; 409 for a tombstone.
        """
        async with self._changer.change(caller) as change:
            revision = await revise(change, message_id)
            row = revision.row
            if row.sender_id != caller.user_id or row.kind != "text":
                raise ProblemError(problems.FORBIDDEN, "only its sender edits a message")
            revision.require_there()
            await revision.require_may_write()
            revision.place.require_writer()
            if change.now > row.created_at + self._edit_within:
                raise ProblemError(problems.FORBIDDEN, "the time for editing is over")
            if row.content != content:
                written = row.edited_at or row.created_at
                change.session.add(VersionRow(message_id=row.id, rev=row.rev, content=row.content, written_at=written))
                row.content, row.edited_at = content, change.now
                row.mentions = await _mentioned(change.session, row.conversation_id, content)
                await revision.tell()
                revision.publish()
            return await revision.view()

    async def delete(self, caller: Caller, message_id: UUID) -> None:
        """Leave a tombstone, once: its text, former texts, mentions, reactions and pin are gone, its number stays.

        Raises:
            ProblemError: 404; 403 for who is neither its sender nor owner or admin, and for system messages.
        """
        async with self._changer.change(caller) as change:
            revision = await revise(change, message_id)
            row = revision.row
            if row.kind != "text" or (row.sender_id != caller.user_id and revision.place.member.role == "member"):
                raise ProblemError(problems.FORBIDDEN, "only its sender, the owner or an admin deletes a message")
            if row.deleted_at is None:
                await erase(change.session, [row], change.now)
                await revision.tell()
                revision.publish()


async def erase(session: AsyncSession, rows: Sequence[MessageRow], now: datetime) -> None:
    """Make tombstones of locked messages of one conversation; whoever calls gives each its `rev`."""
    for row in rows:
        row.content, row.deleted_at, row.mentions, row.pinned, row.reacted = "", now, None, False, False
    ids = [row.id for row in rows]
    await messages.forget_versions(session, ids)
    await reactions.forget(session, ids)
    await pins.remove(session, rows[0].conversation_id, ids)


async def _mentioned(session: AsyncSession, conversation_id: UUID, content: str) -> bytes | None:
    """Those who are mentioned in a text, as they are stored."""
    names = find_names(content)
    if not names:
        return None
    members = await members_by_name(session, {(conversation_id, name) for name in names})
    return pack(dict.fromkeys(members[key] for name in names if (key := (conversation_id, name)) in members))


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
