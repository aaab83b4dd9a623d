"""Presence at this replica: its sockets' states told to others, and everybody's told to its sockets.

Nothing is written to the database; who may hear of whom is read from it, of many people at once. A person's sockets
that close and open again within a second are no news.
"""

import asyncio
from collections.abc import Collection
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

import structlog
from messaging_wire.ids import UserId
from messaging_wire.realtime import Acknowledged, PresenceEvent
from messaging_wire.user import Presence, PresenceState
from pydantic import BaseModel
from sqlalchemy.exc import SQLAlchemyError

from messaging.kernel.bus import Bus
from messaging.kernel.clock import Clock
from messaging.kernel.database import Database
from messaging.kernel.ids import new_id
from messaging.kernel.presence import (
    ASK_TOPIC,
    EXPIRE_EVERY_S,
    PORTION,
    SNAPSHOT_EVERY,
    TOPIC,
    Change,
    Leases,
    PresenceHint,
    read_hint,
)
from messaging.kernel.sockets import Socket, SocketHub
from messaging.message.store import fellows, people

log = structlog.get_logger(__name__)

COALESCE_S: Final = 1.0
TOLD_AT_ONCE: Final = 100
"""Of how many people sockets are told in a second; the others of a rush wait for the next."""
TOLD_PER_S: Final = 5000.0
"""How many times a second somebody is told of somebody in the long run, so that a rush costs little of a core."""


