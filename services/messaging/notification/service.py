"""What the notification service does: lists, marks, removes, reminds, and takes in what message's events tell."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from messaging_wire import problems
from messaging_wire.base import Page, format_time
from messaging_wire.events import Envelope
from messaging_wire.ids import NotificationId, UserId
from messaging_wire.notification import Notification, ReminderCreate
from sqlalchemy import RowMapping
from sqlalchemy.exc import IntegrityError
from sqlmodel.ext.asyncio.session import AsyncSession

from messaging.kernel.clock import Clock
from messaging.kernel.database import Database
from messaging.kernel.errors import ProblemError
from messaging.kernel.ids import new_id
from messaging.kernel.inbox import take_new
from messaging.kernel.paging import bad_cursor, decode_cursor, encode_cursor
from messaging.notification.changes import AnyChange, Change, ChangeEvent, CrowdChange
from messaging.notification.projection import Projection
from messaging.notification.store import activity, forgetting, notifications, reminders

CONSUMER = "notification.activity"
REMINDER_TITLE = "Reminder"
MAX_PENDING = 1000
AT_ONCE = 500
DEFERRED_KEPT = timedelta(days=14)

Listener = Callable[[Sequence[AnyChange]], None]


class NotificationService:
    """One per process; every method is one transaction, or a row of them where it says so."""

    def __init__(self, database: Database, clock: Clock, *, kept: timedelta) -> None:
        self._database = database
        self._clock = clock
        self._kept = kept
        self._listeners: list[Listener] = []
        self._reminder_listeners: list[Callable[[], None]] = []

    def listen(self, listener: Listener) -> None:
        """Call `listener` with what has changed, after each commit."""
        self._listeners.append(listener)

    def announce(self, changes: Sequence[Change]) -> None:
        """Tell listeners of what was committed elsewhere."""
        self._publish(changes)

    def on_reminder(self, listener: Callable[[], None]) -> None:
        """Call `listener` when a reminder has been made that waits for its time."""
        self._reminder_listeners.append(listener)

    async def page(self, user_id: UserId, *, unread: bool, limit: int, cursor: str | None) -> Page[Notification]:
        """Return a person's notifications, the latest activity first.

        Raises:
            ProblemError: 422, the cursor is none of ours.
        """
        before = _read_cursor(cursor) if cursor is not None else None
        async with self._database.reading() as session:
            rows = await notifications.page(session, user_id, unread=unread, limit=limit + 1, before=before)
        items = [to_notification(row) for row in rows[:limit]]
        more = len(rows) > limit
        return Page(items=items, next_cursor=_cursor(items[-1]) if more else None)

    async def current(self, ids: Iterable[UUID]) -> dict[UUID, Notification]:
        """Return these notifications as they are now; for their owners' sockets only."""
        async with self._database.reading() as session:
            return {key: to_notification(row) for key, row in (await notifications.by_ids(session, ids)).items()}

    async def current_in(self, change: CrowdChange, users: Iterable[UUID]) -> dict[UserId, Notification]:
        """Return the open notifications of messages that tell of a crowd's change; for their owners' sockets only."""
        async with self._database.reading() as session:
            rows = await notifications.open_in(session, change.conversation_id, users, since=change.seq)
        return {UserId(row["user_id"]): to_notification(row) for row in rows}

    async def mark(self, user_id: UserId, notification_id: NotificationId, *, read: bool) -> Notification:
        """Mark a notification read or unread; again changes nothing.

        Raises:
            ProblemError: 404; 409 where a newer one of the same conversation is open.
        """
        async with self._database.writing() as session:
            row = await self._locked(session, user_id, notification_id)
            if read and row["is_open"]:
                await notifications.close(session, [notification_id], self._clock.now())
                await notifications.close_up_to(session, [row])
            elif not read and not row["is_open"]:
                await self._reopen(session, row)
            marked = await notifications.one(session, user_id, notification_id)
        self._tell("notification_updated", [row])
        return to_notification(_there(marked))

    async def _reopen(self, session: AsyncSession, row: RowMapping) -> None:
        if row["conversation_id"] is not None:
            if await notifications.has_open(session, row):
                raise ProblemError(problems.CONFLICT, "a newer notification of this conversation is unread")
            await notifications.open_again_from(session, row)
        await notifications.reopen(session, row["id"])

    async def mark_all(self, user_id: UserId) -> None:
        """Mark all of a person's notifications read, in portions."""
        while True:
            async with self._database.writing() as session:
                found = await notifications.open_rows(session, user_id, limit=AT_ONCE)
                rows = [row for row in await self._locked_all(session, found) if row["is_open"]]
                await notifications.close(session, [row["id"] for row in rows], self._clock.now())
                await notifications.close_up_to(session, rows)
            self._tell("notification_updated", rows)
            if len(found) < AT_ONCE:
                return

    async def remove(self, user_id: UserId, notification_id: NotificationId) -> None:
        """Remove a notification, or a reminder that still waits.

        Raises:
            ProblemError: 404.
        """
        async with self._database.writing() as session:
            if await reminders.remove_pending(session, user_id, notification_id):
                return
            row = await self._locked(session, user_id, notification_id)
            await notifications.close_up_to(session, [row])
            await notifications.remove(session, [notification_id])
        self._tell("notification_removed", [row])

    async def remove_all(self, user_id: UserId) -> None:
        """Remove all of a person's notifications, in portions; reminders that wait stay."""
        while True:
            async with self._database.writing() as session:
                found = await notifications.any_rows(session, user_id, limit=AT_ONCE)
                rows = await self._locked_all(session, found)
                await notifications.close_up_to(session, rows)
                await notifications.remove(session, [row["id"] for row in rows])
            self._tell("notification_removed", rows)
            if len(found) < AT_ONCE:
                return

    async def remind(self, user_id: UserId, wish: ReminderCreate) -> tuple[Notification, bool]:
        """Make a reminder, at once or at its time; return it, and whether it is new (a client id may be repeated).

        Raises:
            ProblemError: 429, too many wait already.
        """
        now = self._clock.now()
        due_at = max(now, wish.at or now)
        row = {
            "id": new_id(),
            "user_id": user_id,
            "client_id": wish.client_id,
            "message": wish.message,
            "due_at": due_at,
            "created_at": now,
        }
        at_once = due_at == now
        try:
            async with self._database.writing() as session:
                if (known := await self._reminder(session, user_id, wish.client_id)) is not None:
                    return known, False
                if not at_once and await reminders.count_pending(session, user_id) >= MAX_PENDING:
                    raise ProblemError(problems.TOO_MANY_REQUESTS, f"{MAX_PENDING} reminders wait already")
                await reminders.add(session, {**row, "is_pending": None if at_once else 1})
                if at_once:
                    await notifications.add(session, [_from_reminder(row)])
        except IntegrityError:
            async with self._database.reading() as session:
                known = await self._reminder(session, user_id, wish.client_id)
            if known is None:
                raise
            return known, False
        if at_once:
            self._tell("notification", [_from_reminder(row)])
        for listener in self._reminder_listeners:
            listener()
        return to_notification(_from_reminder(row)), True

    async def _reminder(self, session: AsyncSession, user_id: UserId, client_id: UUID | None) -> Notification | None:
        """The reminder that was made under a client id: as a notification if it still is one, else as it was made."""
        row = None if client_id is None else await reminders.by_client_id(session, user_id, client_id)
        if row is None:
            return None
        return to_notification(await notifications.one(session, user_id, row["id"]) or _from_reminder(row))

    async def deliver_due(self) -> datetime | None:
        """Make notifications of the reminders whose time has come, in portions; return when the next one is due."""
        while True:
            async with self._database.writing() as session:
                due = await reminders.take_due(session, self._clock.now())
                rows = [_from_reminder(row) for row in due]
                await notifications.add(session, rows)
                next_due = await reminders.next_due(session)
            self._tell("notification", rows)
            if not due:
                return next_due

    async def work_off(self, envelopes: Sequence[Envelope]) -> None:
        """Take in a batch of message's events, each once."""
        async with self._database.writing() as session:
            fresh = await take_new(session, CONSUMER, envelopes, self._clock)
            changes = await Projection(session, self._clock).apply(fresh)
        self._publish(changes)

    async def forget_old(self) -> None:
        """Delete what is older than is kept, and deferred events that came to nothing."""
        now, more = self._clock.now(), True
        while more:
            async with self._database.writing() as session:
                more = await forgetting.forget_portion(
                    session, before=now - self._kept, deferred_before=now - DEFERRED_KEPT
                )

    async def _locked(self, session: AsyncSession, user_id: UserId, notification_id: NotificationId) -> RowMapping:
        """Read one's own notification under its conversation's lock, which whoever changes it takes first."""
        found = await notifications.one(session, user_id, notification_id)
        rows = await self._locked_all(session, [found] if found is not None else [])
        return _there(rows[0] if rows else None)

    async def _locked_all(self, session: AsyncSession, rows: Sequence[RowMapping]) -> list[RowMapping]:
        ids = {row["conversation_id"] for row in rows if row["conversation_id"] is not None}
        await activity.lock_conversations(session, ids)
        return list((await notifications.by_ids(session, [row["id"] for row in rows])).values())

    def _tell(self, event: ChangeEvent, rows: Sequence[Any]) -> None:
        self._publish([Change(event, row["user_id"], row["id"], row["conversation_id"]) for row in rows])

    def _publish(self, changes: Sequence[AnyChange]) -> None:
        for listener in self._listeners if changes else ():
            listener(changes)


