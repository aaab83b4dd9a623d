"""The newest messages over all conversations of a person, page by page, without looking at all of their messages.

A page goes on behind a place: a time, a conversation and a `seq`. Where each conversation stands at that place is
found by halving, as times ascend with numbers, in all conversations at once; then only the heads of those that can
contribute are read.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from messaging_wire.base import Page, format_time
from messaging_wire.message import Message
from sqlmodel.ext.asyncio.session import AsyncSession

from messaging.kernel.database import Database
from messaging.kernel.paging import bad_cursor, decode_cursor, encode_cursor
from messaging.kernel.tokens import Caller
from messaging.message.presentation import present_messages
from messaging.message.store import conversations, feed
from messaging.message.store.feed import Head, Place
from messaging.message.tables import ConversationRow, MessageRow

MAX_CONVERSATIONS = 200
"""How many conversations with something newer than the page may have something on it, too: the latest active ones."""


@dataclass(frozen=True)
class Behind:
    """The last message of the page before; order is by time, then conversation, then `seq`, all descending."""

    at: datetime
    conversation_id: UUID
    seq: int

    def may_show(self, key: UUID, at: datetime) -> bool:
        """Whether a message of another conversation comes behind it."""
        return at < self.at or (at == self.at and key < self.conversation_id)


class FeedService:
    """Answers GET /message."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def page(self, caller: Caller, *, limit: int, cursor: str | None) -> Page[Message]:
        """Messages of the caller's conversations, newest first.

        Raises:
            ProblemError: 422, the cursor is none of ours.
        """
        behind = _read_cursor(cursor) if cursor is not None else None
        async with self._database.reading() as session:
            heads = await _heads(session, caller, behind, limit)
            places = await feed.newest(session, heads, limit + 1)
            rows = await feed.at(session, places[:limit])
            items = await present_messages(session, caller.user_id, rows)
        more = len(places) > limit
        return Page(items=items, next_cursor=_cursor(rows[-1]) if more else None)


async def _heads(session: AsyncSession, caller: Caller, behind: Behind | None, limit: int) -> list[Head]:
    """Where each conversation that can contribute stands."""
    if behind is None:
        found = await conversations.latest(session, caller.user_id, limit=limit + 1)
        return [_newest(seen.conversation) for seen in found]
    older = await conversations.latest(session, caller.user_id, limit=limit + 1, before=(behind.at, UUID(int=0)))
    active = await conversations.latest(session, caller.user_id, limit=MAX_CONVERSATIONS)
    newer = [seen.conversation for seen in active if seen.conversation.last_activity_at >= behind.at]
    return [_newest(seen.conversation) for seen in older] + await _standing(session, newer, behind)


def _newest(row: ConversationRow) -> Head:
    return Head(row.id, row.first_seq, row.last_seq, row.last_activity_at)


async def _standing(session: AsyncSession, rows: Sequence[ConversationRow], behind: Behind) -> list[Head]:
    """Where conversations with newer messages stand at the place."""
    last = await _halve(
        session,
        {row.id: (row.first_seq, row.last_seq) for row in rows if row.id != behind.conversation_id},
        behind.may_show,
    )
    last |= {row.id: behind.seq - 1 for row in rows if row.id == behind.conversation_id}
    times = await feed.times(session, [(key, seq) for key, seq in last.items() if seq > 0])
    firsts: dict[UUID, int] = {row.id: row.first_seq for row in rows}
    return [Head(key, firsts[key], seq, times[(key, seq)]) for key, seq in last.items() if (key, seq) in times]


async def _halve(
    session: AsyncSession, ranges: dict[UUID, tuple[int, int]], may_show: Callable[[UUID, datetime], bool]
) -> dict[UUID, int]:
    """The greatest number in each conversation's range whose message may be shown, or the one before the range."""
    low = {key: first - 1 for key, (first, _) in ranges.items()}
    high = {key: last for key, (_, last) in ranges.items()}
    while open_ := [key for key in ranges if low[key] < high[key]]:
        middles: list[Place] = [(key, (low[key] + high[key] + 1) // 2) for key in open_]
        times = await feed.times(session, middles)
        for key, middle in middles:
            at = times.get((key, middle))
            if at is None or may_show(key, at):
                low[key] = middle
            else:
                high[key] = middle - 1
    return low


def _cursor(last: MessageRow) -> str:
    return encode_cursor([format_time(last.created_at), str(last.conversation_id), last.seq])


def _read_cursor(cursor: str) -> Behind:
    at, conversation_id, seq = decode_cursor(cursor, str, str, int)
    try:
        return Behind(datetime.fromisoformat(at), UUID(conversation_id), seq)
    except ValueError:
        raise bad_cursor() from None
