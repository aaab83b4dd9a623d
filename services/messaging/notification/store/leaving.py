"""What there is of one person, for whoever takes it all away; in portions, by index."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import RowMapping, delete, select, update
from sqlmodel.ext.asyncio.session import AsyncSession

from messaging.kernel.purging import remove_some
from messaging.notification.tables import (
    activity_mentions,
    activity_skips,
    conversations,
    deferred_events,
    memberships,
    notifications,
    relations,
    reminders,
)

CONVERSATIONS_AT_ONCE = 50
TOLD_AT_ONCE = 500
DEFERRED_AT_ONCE = 500


async def some_conversations(session: AsyncSession, user_id: UUID) -> Sequence[UUID]:
    """Return some conversations that the person is or was in."""
    query = select(memberships.c.conversation_id).where(memberships.c.user_id == user_id)
    return (await session.execute(query.limit(CONVERSATIONS_AT_ONCE))).scalars().all()


async def rename_direct(session: AsyncSession, ids: Sequence[UUID], title: str) -> Sequence[RowMapping]:
    """Give what is told of direct conversations among locked ones another title; return some open rows for telling."""
    direct = select(conversations.c.id).where(conversations.c.id.in_(ids), conversations.c.kind == "direct")
    found = (await session.execute(direct)).scalars().all()
    if not found:
        return []
    concerned = notifications.c.conversation_id.in_(found)
    await session.execute(update(notifications).where(concerned).values(title=title))
    query = select(notifications.c.id, notifications.c.user_id, notifications.c.conversation_id)
    query = query.where(concerned, notifications.c.is_open == 1).limit(TOLD_AT_ONCE)
    return (await session.execute(query)).mappings().all()


async def end_memberships(session: AsyncSession, user_id: UUID, ids: Sequence[UUID]) -> None:
    """Forget that a person was in these conversations, and where they were mentioned."""
    for table in (activity_mentions, activity_skips, memberships):
        await session.execute(delete(table).where(table.c.conversation_id.in_(ids), table.c.user_id == user_id))


async def remove_portion(session: AsyncSession, user_id: UUID) -> bool:
    """Delete some of a person's notifications, reminders and relations; tell whether there may be more."""
    full = [
        await remove_some(session, notifications, notifications.c.user_id == user_id),
        await remove_some(session, reminders, reminders.c.user_id == user_id),
        await remove_some(session, relations, relations.c.user_id == user_id),
        await remove_some(session, relations, relations.c.other_id == user_id),
    ]
    return any(full)


async def deferred_after(session: AsyncSession, last: int) -> Sequence[RowMapping]:
    """Return a portion of the events that wait, whoever they are of, behind an id."""
    query = select(deferred_events.c.id, deferred_events.c.body).where(deferred_events.c.id > last)
    return (await session.execute(query.order_by(deferred_events.c.id).limit(DEFERRED_AT_ONCE))).mappings().all()


async def rewrite_deferred(session: AsyncSession, event_id: int, body: str) -> None:
    """Give an event that waits another body."""
    await session.execute(update(deferred_events).where(deferred_events.c.id == event_id).values(body=body))


async def drop_deferred(session: AsyncSession, event_id: int) -> None:
    """Let an event wait no longer."""
    await session.execute(delete(deferred_events).where(deferred_events.c.id == event_id))