def _there(row: RowMapping | None) -> RowMapping:
    if row is None:
        raise ProblemError(problems.NOT_FOUND)
    return row


def _from_reminder(row: Any) -> dict[str, Any]:
    """The notification that a reminder becomes."""
    return {
        "id": row["id"],
        "user_id": row["user_id"],
        "kind": "reminder",
        "conversation_id": None,
        "message_id": None,
        "is_open": 1,
        "first_seq": None,
        "last_seq": None,
        "count": 1,
        "title": REMINDER_TITLE,
        "message": row["message"],
        "created_at": row["created_at"],
        "updated_at": row["due_at"],
        "read_at": None,
    }


def to_notification(row: Any) -> Notification:
    """A row as its owner sees it."""
    names = ("id", "kind", "title", "message", "count", "conversation_id", "message_id", "created_at", "updated_at")
    return Notification(**{name: row[name] for name in names}, seq=row["last_seq"], read_at=row["read_at"])


def _cursor(last: Notification) -> str:
    return encode_cursor([format_time(last.updated_at), str(last.id)])


def _read_cursor(cursor: str) -> tuple[datetime, UUID]:
    moment, key = decode_cursor(cursor, str, str)
    try:
        return datetime.fromisoformat(moment), UUID(key)
    except ValueError:
        raise bad_cursor() from None
