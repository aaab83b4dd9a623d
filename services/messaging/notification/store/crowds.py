"""SQL of conversations with so many members that one statement for all is better than a row for each read and written.

A *simple* member wants every message, has read and closed none of the batch's, and is not special in it (mentioned,
reading, sending, or blocking a sender): what is open for them is advanced in the database, or opened there.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from messaging.kernel.ids import new_id
from messaging.notification.store.activity import MEMBERS_AT_ONCE
from messaging.notification.store.readers import OPENED, READERS, Reader, reader_of
from messaging.notification.store.statements import Statements, hexed, timed

CROWD = 500
"""From more members on a conversation is a crowd."""


@dataclass(frozen=True)
class Told:
    """What one batch tells a crowd: `count` messages from `first` to `last`, of which the last is shown."""

    conversation_id: UUID
    first: int
    last: int
    count: int
    message_id: UUID
    title: str
    message: str
    special: frozenset[UUID]
    at: datetime


async def crowds_among(session: AsyncSession, conversation_ids: Iterable[UUID]) -> set[UUID]:
    """Those of the conversations that are crowds."""
    wanted = list(conversation_ids)
    if not wanted:
        return set()
    statements = await Statements.of(session)
    rows = await statements.rows(
        f"SELECT conversation_id FROM membership WHERE conversation_id IN ({statements.ids(wanted)})"
        f" GROUP BY conversation_id HAVING COUNT(*) > {CROWD}"
    )
    return {UUID(bytes=row[0]) for row in rows}


async def others_in(session: AsyncSession, told: Told, after: UUID | None) -> list[Reader]:
    """A page of those who are not simple and whom the batch may concern, by person, behind `after`."""
    statements = await Statements.of(session)
    special = f"m.user_id IN ({statements.ids(told.special)}) OR " if told.special else ""
    behind = f" AND m.user_id > {hexed(after)}" if after is not None else ""
    rows = await statements.rows(
        f"{READERS} WHERE m.conversation_id = {hexed(told.conversation_id)} AND m.role IS NOT NULL{behind}"
        f" AND ({special}({_wants(told)} AND m.read_seq < {told.last} AND m.closed_seq < {told.last}"
        f" AND (m.read_seq >= {told.first} OR m.closed_seq >= {told.first} OR a.last_seq >= {told.first})))"
        f" ORDER BY m.user_id LIMIT {MEMBERS_AT_ONCE}"
    )
    return [reader_of(row) for row in rows]


async def tell_simple(session: AsyncSession, told: Told) -> None:
    """Advance what is open for simple members, and open what is not."""
    statements = await Statements.of(session)
    await _advance(statements, told)
    await _open(statements, told)


async def _advance(statements: Statements, told: Told) -> None:
    mark = statements.mark
    await statements.run(
        f"UPDATE notification SET count = count + {told.count}, last_seq = {told.last}, updated_at = {timed(told.at)},"
        f" message_id = {hexed(told.message_id)}, title = {mark}, message = {mark}"
        f" WHERE id IN (SELECT id FROM (SELECT a.id FROM membership m {statements.join_in_order} notification a"
        f" ON {_OPEN} WHERE {_simple(statements, told)} AND a.last_seq < {told.first}) AS simple)",
        (told.title, told.message),
    )


async def _open(statements: Statements, told: Told) -> None:
    at, mark = timed(told.at), statements.mark
    await statements.run(
        f"INSERT INTO notification ({','.join(OPENED)}) SELECT {statements.ids_like(new_id())}, m.user_id, 'message',"
        f" m.conversation_id, {hexed(told.message_id)}, 1, {told.first}, {told.last}, {told.count}, {mark}, {mark},"
        f" {at}, {at} FROM membership m LEFT JOIN notification a ON {_OPEN}"
        f" WHERE {_simple(statements, told)} AND a.id IS NULL",
        (told.title, told.message),
    )


_OPEN = (
    "a.user_id = m.user_id AND a.conversation_id = m.conversation_id AND a.kind = 'message' AND a.is_open = 1"
)  # fmt: skip


def _wants(told: Told) -> str:
    return f"m.level = 'all' AND (m.muted_until IS NULL OR m.muted_until <= {timed(told.at)})"


def _simple(statements: Statements, told: Told) -> str:
    special = f" AND m.user_id NOT IN ({statements.ids(told.special)})" if told.special else ""
    return (
        f"m.conversation_id = {hexed(told.conversation_id)} AND m.role IS NOT NULL AND {_wants(told)}"
        f" AND m.read_seq < {told.first} AND m.closed_seq < {told.first}{special}"
    )
