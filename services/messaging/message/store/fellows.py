"""Who shares a conversation with whom, and who may be told of somebody's presence."""

from collections import defaultdict
from collections.abc import Collection, Container
from typing import Final
from uuid import UUID

from sqlalchemy import select, true
from sqlalchemy.orm import aliased
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from messaging.message.store.members import SMALL
from messaging.message.tables import ConversationRow, MemberRow, RelationRow

MAX_PAIRS: Final = 20_000
"""How many memberships, or contacts, are looked at for one batch of people; who is beyond asks for presence."""

Viewers = dict[UUID, set[UUID]]
"""By person, who may hear of them."""


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


async def viewers(session: AsyncSession, users: Collection[UUID], here: Container[UUID]) -> Viewers:
    """Return, of those `here`, the contacts and the fellows in small conversations of each of `users`."""
    found: Viewers = defaultdict(set)
    mine, theirs = aliased(MemberRow), aliased(MemberRow)
    fellows = (
        select(col(mine.user_id), col(theirs.user_id))
        .join(ConversationRow, col(ConversationRow.id) == col(mine.conversation_id))
        .join(theirs, col(theirs.conversation_id) == col(mine.conversation_id))
        .where(
            col(mine.user_id).in_(list(users)),
            col(ConversationRow.member_count) <= SMALL,
            col(ConversationRow.deleted_at).is_(None),
            col(theirs.user_id) != col(mine.user_id),
        )
    )
    contacts = select(col(RelationRow.user_id), col(RelationRow.other_id)).where(
        col(RelationRow.user_id).in_(list(users)), col(RelationRow.contact) == true()
    )
    for query in (fellows, contacts):
        for person, viewer in (await session.execute(query.limit(MAX_PAIRS))).all():
            if viewer in here:
                found[person].add(viewer)
    return found
