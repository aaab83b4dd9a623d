"""SQL of the blocks of told messages, of changed texts, and of messages that are not counted as others are."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from messaging.notification.blocks import Block, Blocks, Key, Place
from messaging.notification.store.activity import portions
from messaging.notification.store.statements import Statements, hexed, timed
from messaging.notification.tables import BLOCK, MAX_MENTIONS

Said = tuple[UUID, UUID, int]
"""A conversation, a person in it, and the `seq` of a message."""
Range = tuple[UUID, UUID, int, int]
"""A conversation, a person in it, and the first and the last `seq` of what is asked about."""


async def load(session: AsyncSession, keys: Iterable[Key], into: Blocks) -> None:
    """Read blocks that are not held yet; those that are not there are empty."""
    wanted = [key for key in keys if key not in into.held]
    statements = await Statements.of(session)
    for portion in portions(wanted):
        rows = await statements.rows(
            "SELECT conversation_id, block, sent, changed FROM activity_block"
            f" WHERE (conversation_id, block) IN ({statements.places(portion)})"
        )
        for key in portion:
            into.held[key] = Block()
        for row in rows:
            into.held[(UUID(bytes=row[0]), row[1])] = Block(_number(row[2]), _number(row[3]))


async def save(session: AsyncSession, blocks: Blocks, now: datetime) -> None:
    """Write the blocks that have changed."""
    statements = await Statements.of(session)
    at = timed(now)
    rows = [
        f"({hexed(key[0])},{key[1]},{_bits(block.sent)},{_bits(block.changed)},{at})"
        for key, block in sorted(blocks.held.items())
        if block.dirty
    ]
    for portion in portions(rows):
        await statements.run(
            statements.upsert(
                "activity_block",
                ("conversation_id", "block", "sent", "changed", "seen_at"),
                ("conversation_id", "block"),
                portion,
                "sent = new.sent, changed = new.changed, seen_at = new.seen_at",
            )
        )


def _number(stored: bytes) -> int:
    return int.from_bytes(stored, "little")


def _bits(number: int) -> str:
    return f"X'{number.to_bytes(BLOCK // 8, 'little').hex()}'"


@dataclass(slots=True)
class Text:
    """The newest text of a changed message, and whom its changes mention."""

    rev: int
    preview: str
    mentions: frozenset[UUID] = frozenset()


async def texts_of(session: AsyncSession, places: Collection[Place]) -> dict[Place, Text]:
    """What is known of changed messages."""
    statements = await Statements.of(session)
    found: dict[Place, Text] = {}
    for portion in portions(places):
        rows = await statements.rows(
            "SELECT conversation_id, seq, rev, preview, mentions FROM activity"
            f" WHERE (conversation_id, seq) IN ({statements.places(portion)})"
        )
        found |= {(UUID(bytes=row[0]), row[1]): Text(row[2], row[3], _unpacked(row[4] or b"")) for row in rows}
    return found


def _unpacked(stored: bytes) -> frozenset[UUID]:
    return frozenset(UUID(bytes=stored[start : start + 16]) for start in range(0, len(stored), 16))


async def save_texts(session: AsyncSession, texts: Mapping[Place, Text], now: datetime) -> None:
    """Write what is known of changed messages."""
    statements = await Statements.of(session)
    for portion in portions(sorted(texts.items(), key=lambda item: item[0])):
        rows = (
            f"({hexed(place[0])},{place[1]},{text.rev},{statements.mark},"
            f"X'{''.join(user.hex for user in sorted(text.mentions)[:MAX_MENTIONS])}',{timed(now)})"
            for place, text in portion
        )
        upsert = statements.upsert(
            "activity",
            ("conversation_id", "seq", "rev", "preview", "mentions", "seen_at"),
            ("conversation_id", "seq"),
            rows,
            "rev = new.rev, preview = new.preview, mentions = new.mentions, seen_at = new.seen_at",
        )
        await statements.run(upsert, [text.preview for _, text in portion])


async def save_mentions(session: AsyncSession, said: Iterable[Said], now: datetime) -> None:
    """Note who is mentioned in which message."""
    await _save(session, "activity_mention", said, now)


async def save_skips(session: AsyncSession, said: Iterable[Said], now: datetime) -> None:
    """Note whose open notification does not count which message."""
    await _save(session, "activity_skip", said, now)


async def _save(session: AsyncSession, table: str, said: Iterable[Said], now: datetime) -> None:
    statements = await Statements.of(session)
    for portion in portions(sorted(set(said))):
        rows = (f"({hexed(one[0])},{hexed(one[1])},{one[2]},{timed(now)})" for one in portion)
        await statements.run(
            statements.upsert(
                table,
                ("conversation_id", "user_id", "seq", "seen_at"),
                ("conversation_id", "user_id", "seq"),
                rows,
                "seen_at = new.seen_at",
            )
        )


async def said_to(session: AsyncSession, ranges: Sequence[Range]) -> tuple[set[Said], set[Said]]:
    """The mentions, and the messages that are not counted, of (conversation, person, first, last)."""
    return await _said(session, "activity_mention", ranges), await _said(session, "activity_skip", ranges)


async def _said(session: AsyncSession, table: str, ranges: Sequence[Range]) -> set[Said]:
    statements = await Statements.of(session)
    found: set[Said] = set()
    for portion in portions(ranges, 100):
        where = " OR ".join(
            f"(conversation_id = {hexed(one[0])} AND user_id = {hexed(one[1])} AND seq BETWEEN {one[2]} AND {one[3]})"
            for one in portion
        )
        rows = await statements.rows(f"SELECT conversation_id, user_id, seq FROM {table} WHERE {where}")
        found |= {(UUID(bytes=row[0]), UUID(bytes=row[1]), row[2]) for row in rows}
    return found
