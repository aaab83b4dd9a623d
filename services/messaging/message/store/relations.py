"""What people have said of one another, as `relation.changed` tells: contacts and blocks; all by primary key."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import islice
from typing import Any
from uuid import UUID

from sqlalchemy import select, true, tuple_
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from messaging.kernel.upsert import insert_or_renew
from messaging.message.store.rows import table_of
from messaging.message.tables import PersonRow, RelationRow

Pair = tuple[UUID, UUID]
"""A person, and another of whom they have said something (or to whom they want to write)."""

PAIRS_AT_ONCE = 1000
SAID = ("contact", "blocked", "version")


async def blocked_between(session: AsyncSession, pairs: Iterable[Pair]) -> set[Pair]:
    """Return those pairs (person, other) whose person has blocked the other; ask both ways for either."""
    remaining, found = iter(set(pairs)), set[Pair]()
    key = tuple_(col(RelationRow.user_id), col(RelationRow.other_id))
    while portion := list(islice(remaining, PAIRS_AT_ONCE)):
        query = select(col(RelationRow.user_id), col(RelationRow.other_id))
        query = query.where(key.in_(portion), col(RelationRow.blocked) == true())
        found.update((row[0], row[1]) for row in (await session.execute(query)).all())
    return found


async def contacts_of(session: AsyncSession, user_id: UUID, others: Collection[UUID]) -> set[UUID]:
    """Return those of `others` who are the person's contacts."""
    if not others:
        return set()
    query = select(col(RelationRow.other_id)).where(
        col(RelationRow.user_id) == user_id,
        col(RelationRow.other_id).in_(list(others)),
        col(RelationRow.contact) == true(),
    )
    return set((await session.execute(query)).scalars())


async def may_message(session: AsyncSession, sender: UUID, other: UUID) -> bool:
    """Tell whether `sender` may write to `other` directly, as `refusing` says."""
    return not await refusing(session, [(sender, other)])


async def refusing(session: AsyncSession, pairs: Iterable[Pair]) -> set[Pair]:
    """Return those pairs (sender, other) whose other takes no direct message from the sender.

    They have blocked the sender, or take them from contacts only and the sender is none. Notes to oneself are taken.
    """
    wanted = {pair for pair in pairs if pair[0] != pair[1]}
    if not wanted:
        return set()
    said = await _said(session, [(other, sender) for sender, other in wanted])
    reserved = await _reserved(session, {other for _, other in wanted})
    refused = set()
    for sender, other in wanted:
        contact, blocked = said.get((other, sender), (False, False))
        if blocked or (other in reserved and not contact):
            refused.add((sender, other))
    return refused


async def versions(session: AsyncSession, pairs: Iterable[Pair]) -> dict[Pair, int]:
    """Return the versions of those pairs that are known."""
    wanted = list(set(pairs))
    if not wanted:
        return {}
    columns = (col(RelationRow.user_id), col(RelationRow.other_id), col(RelationRow.version))
    query = select(*columns).where(tuple_(columns[0], columns[1]).in_(wanted))
    return {(row[0], row[1]): row[2] for row in (await session.execute(query)).all()}


async def save_newer(session: AsyncSession, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write what is newer than what is known; at most one row for each pair, in the order of the pairs."""
    if rows:
        await session.execute(insert_or_renew(session, table_of(RelationRow), rows, update=SAID, newer="version"))


async def _said(session: AsyncSession, pairs: Sequence[Pair]) -> dict[Pair, tuple[bool, bool]]:
    """Contact and block of each pair that is known."""
    key = tuple_(col(RelationRow.user_id), col(RelationRow.other_id))
    columns = (col(RelationRow.user_id), col(RelationRow.other_id), col(RelationRow.contact), col(RelationRow.blocked))
    rows = (await session.execute(select(*columns).where(key.in_(pairs)))).all()
    return {(row[0], row[1]): (row[2], row[3]) for row in rows}


async def _reserved(session: AsyncSession, people: Collection[UUID]) -> set[UUID]:
    """Those who take direct messages from contacts only."""
    query = select(col(PersonRow.user_id)).where(
        col(PersonRow.user_id).in_(list(people)), col(PersonRow.direct_messages) == "contacts"
    )
    return set((await session.execute(query)).scalars())
