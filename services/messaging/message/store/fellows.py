"""Who shares a conversation with whom, and who may be told of somebody's presence."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from messaging_wire.ids import UserId
from sqlalchemy import BINARY, ColumnElement, or_, select, true, type_coerce
from sqlalchemy.orm import aliased
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from messaging.message.store import relations
from messaging.message.store.members import SMALL
from messaging.message.tables import ConversationRow, MemberRow, RelationRow

MAX_ROWS: Final = 20_000
"""How many memberships, or relations, are looked at for one batch of people; whoever is beyond asks for presence."""

Others = dict[UserId, list[UserId]]
"""By person, others who may hear of them, or may not."""
Raw = tuple[bytes, bytes]
"""A person and another as the database holds them: of thousands of pairs ids would cost more than all else."""


async def fellows_among(session: AsyncSession, user_id: UUID, others: Collection[UUID]) -> set[UUID]:
    """Return those of `others` who share a conversation with the person."""
    if not others:
        return set()
    mine, theirs = aliased(MemberRow), aliased(MemberRow)
    query = (
        select(col(theirs.user_id))
        .join(mine, (col(mine.conversation_id) == col(theirs.conversation_id)) & (col(mine.user_id) == user_id))
        .join(ConversationRow, col(ConversationRow.id) == col(theirs.conversation_id))
        .where(col(theirs.user_id).in_(list(others)), col(ConversationRow.deleted_at).is_(None))
        .distinct()
        .limit(len(others))
    )
    return set((await session.execute(query)).scalars())


async def viewers(session: AsyncSession, users: Collection[UserId], here: Iterable[UserId]) -> tuple[Others, Others]:
    """Return, for each of `users`, those `here` who may hear of them, and those whom they have blocked.

    Who may are contacts and fellows in small conversations. Blocks are complete for all of these.
    """
    inside = {user_id.bytes: user_id for user_id in here}
    said = await _relations(session, users)
    near = {(person, other) for person, other, contact, _ in said if contact and other in inside}
    near |= {pair for pair in await _fellows(session, users) if pair[1] in inside}
    if len(said) < MAX_ROWS:
        blocked = {(person, other) for person, other, _, is_blocked in said if is_blocked and other in inside}
    else:
        pairs = [(UUID(bytes=person), inside[other]) for person, other in near]
        blocked = {(one.bytes, other.bytes) for one, other in await relations.blocked_between(session, pairs)}
    names = {user_id.bytes: user_id for user_id in users}
    return _by_person(near - blocked, names, inside), _by_person(blocked, names, inside)


def _by_person(pairs: Iterable[Raw], names: Mapping[bytes, UserId], inside: Mapping[bytes, UserId]) -> Others:
    found: Others = defaultdict(list)
    for person, other in pairs:
        found[names[person]].append(inside[other])
    return found


async def _fellows(session: AsyncSession, users: Collection[UserId]) -> Sequence[Raw]:
    mine, theirs = aliased(MemberRow), aliased(MemberRow)
    query = (
        select(_raw(mine.user_id, "person"), _raw(theirs.user_id, "other"))
        .join(ConversationRow, col(ConversationRow.id) == col(mine.conversation_id))
        .join(theirs, col(theirs.conversation_id) == col(mine.conversation_id))
        .where(
            col(mine.user_id).in_(list(users)),
            col(ConversationRow.member_count) <= SMALL,
            col(ConversationRow.deleted_at).is_(None),
            col(theirs.user_id) != col(mine.user_id),
        )
    )
    return [(row[0], row[1]) for row in (await session.execute(query.limit(MAX_ROWS))).all()]


async def _relations(session: AsyncSession, users: Collection[UserId]) -> Sequence[tuple[bytes, bytes, bool, bool]]:
    contact, blocked = col(RelationRow.contact), col(RelationRow.blocked)
    query = select(_raw(RelationRow.user_id, "person"), _raw(RelationRow.other_id, "other"), contact, blocked).where(
        col(RelationRow.user_id).in_(list(users)), or_(contact == true(), blocked == true())
    )
    return [(row[0], row[1], row[2], row[3]) for row in (await session.execute(query.limit(MAX_ROWS))).all()]


def _raw(column: Any, name: str) -> ColumnElement[bytes]:
    return type_coerce(col(column), BINARY(16)).label(name)
