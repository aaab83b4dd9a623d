"""SQL of whoever is told of messages: members with what is open for them, and what becomes of that."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from messaging.notification.store.activity import MEMBERS_AT_ONCE, Pair, portions
from messaging.notification.store.statements import Statements, hexed, read_time, timed

Kind = Literal["message", "mention"]
KINDS: tuple[Kind, ...] = ("message", "mention")


@dataclass(slots=True)
class Open:
    """An open notification of a kind."""

    id: UUID
    first_seq: int
    last_seq: int
    count: int


@dataclass(slots=True)
class Reader:
    """Somebody in a conversation: how far they have read or closed, what they want to be told of, and what is open.

    `is_member` is false for who left.
    """

    conversation_id: UUID
    user_id: UUID
    is_member: bool
    read_seq: int
    closed: dict[Kind, int]
    level: str
    muted_until: datetime | None
    open: dict[Kind, Open] = field(default_factory=dict)


@dataclass(slots=True)
class Shown:
    """A whole open notification as it is to be; `is_later` tells that it shows another message than before."""

    id: UUID
    user_id: UUID
    conversation_id: UUID
    kind: Kind
    message_id: UUID
    first_seq: int
    last_seq: int
    count: int
    title: str
    message: str


READERS = (
    "SELECT m.conversation_id, m.user_id, m.role IS NOT NULL, m.read_seq, m.closed_seq, m.mention_closed_seq, m.level,"
    " m.muted_until, a.id, a.first_seq, a.last_seq, a.count, b.id, b.first_seq, b.last_seq, b.count FROM membership m"
    " LEFT JOIN notification a ON a.user_id = m.user_id AND a.conversation_id = m.conversation_id"
    " AND a.kind = 'message' AND a.is_open = 1"
    " LEFT JOIN notification b ON b.user_id = m.user_id AND b.conversation_id = m.conversation_id"
    " AND b.kind = 'mention' AND b.is_open = 1"
)


async def members_of(session: AsyncSession, conversation_ids: Iterable[UUID], after: Pair | None) -> list[Reader]:
    """A page of the members of conversations, by conversation and person, behind `after`."""
    wanted = [key for key in conversation_ids if after is None or key >= after[0]]
    if not wanted:
        return []
    statements = await Statements.of(session)
    behind = ""
    if after is not None:
        last = hexed(after[0])
        behind = f" AND (m.conversation_id > {last} OR (m.conversation_id = {last} AND m.user_id > {hexed(after[1])}))"
    rows = await statements.rows(
        f"{READERS} WHERE m.conversation_id IN ({statements.ids(wanted)}) AND m.role IS NOT NULL{behind}"
        f" ORDER BY m.conversation_id, m.user_id LIMIT {MEMBERS_AT_ONCE}"
    )
    return [reader_of(row) for row in rows]


async def named(session: AsyncSession, pairs: Collection[Pair]) -> list[Reader]:
    """Those of the pairs of conversation and person who are or were members."""
    statements = await Statements.of(session)
    found: list[Reader] = []
    for portion in portions(pairs):
        where = f" WHERE (m.conversation_id, m.user_id) IN ({statements.pairs(portion)})"
        found += [reader_of(row) for row in await statements.rows(READERS + where)]
    return found


def reader_of(row: Sequence[Any]) -> Reader:
    """A row of `READERS`."""
    reader = Reader(
        UUID(bytes=row[0]), UUID(bytes=row[1]), bool(row[2]), row[3], {"message": row[4], "mention": row[5]}, row[6],
        read_time(row[7]),
    )  # fmt: skip
    if row[8] is not None:
        reader.open["message"] = Open(UUID(bytes=row[8]), row[9], row[10], row[11])
    if row[12] is not None:
        reader.open["mention"] = Open(UUID(bytes=row[12]), row[13], row[14], row[15])
    return reader


async def blockers(
    session: AsyncSession, senders: Iterable[UUID], conversation_ids: Iterable[UUID]
) -> set[tuple[UUID, UUID]]:
    """The (member, sender) of these conversations in which the member has blocked the sender."""
    statements = await Statements.of(session)
    rows = await statements.rows(
        "SELECT DISTINCT r.user_id, r.other_id FROM relation r JOIN membership m ON m.user_id = r.user_id"
        f" WHERE r.other_id IN ({statements.ids(senders)}) AND r.blocked = 1"
        f" AND m.conversation_id IN ({statements.ids(conversation_ids)})"
    )
    return {(UUID(bytes=row[0]), UUID(bytes=row[1])) for row in rows}


async def save_read(session: AsyncSession, advances: Mapping[Pair, int]) -> None:
    """Move people's read positions forward, never back; who is not known yet is noted as no member."""
    statements = await Statements.of(session)
    for portion in portions(sorted(advances.items())):
        rows = (f"({hexed(pair[0])},{hexed(pair[1])},0,{seq},0,0)" for pair, seq in portion)
        await statements.run(
            statements.upsert(
                "membership",
                ("conversation_id", "user_id", "version", "read_seq", "closed_seq", "mention_closed_seq"),
                ("conversation_id", "user_id"),
                rows,
                f"read_seq = {statements.greatest}(membership.read_seq, new.read_seq)",
            )
        )


async def show(session: AsyncSession, rows: Sequence[Shown], now: datetime) -> None:
    """Open notifications, or advance open ones to a later message."""
    statements = await Statements.of(session)
    at, mark = timed(now), statements.mark
    for portion in portions(rows):
        values = (
            f"({hexed(row.id)},{hexed(row.user_id)},'{row.kind}',{hexed(row.conversation_id)},{hexed(row.message_id)},"
            f"1,{row.first_seq},{row.last_seq},{row.count},{mark},{mark},{at},{at})"
            for row in portion
        )
        upsert = statements.upsert("notification", OPENED, ("id",), values, _ADVANCE)
        await statements.run(upsert, [text for row in portion for text in (row.title, row.message)])


OPENED = (
    "id", "user_id", "kind", "conversation_id", "message_id", "is_open", "first_seq", "last_seq", "count", "title",
    "message", "created_at", "updated_at",
)  # fmt: skip
_ADVANCE = ", ".join(
    f"{name} = new.{name}"
    for name in ("message_id", "first_seq", "last_seq", "count", "title", "message", "updated_at")
)


async def recount(session: AsyncSession, rows: Iterable[Open]) -> None:
    """Write the numbers of open notifications that show the same message as before."""
    statements = await Statements.of(session)
    for portion in portions(rows, 200):
        counts = " ".join(f"WHEN {hexed(row.id)} THEN {row.count}" for row in portion)
        firsts = " ".join(f"WHEN {hexed(row.id)} THEN {row.first_seq}" for row in portion)
        await statements.run(
            f"UPDATE notification SET count = CASE id {counts} END, first_seq = CASE id {firsts} END"
            f" WHERE id IN ({statements.ids(row.id for row in portion)})"
        )


async def close(session: AsyncSession, ids: Iterable[UUID], now: datetime) -> None:
    """Mark open notifications read."""
    statements = await Statements.of(session)
    for portion in portions(ids):
        await statements.run(
            f"UPDATE notification SET is_open = NULL, read_at = {timed(now)} WHERE id IN ({statements.ids(portion)})"
        )