class PresenceBoard:
    """Who is there, as far as this replica knows, and whom it has yet to tell."""

    def __init__(self, hub: SocketHub, bus: Bus, database: Database, clock: Clock) -> None:
        self._hub = hub
        self._bus = bus
        self._database = database
        self._clock = clock
        self._replica = new_id()
        self._own: dict[UserId, dict[str, PresenceState]] = {}
        self._leases = Leases()
        self._unpublished: set[UserId] = set()
        self._untold: dict[UserId, Change] = {}
        self._again: dict[UserId, None] = {}
        self._changed, self._asked, self._news = asyncio.Event(), asyncio.Event(), asyncio.Event()
        hub.on_connected, hub.on_disconnected = self._connected, self._disconnected
        hub.on("presence", self._set_state)
        bus.subscribe_hints(TOPIC, self._take_hint, self._came_back)
        bus.subscribe_hints(ASK_TOPIC, lambda _topic, _body: self._asked.set(), lambda: None)

    def tell_again(self, users: Collection[UserId]) -> None:
        """Tell sockets anew of people who have changed who may see them, at every replica."""
        if users:
            hint = PresenceHint(replica=self._replica, at=self._clock.now(), again=list(users))
            self._take(hint)
            self._publish(hint)

    async def run(self) -> None:
        """Tell, renew and forget until cancelled."""
        self._bus.publish_hint(ASK_TOPIC, b"")
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._publish_changes())
            tasks.create_task(self._tell_news())
            tasks.create_task(self._renew())
            tasks.create_task(self._expire())

    async def _connected(self, socket: Socket) -> None:
        self._own.setdefault(socket.caller.user_id, {})[socket.sid] = "online"
        self._note(socket.caller.user_id)

    async def _disconnected(self, socket: Socket) -> None:
        user_id = socket.caller.user_id
        sockets = self._own.get(user_id, {})
        sockets.pop(socket.sid, None)
        if not sockets:
            self._own.pop(user_id, None)
        self._note(user_id)

    async def _set_state(self, socket: Socket, payload: Any) -> BaseModel:
        state = PresenceEvent.model_validate(payload).state
        sockets = self._own.get(socket.caller.user_id, {})
        if sockets.get(socket.sid, state) != state:
            sockets[socket.sid] = state
            self._note(socket.caller.user_id)
        return Acknowledged()

    def _note(self, user_id: UserId) -> None:
        self._unpublished.add(user_id)
        self._changed.set()

    def _own_state(self, user_id: UserId) -> PresenceState:
        states = self._own.get(user_id, {}).values()
        return "online" if "online" in states else "away" if states else "offline"

    def _take_hint(self, _topic: str, body: bytes) -> None:
        hint = read_hint(body)
        if hint is not None and hint.replica != self._replica:
            self._take(hint)

    def _take(self, hint: PresenceHint) -> None:
        self._will_tell(self._leases.take(hint, self._clock.now()))
        if hint.again:
            self._again.update(dict.fromkeys(hint.again))
            self._news.set()

    def _will_tell(self, changes: Collection[Change]) -> None:
        if changes:
            self._untold.update({change.user_id: change for change in changes})
            self._news.set()

    def _publish(self, hint: PresenceHint) -> None:
        self._bus.publish_hint(TOPIC, hint.model_dump_json().encode())

    def _came_back(self) -> None:
        """Hints were missed, in both directions: say everything again, and ask others to."""
        self._asked.set()
        self._bus.publish_hint(ASK_TOPIC, b"")

    async def _publish_states(self, users: Collection[UserId]) -> None:
        remaining, now = iter(users), self._clock.now()
        while portion := list(islice(remaining, PORTION)):
            states = {user_id: self._own_state(user_id) for user_id in portion}
            hint = PresenceHint(replica=self._replica, at=now, states=states)
            self._take(hint)
            self._publish(hint)
            await asyncio.sleep(0)

    async def _publish_changes(self) -> None:
        while True:
            await self._changed.wait()
            await asyncio.sleep(COALESCE_S)
            self._changed.clear()
            unpublished, self._unpublished = self._unpublished, set()
            await self._publish_states(unpublished)

    async def _tell_news(self) -> None:
        while True:
            await self._news.wait()
            self._news.clear()
            told = await self._tell_sockets()
            await asyncio.sleep(max(COALESCE_S, told / TOLD_PER_S))

    async def _renew(self) -> None:
        """Tell of everybody here every 15 s, and when asked, though not more often than once a second."""
        while True:
            await asyncio.sleep(COALESCE_S)
            try:
                async with asyncio.timeout(SNAPSHOT_EVERY.total_seconds() - COALESCE_S):
                    await self._asked.wait()
            except TimeoutError:
                pass
            self._asked.clear()
            await self._publish_states(list(self._own))

    async def _expire(self) -> None:
        while True:
            await asyncio.sleep(EXPIRE_EVERY_S)
            self._will_tell(await self._leases.expire_all(self._clock.now()))

    async def _tell_sockets(self) -> int:
        """Tell this replica's sockets of some people who have changed, or are to be told of again; return how often."""
        users = list(islice(dict.fromkeys([*self._untold, *self._again]), TOLD_AT_ONCE))
        if not self._hub.connected_users():
            self._untold.clear()
            self._again.clear()
            return 0
        changes = {user_id: self._untold.pop(user_id) for user_id in users if user_id in self._untold}
        again = {user_id for user_id in users if user_id in self._again}
        for user_id in again:
            del self._again[user_id]
        if self._untold or self._again:
            self._news.set()
        try:
            audience = await self._audience(users)
        except (SQLAlchemyError, OSError, TimeoutError) as error:
            log.warning("presence_not_told", error=type(error).__name__, people=len(users))
            return 0
        for user_id in users:
            self._tell_of(user_id, changes.get(user_id), audience, again=user_id in again)
        return audience.size

    def _tell_of(self, user_id: UserId, change: Change | None, audience: "Audience", *, again: bool) -> None:
        """Tell those who may see a person; `again`, also those who may not, as whom they had better think offline."""
        state = self._leases.state(user_id)
        if change is not None or state != "offline":
            left_at = change.left_at if change is not None and state == "offline" else None
            self._emit(audience.seen.get(user_id, ()), Presence(user_id=user_id, state=state, last_seen_at=left_at))
        if again:
            self._emit(audience.unseen.get(user_id, ()), Presence(user_id=user_id, state="offline"))

    def _emit(self, viewers: Collection[UserId], told: Presence) -> None:
        self._hub.emit(viewers, "presence", told)

    async def _audience(self, users: Collection[UserId]) -> "Audience":
        async with self._database.reading() as session:
            known = await people.find(session, users)
            near, blocked = await fellows.viewers(session, users, self._hub.connected_users())
        hidden = {user_id for user_id, person in known.items() if not person.shows_presence}
        audience = Audience(
            seen={user_id: viewers for user_id, viewers in near.items() if user_id not in hidden},
            unseen={user_id: blocked.get(user_id, []) for user_id in users},
        )
        for user_id in hidden & near.keys():
            audience.unseen[UserId(user_id)] = [*audience.unseen[UserId(user_id)], *near[UserId(user_id)]]
        return audience


@dataclass(frozen=True)
class Audience:
    """Who is connected here and may see each of some people, and who would like to and may not."""

    seen: dict[UserId, list[UserId]]
    unseen: dict[UserId, list[UserId]]

    @property
    def size(self) -> int:
        """How many pairs these are."""
        return sum(len(viewers) for side in (self.seen, self.unseen) for viewers in side.values())
