"""What is too old to be kept, a portion per statement."""

from datetime import datetime

from sqlalchemy import Column, Table, delete, select, tuple_
from sqlmodel.ext.asyncio.session import AsyncSession

from messaging.notification.tables import (
    activities,
    activity_blocks,
    activity_mentions,
    activity_skips,
    deferred_events,
    notifications,
)

ROWS_AT_ONCE = 500


async def forget_portion(session: AsyncSession, *, before: datetime, deferred_before: datetime) -> bool:
    """Delete a portion of what was read, or is of messages, before a time; tell whether there may be more.

    Deferred events go by a time of their own: what they waited for never came.
    """
    full = [
        await _forget(session, notifications, notifications.c.read_at, before),
        await _forget(session, activity_blocks, activity_blocks.c.seen_at, before),
        await _forget(session, activities, activities.c.seen_at, before),
        await _forget(session, activity_mentions, activity_mentions.c.seen_at, before),
        await _forget(session, activity_skips, activity_skips.c.seen_at, before),
        await _forget(session, deferred_events, deferred_events.c.received_at, deferred_before),
    ]
    return any(full)


async def _forget(session: AsyncSession, table: Table, column: Column[datetime], before: datetime) -> bool:
    keys = list(table.primary_key.columns)
    query = select(*keys).where(column < before).limit(ROWS_AT_ONCE)
    found = [tuple(row) for row in (await session.execute(query)).all()]
    if found:
        await session.execute(delete(table).where(tuple_(*keys).in_(found)))
    return len(found) == ROWS_AT_ONCE
