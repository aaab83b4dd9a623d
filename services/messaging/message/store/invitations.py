"""Invitations into groups that wait for an answer.

One whose inviter the invited person has blocked is there for the group and not for that person: it cannot be told from
one that is never answered.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, and_, delete, exists, func, or_, select
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from messaging.kernel.upsert import locked
from messaging.message.tables import ConversationRow, InvitationRow, RelationRow


def _is_shown() -> ColumnElement[bool]:
    """The invited person has not blocked the inviter."""
    return ~exists().where(
        col(RelationRow.user_id) == col(InvitationRow.user_id),
        col(RelationRow.other_id) == col(InvitationRow.inviter_id),
        col(RelationRow.blocked).is_(True),
    )


async def lock(session: AsyncSession, conversation_id: UUID, users: Collection[UUID]) -> dict[UUID, InvitationRow]:
    """Lock those of the people's invitations into a group that there are, whoever may see them."""
    if not users:
        return {}
    query = select(InvitationRow).where(
        col(InvitationRow.conversation_id) == conversation_id, col(InvitationRow.user_id).in_(sorted(users))
    )
    query = query.order_by(col(InvitationRow.user_id)).execution_options(populate_existing=True)
    return {row.user_id: row for row in (await session.execute(locked(session, query))).scalars()}


async def lock_shown(session: AsyncSession, conversation_id: UUID, user_id: UUID) -> InvitationRow | None:
    """Lock a person's own invitation, unless they have blocked who sent it."""
    query = select(InvitationRow).where(
        col(InvitationRow.conversation_id) == conversation_id, col(InvitationRow.user_id) == user_id, _is_shown()
    )
    return (await session.execute(locked(session, query))).scalar_one_or_none()


async def shown(session: AsyncSession, conversation_id: UUID, users: Collection[UUID]) -> set[UUID]:
    """Return those of the people who can see an invitation into the group."""
    if not users:
        return set()
    query = select(col(InvitationRow.user_id)).where(
        col(InvitationRow.conversation_id) == conversation_id, col(InvitationRow.user_id).in_(users), _is_shown()
    )
    return set((await session.execute(query)).scalars())


async def of_person(
    session: AsyncSession, user_id: UUID, *, limit: int, before: tuple[datetime, UUID] | None = None
) -> list[tuple[InvitationRow, str]]:
    """Return a person's invitations with the groups' titles, newest first."""
    made, key = col(InvitationRow.created_at), col(InvitationRow.conversation_id)
    query = (
        select(InvitationRow, col(ConversationRow.title))
        .join(ConversationRow, col(ConversationRow.id) == key)
        .where(col(InvitationRow.user_id) == user_id, col(ConversationRow.deleted_at).is_(None), _is_shown())
    )
    if before is not None:
        query = query.where(or_(made < before[0], and_(made == before[0], key < before[1])))
    rows = (await session.execute(query.order_by(made.desc(), key.desc()).limit(limit))).all()
    return [(row, title or "") for row, title in rows]


async def of_group(
    session: AsyncSession, conversation_id: UUID, *, limit: int, after: UUID | None = None
) -> list[InvitationRow]:
    """Return a group's open invitations in the order of the people's ids."""
    query = select(InvitationRow).where(col(InvitationRow.conversation_id) == conversation_id)
    if after is not None:
        query = query.where(col(InvitationRow.user_id) > after)
    return list((await session.execute(query.order_by(col(InvitationRow.user_id)).limit(limit))).scalars())


async def count_in(session: AsyncSession, conversation_id: UUID) -> int:
    """Return how many invitations into a group are open; there are at most as many as the service allows."""
    query = select(func.count()).where(col(InvitationRow.conversation_id) == conversation_id)
    return int((await session.execute(query)).scalar_one())


async def count_for(session: AsyncSession, users: Collection[UUID], inviter_id: UUID) -> dict[UUID, int]:
    """Return how many open invitations each person has: those that they can see, and all by `inviter_id`.

    So the count tells `inviter_id` nothing of a block, and people who are blocked cannot use it up for others.
    """
    if not users:
        return {}
    query = (
        select(col(InvitationRow.user_id), func.count())
        .join(ConversationRow, col(ConversationRow.id) == col(InvitationRow.conversation_id))
        .where(col(InvitationRow.user_id).in_(users), col(ConversationRow.deleted_at).is_(None))
        .where(or_(col(InvitationRow.inviter_id) == inviter_id, _is_shown()))
        .group_by(col(InvitationRow.user_id))
    )
    return {user: int(count) for user, count in (await session.execute(query)).all()}


async def remove(session: AsyncSession, conversation_id: UUID, user_id: UUID) -> bool:
    """Delete somebody's invitation into a group; tell whether there was one."""
    statement = delete(InvitationRow).where(
        col(InvitationRow.conversation_id) == conversation_id, col(InvitationRow.user_id) == user_id
    )
    return bool((await session.execute(statement)).rowcount)  # type: ignore[attr-defined]  # a cursor's result has it


async def clear_page(session: AsyncSession, conversation_id: UUID, limit: int) -> int:
    """Delete up to `limit` invitations into a deleted group; return how many there were."""
    people: Sequence[UUID] = [row.user_id for row in await of_group(session, conversation_id, limit=limit)]
    if people:
        await session.execute(
            delete(InvitationRow).where(
                col(InvitationRow.conversation_id) == conversation_id, col(InvitationRow.user_id).in_(people)
            )
        )
    return len(people)


async def welcoming(session: AsyncSession, adder_id: UUID, users: Collection[UUID]) -> set[UUID]:
    """Return those of the people who have `adder_id` as a contact and have not blocked them."""
    if not users:
        return set()
    query = select(col(RelationRow.user_id)).where(
        col(RelationRow.user_id).in_(users),
        col(RelationRow.other_id) == adder_id,
        col(RelationRow.contact).is_(True),
        col(RelationRow.blocked).is_(False),
    )
    return set((await session.execute(query)).scalars())
