"""Notifications in real time: the Socket.IO endpoint of the service, and the announcer behind it.

A change is told on every replica: here at once, elsewhere by a hint that names the row, not its content. Each replica
reads the rows of the people connected to it and sends them as they are then. Hints that were lost, while the broker
was away, lose nothing: GET /notification is the truth, and clients ask it when they connect.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any
from uuid import UUID

import orjson
from messaging_wire.ids import NotificationId, UserId
from messaging_wire.notification import Notification, NotificationRemoved, ReadEvent
from messaging_wire.realtime import Acknowledged
from pydantic import BaseModel

from messaging.kernel.bus import Bus
from messaging.kernel.loops import outliving
from messaging.kernel.sockets import Socket, SocketHub
from messaging.notification.changes import AnyChange, Change, CrowdChange
from messaging.notification.service import NotificationService

PATH = "/api/notification/socket.io"
HINT_TOPIC = "notification.hint"
PER_HINT = 500
QUIET_S = 1.0
"""How long after a `notification` the next one of the same person and conversation waits; only the last is sent."""
RETRY_S = 0.5

Load = Callable[[Iterable[UUID]], Awaitable[dict[UUID, Notification]]]
LoadCrowd = Callable[[CrowdChange, Iterable[UUID]], Awaitable[dict[UserId, Notification]]]
Key = tuple[UUID, UUID]
"""A person, and a conversation (or the notification itself where it has none)."""


class Announcer:
    """Sends what has changed to the sockets of this replica, and hints to the others."""

    def __init__(
        self, hub: SocketHub, bus: Bus, load: Load, load_crowd: LoadCrowd, *, quiet_s: float = QUIET_S
    ) -> None:
        self._hub = hub
        self._bus = bus
        self._load = load
        self._load_crowd = load_crowd
        self._quiet_s = quiet_s
        self._at_once: list[Change] = []
        self._coalesced: dict[Key, Change] = {}
        self._crowds: dict[UUID, CrowdChange] = {}
        self._quiet_until: dict[Key | UUID, float] = {}
        self._wake = asyncio.Event()
        bus.subscribe_hints(HINT_TOPIC, self._hinted, lambda: None)

    def announce(self, changes: Sequence[AnyChange]) -> None:
        """Tell of changes that have just been committed here."""
        for start in range(0, len(changes), PER_HINT):
            portion = changes[start : start + PER_HINT]
            self._bus.publish_hint(HINT_TOPIC, orjson.dumps(portion))
        self._take(changes)

    def _hinted(self, _topic: str, body: bytes) -> None:
        self._take([_read_change(item) for item in orjson.loads(body)])

    def _take(self, changes: Iterable[AnyChange]) -> None:
        for change in changes:
            if isinstance(change, CrowdChange):
                if not self._hub.connected_users():
                    continue
                self._crowds.setdefault(change.conversation_id, change)
                self._wake.set()
                continue
            if not self._hub.is_connected(UserId(change.user_id)):
                continue
            if change.event == "notification":
                self._coalesced[(change.user_id, change.conversation_id or change.notification_id)] = change
            else:
                self._at_once.append(change)
            self._wake.set()

    async def run(self) -> None:
        """Send until cancelled."""
        while True:
            self._wake.clear()
            now = asyncio.get_running_loop().time()
            due, wait_s = self._due(now)
            crowds = self._due_crowds(now)
            for crowd in crowds:
                await self._send_crowd(crowd)
            if due:
                await self._send(due)
            if due or crowds:
                continue
            try:
                async with asyncio.timeout(wait_s):
                    await self._wake.wait()
            except TimeoutError:
                continue

    def _due(self, now: float) -> tuple[list[Change], float | None]:
        """Take out what can be sent now; or say how long until something can, None while nothing waits."""
        self._quiet_until = {key: until for key, until in self._quiet_until.items() if until > now}
        due, self._at_once = self._at_once, []
        for key in [key for key in self._coalesced if key not in self._quiet_until]:
            due.append(self._coalesced.pop(key))
            self._quiet_until[key] = now + self._quiet_s
        held: list[Key | UUID] = [*self._coalesced, *self._crowds]
        return due, min((self._quiet_until[key] - now for key in held if key in self._quiet_until), default=None)

    def _due_crowds(self, now: float) -> list[CrowdChange]:
        """Take out the crowds that can be told now."""
        due = [self._crowds.pop(key) for key in list(self._crowds) if key not in self._quiet_until]
        self._quiet_until |= {change.conversation_id: now + self._quiet_s for change in due}
        return due

    async def _send_crowd(self, change: CrowdChange) -> None:
        """Tell everybody here whose notification tells of it."""
        rows: dict[UserId, Notification] = {}
        with outliving("announcements") as loading:
            rows = await self._load_crowd(change, list(self._hub.connected_users()))
        if loading.failed:
            self._crowds[change.conversation_id] = change
            return
        for user_id, row in rows.items():
            self._hub.emit([user_id], "notification", row)

    async def _send(self, due: Sequence[Change]) -> None:
        rows: dict[UUID, Notification] = {}
        with outliving("announcements") as loading:
            rows = await self._load({change.notification_id for change in due})
        if loading.failed:
            self._at_once = [*due, *self._at_once]
            await asyncio.sleep(RETRY_S)
            return
        for change in due:
            payload = _payload(change, rows.get(change.notification_id))
            if payload is not None:
                self._hub.emit([UserId(change.user_id)], change.event, payload)


def _payload(change: Change, row: Notification | None) -> BaseModel | None:
    """What is sent of a change, by the row as it is now: nothing of what has been read or removed meanwhile."""
    if change.event == "notification_removed":
        return NotificationRemoved(id=NotificationId(change.notification_id))
    if row is None or (change.event == "notification" and row.read_at is not None):
        return None
    return row


def _read_change(item: dict[str, Any]) -> AnyChange:
    conversation_id = item["conversation_id"]
    if "seq" in item:
        return CrowdChange(UUID(conversation_id), item["seq"])
    return Change(
        event=item["event"],
        user_id=UUID(item["user_id"]),
        notification_id=UUID(item["notification_id"]),
        conversation_id=None if conversation_id is None else UUID(conversation_id),
    )


def add_events(hub: SocketHub, service: NotificationService) -> None:
    """Answer the client event `read`."""

    async def read(socket: Socket, payload: Any) -> BaseModel:
        event = ReadEvent.model_validate(payload)
        await service.mark(socket.caller.user_id, event.id, read=True)
        return Acknowledged()

    hub.on("read", read)
