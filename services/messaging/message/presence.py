"""Presence at this replica: its sockets' states told to others, and everybody's told to its sockets.

Nothing is written to the database; who may hear of whom is read from it, of many people at once. A person's sockets
that close and open again within a second are no news.
"""

import asyncio
from collections.abc import Collection
from datetime import datetime
from itertools import islice
from typing import Any, Final

import structlog
from messaging_wire.ids import UserId
from messaging_wire.realtime import Acknowledged, PresenceEvent
from messaging_wire.user import Presence, PresenceState
from pydantic import BaseModel, ValidationError
from sqlalchemy.exc import SQLAlchemyError

from messaging.kernel.bus import Bus
from messaging.kernel.clock import Clock
from messaging.kernel.database import Database
from messaging.kernel.ids import new_id
from messaging.kernel.presence import ASK_TOPIC, SNAPSHOT_EVERY, TOPIC, Change, Leases, PresenceHint
from messaging.kernel.sockets import Socket, SocketHub
from messaging.message.store import fellows, people, relations
from messaging.message.store.relations import Pair

log = structlog.get_logger(__name__)

COALESCE_S: Final = 1.0
EXPIRE_EVERY_S: Final = 5.0
TOLD_AT_ONCE: Final = 100
"""Of how many people sockets are told in a second; the others of a rush wait for the next."""
HINT_SIZE: Final = 1000


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
        self._changed, self._asked = asyncio.Event(), asyncio.Event()
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
            tasks.create_task(self._tell_changes())
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
        try:
            hint = PresenceHint.model_validate_json(body)
        except ValidationError as error:
            log.warning("hint_unreadable", problems=error.error_count())
            return
        if hint.replica != self._replica:
            self._take(hint)

    def _take(self, hint: PresenceHint) -> None:
        self._will_tell(self._leases.take(hint, self._clock.now()))
        if hint.again:
            self._again.update(dict.fromkeys(hint.again))
            self._changed.set()

    def _will_tell(self, changes: Collection[Change]) -> None:
        if changes:
            self._untold.update({change.user_id: change for change in changes})
            self._changed.set()

    def _publish(self, hint: PresenceHint) -> None:
        self._bus.publish_hint(TOPIC, hint.model_dump_json().encode())

    def _came_back(self) -> None:
        """Hints were missed, in both directions: say everything again, and ask others to."""
        self._asked.set()
        self._bus.publish_hint(ASK_TOPIC, b"")

    def _publish_states(self, users: Collection[UserId]) -> None:
        remaining, now = iter(users), self._clock.now()
        while portion := list(islice(remaining, HINT_SIZE)):
            states = {user_id: self._own_state(user_id) for user_id in portion}
            hint = PresenceHint(replica=self._replica, at=now, states=states)
            self._take(hint)
            self._publish(hint)

    async def _tell_changes(self) -> None:
        while True:
            await self._changed.wait()
            await asyncio.sleep(COALESCE_S)
            self._changed.clear()
            unpublished, self._unpublished = self._unpublished, set()
            self._publish_states(unpublished)
            await self._tell_sockets()

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
            self._publish_states(list(self._own))

    async def _expire(self) -> None:
        while True:
            await asyncio.sleep(EXPIRE_EVERY_S)
            self._will_tell(self._leases.expire(self._clock.now()))

    async def _tell_sockets(self) -> None:
        """Tell this replica's sockets of some people whose state has changed, or who are to be told of again."""
        if not self._hub.connected_users():
            self._untold.clear()
            self._again.clear()
            return
        users = list(islice(dict.fromkeys([*self._untold, *self._again]), TOLD_AT_ONCE))
        changes = {user_id: self._untold.pop(user_id) for user_id in users if user_id in self._untold}
        again = {user_id for user_id in users if user_id in self._again}
        for user_id in again:
            del self._again[user_id]
        if self._untold or self._again:
            self._changed.set()
        try:
            seen, unseen = await self._audience(users, again)
        except (SQLAlchemyError, OSError, TimeoutError) as error:
            log.warning("presence_not_told", error=type(error).__name__, people=len(users))
            return
        for user_id, viewers in seen.items():
            change = changes.get(user_id)
            state = self._leases.state(user_id)
            if change is not None or state != "offline":
                self._emit(viewers, user_id, state, change.left_at if change is not None else None)
        for user_id, viewers in unseen.items():
            self._emit(viewers, user_id, "offline", None)

    def _emit(
        self, viewers: Collection[UserId], user_id: UserId, state: PresenceState, left_at: datetime | None
    ) -> None:
        last_seen_at = left_at if state == "offline" else None
        self._hub.emit(viewers, "presence", Presence(user_id=user_id, state=state, last_seen_at=last_seen_at))

    async def _audience(
        self, users: Collection[UserId], again: Collection[UserId]
    ) -> tuple[dict[UserId, list[UserId]], dict[UserId, list[UserId]]]:
        """Who here may see each of `users`; and of `again`, who may not and had better think that they are offline."""
        here = self._hub.connected_users()
        async with self._database.reading() as session:
            known = await people.find(session, users)
            around = await fellows.viewers(session, users, here)
            pairs: set[Pair] = {(person, viewer) for person in around for viewer in around[person]}
            blocked = await relations.blocked_between(session, pairs)
            if again:
                blocked |= {pair for pair in await relations.blocked_by(session, again) if pair[1] in here}
        hidden = {user_id for user_id, person in known.items() if not person.shows_presence}
        seen: dict[UserId, list[UserId]] = {}
        unseen: dict[UserId, list[UserId]] = {}
        for pair in pairs | blocked:
            person, viewer = UserId(pair[0]), UserId(pair[1])
            if pair not in blocked and person not in hidden:
                seen.setdefault(person, []).append(viewer)
            elif person in again:
                unseen.setdefault(person, []).append(viewer)
        return seen, unseen
