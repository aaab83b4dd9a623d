"""SQL of what people see, their notifications. What these are counted by: `activity.py`."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, RowMapping, and_, case, delete, insert, or_, select, tuple_, update
from sqlmodel.ext.asyncio.session import AsyncSession

from messaging.notification.blocks import Place
from messaging.notification.store.activity import portions
from messaging.notification.tables import memberships, notifications

CLOSED_COLUMN = {"message": "closed_seq", "mention": "mention_closed_seq"}
"""The column of a membership that tells up to where a kind was closed by hand."""
TOLD_AT_ONCE = 5000
"""How many people are told at once that a text was replaced; everybody else sees it at their next GET."""
PLACES_AT_ONCE = 200


async def page(
    session: AsyncSession, user_id: UUID, *, unread: bool, limit: int, before: tuple[datetime, UUID] | None
) -> Sequence[RowMapping]:
    """A person's notifications, the latest activity first, behind `before`."""
    query = select(notifications).where(notifications.c.user_id == user_id)
    if unread:
        query = query.where(notifications.c.is_open == 1)
    if before is not None:
        moment, last = before
        updated_at = notifications.c.updated_at
        query = query.where(or_(updated_at < moment, and_(updated_at == moment, notifications.c.id < last)))
    query = query.order_by(notifications.c.updated_at.desc(), notifications.c.id.desc()).limit(limit)
    return (await session.execute(query)).mappings().all()


async def one(session: AsyncSession, user_id: UUID, notification_id: UUID) -> RowMapping | None:
    """A person's own notification."""
    query = select(notifications).where(notifications.c.id == notification_id, notifications.c.user_id == user_id)
    return (await session.execute(query)).mappings().one_or_none()


async def by_ids(session: AsyncSession, ids: Iterable[UUID]) -> dict[UUID, RowMapping]:
    """These notifications as they are now, as far as they are there; for the sockets of their owners."""
    found: dict[UUID, RowMapping] = {}
    for portion in portions(ids):
        query = select(notifications).where(notifications.c.id.in_(portion)).limit(len(portion))
        found |= {row["id"]: row for row in (await session.execute(query)).mappings()}
    return found


async def open_in(
    session: AsyncSession, conversation_id: UUID, users: Iterable[UUID], *, since: int
) -> list[RowMapping]:
    """The open notifications of messages of a conversation, of these people, that show `since` or a later message."""
    found: list[RowMapping] = []
    for portion in portions(users):
        query = select(notifications).where(
            notifications.c.user_id.in_(portion),
            notifications.c.conversation_id == conversation_id,
            notifications.c.kind == "message",
            notifications.c.is_open == 1,
            notifications.c.last_seq >= since,
        )
        found += (await session.execute(query)).mappings().all()
    return found


async def open_rows(session: AsyncSession, user_id: UUID, *, limit: int) -> Sequence[RowMapping]:
    """Some of a person's open notifications."""
    query = select(notifications).where(notifications.c.user_id == user_id, notifications.c.is_open == 1)
    return (await session.execute(query.limit(limit))).mappings().all()


async def any_rows(session: AsyncSession, user_id: UUID, *, limit: int) -> Sequence[RowMapping]:
    """Some of a person's notifications, open or not."""
    query = select(notifications).where(notifications.c.user_id == user_id).limit(limit)
    return (await session.execute(query)).mappings().all()


async def has_open(session: AsyncSession, row: RowMapping) -> bool:
    """Tell whether another row of the same person, conversation and kind is open."""
    query = select(notifications.c.id).where(
        notifications.c.user_id == row["user_id"],
        notifications.c.conversation_id == row["conversation_id"],
        notifications.c.kind == row["kind"],
        notifications.c.is_open == 1,
    )
    return (await session.execute(query.limit(1))).first() is not None


async def add(session: AsyncSession, rows: Iterable[Mapping[str, Any]]) -> None:
    """Insert new notifications."""
    for portion in portions(rows):
        await session.execute(insert(notifications).values(portion))


async def close(session: AsyncSession, ids: Sequence[UUID], at: datetime) -> None:
    """Mark open notifications read."""
    for portion in portions(ids):
        await session.execute(
            update(notifications).where(notifications.c.id.in_(portion)).values(read_at=at, is_open=None)
        )


async def reopen(session: AsyncSession, notification_id: UUID) -> None:
    """Mark a notification unread."""
    await session.execute(
        update(notifications).where(notifications.c.id == notification_id).values(read_at=None, is_open=1)
    )


async def remove(session: AsyncSession, ids: Sequence[UUID]) -> None:
    """Delete notifications."""
    for portion in portions(ids):
        await session.execute(delete(notifications).where(notifications.c.id.in_(portion)))


async def close_up_to(session: AsyncSession, rows: Iterable[RowMapping]) -> None:
    """Note in the memberships that these notifications were closed by hand, so that what they count stays counted."""
    for row in rows:
        if row["conversation_id"] is None:
            continue
        column = memberships.c[CLOSED_COLUMN[row["kind"]]]
        await session.execute(
            update(memberships)
            .where(
                memberships.c.conversation_id == row["conversation_id"],
                memberships.c.user_id == row["user_id"],
                column < row["last_seq"],
            )
            .values({column: row["last_seq"]})
        )


async def open_again_from(session: AsyncSession, row: RowMapping) -> None:
    """Undo `close_up_to`, unless a later notification was closed since."""
    column = memberships.c[CLOSED_COLUMN[row["kind"]]]
    await session.execute(
        update(memberships)
        .where(
            memberships.c.conversation_id == row["conversation_id"],
            memberships.c.user_id == row["user_id"],
            column == row["last_seq"],
        )
        .values({column: row["first_seq"] - 1})
    )


async def open_rows_of_former_members(session: AsyncSession, conversation_ids: Iterable[UUID]) -> list[RowMapping]:
    """The open notifications of people who are no members of these conversations any more."""
    found: list[RowMapping] = []
    join = notifications.join(
        memberships,
        and_(
            memberships.c.conversation_id == notifications.c.conversation_id,
            memberships.c.user_id == notifications.c.user_id,
        ),
    )
    for portion in portions(conversation_ids):
        query = select(notifications).select_from(join)
        query = query.where(
            memberships.c.conversation_id.in_(portion), memberships.c.role.is_(None), notifications.c.is_open == 1
        )
        found += (await session.execute(query)).mappings()
    return found


async def replace_texts(session: AsyncSession, texts: Mapping[Place, str]) -> list[RowMapping]:
    """Put other texts wherever these messages' are shown, read or not; return some of the open rows for telling."""
    told: list[RowMapping] = []
    place = tuple_(notifications.c.conversation_id, notifications.c.last_seq)
    for portion in portions(texts, PLACES_AT_ONCE):
        text = case(*((_shows(one), texts[one]) for one in portion))
        await session.execute(update(notifications).where(place.in_(portion)).values(message=text))
        query = select(notifications.c.id, notifications.c.user_id, notifications.c.conversation_id)
        query = query.where(place.in_(portion), notifications.c.is_open == 1).limit(TOLD_AT_ONCE)
        told += (await session.execute(query)).mappings().all()
    return told


def _shows(place: Place) -> ColumnElement[bool]:
    return and_(notifications.c.conversation_id == place[0], notifications.c.last_seq == place[1])
