"""SQL of levels, mutes and blocks."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import tuple_, update
from sqlmodel.ext.asyncio.session import AsyncSession

from messaging.kernel.upsert import insert_or_renew
from messaging.notification.store.activity import Pair, portions
from messaging.notification.store.readers import Reader
from messaging.notification.tables import memberships, relations


async def save_levels(session: AsyncSession, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write what is newer than what is known; who is not known yet is noted as no member."""
    unknown = {"role": None, "version": 0, "read_seq": 0, "closed_seq": 0, "mention_closed_seq": 0}
    names = ("level", "muted_until", "level_version")
    for portion in portions(rows):
        filled = [unknown | dict(row) for row in portion]
        statement = insert_or_renew(session, memberships, filled, update=names, newer="level_version")
        await session.execute(statement)


async def reset_levels(session: AsyncSession, pairs: Iterable[Pair]) -> None:
    """Forget what former members wanted, for when they come back."""
    key = tuple_(memberships.c.conversation_id, memberships.c.user_id)
    for portion in portions(sorted(pairs)):
        await session.execute(update(memberships).where(key.in_(portion)).values(level="all", muted_until=None))


async def save_closed(session: AsyncSession, reader: Reader) -> None:
    """Note up to where a member's notifications are closed."""
    mine = (memberships.c.conversation_id == reader.conversation_id, memberships.c.user_id == reader.user_id)
    closed = {"closed_seq": reader.closed["message"], "mention_closed_seq": reader.closed["mention"]}
    await session.execute(update(memberships).where(*mine).values(closed))


async def save_relations(session: AsyncSession, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write blocks that are newer than what is known."""
    for portion in portions(rows):
        statement = insert_or_renew(session, relations, portion, update=("blocked", "version"), newer="version")
        await session.execute(statement)
