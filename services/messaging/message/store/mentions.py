"""Who is meant by the names in messages: members of the same conversation only."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import select
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from messaging.message.tables import MemberRow, PersonRow

Named = tuple[UUID, str]
"""A conversation and a folded user name."""
NAMES_AT_ONCE = 500
"""How many names one statement asks for; a batch of sends rarely has more."""


async def members_by_name(session: AsyncSession, wanted: Collection[Named]) -> dict[Named, UUID]:
    """Return the members of those names in those conversations; who is no member, or unknown, is left out.

    A name that was freed and given out again means the person who has had it last.
    """
    ordered = sorted(wanted, key=lambda named: named[1])
    found: dict[Named, UUID] = {}
    for start in range(0, len(ordered), NAMES_AT_ONCE):
        portion = ordered[start : start + NAMES_AT_ONCE]
        query = (
            select(col(MemberRow.conversation_id), col(PersonRow.username_key), col(PersonRow.user_id))
            .join(MemberRow, col(MemberRow.user_id) == col(PersonRow.user_id))
            .where(
                col(PersonRow.username_key).in_({name for _, name in portion}),
                col(MemberRow.conversation_id).in_({conversation_id for conversation_id, _ in portion}),
            )
            .order_by(col(PersonRow.user_id))
        )
        for conversation_id, name, user_id in (await session.execute(query)).all():
            if (conversation_id, name) in wanted:
                found[(conversation_id, name)] = user_id
    return found
