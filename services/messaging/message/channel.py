"""One conversation at this replica: its order (`sequencer.py`) and its room, the people who may hear it.

Everything for a room leaves through one queue, in order, and only under a membership that is at least as new as the
one it was made under: an ex-member hears nothing, even when the news of their leaving were lost.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Collection, Coroutine
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

import structlog
from messaging_wire.ids import ConversationId, UserId
from messaging_wire.realtime import Resync
from prometheus_client import Counter
from pydantic import BaseModel
from sqlalchemy.exc import SQLAlchemyError

from messaging.kernel.database import Database
from messaging.kernel.sockets import CROWD, SocketHub
from messaging.message.news import MembersChanged
from messaging.message.presentation import present_to_all
from messaging.message.sequencer import Sequencer
from messaging.message.shown import Shown
from messaging.message.store import members as member_store
from messaging.message.store import messages as message_store

log = structlog.get_logger(__name__)

GAP_WAIT_S: Final = 0.2
FILL_LIMIT = 500
MAX_OUTGOING = 1000
NEVER_OLD = 2**62

GAPS = Counter("messaging_sequencer_gaps_total", "Gaps that were read from the database")
RELOADS = Counter("messaging_rooms_loaded_total", "Rooms read from the database")

Spawn = Callable[[Coroutine[Any, Any, None]], None]
Emit = Callable[[Collection[UserId]], None]


@dataclass
class Room:
    """Who was in the conversation at `version`."""

    version: int
    members: set[UUID]


@dataclass(frozen=True)
class Outside:
    """What channels work with: this replica's sockets, the database, and a place for their tasks."""

    hub: SocketHub
    database: Database
    spawn: Spawn


@dataclass
class Channel:
    """The conversation's way out to this replica's sockets."""

    conversation_id: ConversationId
    outside: Outside
    room: Room | None = None
    sequencer: Sequencer = field(default_factory=Sequencer)
    _version: int = 0
    _outgoing: deque[Emit] = field(default_factory=deque)
    _loading: bool = False
    _filling: bool = False

    @property
    def is_busy(self) -> bool:
        """Whether something waits in it."""
        return bool(self._outgoing) or self._loading or self._filling

    def expect(self, last_seq: int) -> None:
        """A client here has everything up to `last_seq`: what comes next is the one behind it."""
        if self.sequencer.next_seq is None:
            self.sequencer.next_seq = last_seq + 1

    def take_messages(self, member_version: int, messages: Collection[Shown]) -> None:
        """Take new messages, in any order."""
        self._require(member_version)
        self._send(self.sequencer.offer(messages))
        self._watch_gap()

    def take_change(self, member_version: int, message: Shown) -> None:
        """Take a changed message."""
        self._require(member_version)
        changed = self.sequencer.offer_change(message)
        if changed is not None:
            self.emit(lambda users: emit_messages(self.outside.hub, users, "message_updated", [changed]))
        self._send(self.sequencer.offer(()))  # it may have been the one that was missing
        self._watch_gap()

    def take_members(self, change: MembersChanged) -> None:
        """Let people in and out at once; what waits already goes to those who are in now."""
        self._require(change.member_version)
        room = self.room
        if room is None or change.member_version <= room.version:
            return
        room.members.difference_update(change.left)
        room.members.update(change.joined)
        if change.member_version == room.version + 1:
            room.version = change.member_version

    def emit(self, send: Emit) -> None:
        """Call `send` with the members who are connected here, behind everything that was emitted before."""
        if len(self._outgoing) >= MAX_OUTGOING:
            self._outgoing.clear()
            self._outgoing.append(self._resync)
        else:
            self._outgoing.append(send)
        self._pump()

    def connected(self) -> list[UserId]:
        """Those of the room who have a socket here; empty while the room is not known."""
        if self.room is None:
            return []
        here, members = self.outside.hub.connected_users(), self.room.members
        if len(members) < len(here):
            return [UserId(user) for user in members if user in here]
        return [user for user in here if user in members]

    def _require(self, member_version: int) -> None:
        self._version = max(self._version, member_version)

    def _send(self, messages: Collection[Shown]) -> None:
        if messages:
            self.emit(lambda users: emit_messages(self.outside.hub, users, "message", messages))

    def _resync(self, users: Collection[UserId]) -> None:
        self.outside.hub.emit(users, "resync", Resync(conversation_id=self.conversation_id))

    def _pump(self) -> None:
        if self.room is None or self.room.version < self._version:
            if not self._loading:
                self._loading = True
                self.outside.spawn(self._load_room())
            return
        users = self.connected()
        while self._outgoing:
            self._outgoing.popleft()(users)

    async def _load_room(self) -> None:
        """Read who is in, again and again while the database is away, then let out what waits."""
        pause = 0.1
        while True:
            try:
                room = await self._read_room()
            except (SQLAlchemyError, OSError, TimeoutError) as error:
                log.warning("room_not_loaded", error=type(error).__name__)
            else:
                if room.version >= self._version:
                    break  # else somebody came or went while it was read
            await asyncio.sleep(pause)
            pause = min(pause * 2, 5.0)
        self.room = room
        self._loading = False
        self._pump()

    async def _read_room(self) -> Room:
        RELOADS.inc()
        async with self.outside.database.reading() as session:
            found = await member_store.everybody(session, self.conversation_id)
        return Room(NEVER_OLD, set()) if found is None else Room(found[0], found[1])

    def _watch_gap(self) -> None:
        if self.sequencer.gap is not None and not self._filling:
            self._filling = True
            self.outside.spawn(self._fill_gap())

    async def _fill_gap(self) -> None:
        """Give what is missing a moment to come by itself, then read it from the database."""
        pause = GAP_WAIT_S
        try:
            while True:
                await asyncio.sleep(pause)
                gap = self.sequencer.gap
                if gap is None:
                    return
                if len(gap) > FILL_LIMIT or self.sequencer.overflows:
                    self.sequencer.abandon()
                    self.emit(self._resync)
                    return
                pause = await self._read_gap(gap, pause)
        finally:
            self._filling = False

    async def _read_gap(self, gap: range, pause: float) -> float:
        """Read and send what is missing; return how long to wait before looking again."""
        try:
            async with self.outside.database.reading() as session:
                rows = await message_store.after_seq(session, self.conversation_id, gap.start - 1, len(gap))
                views = await present_to_all(session, [row for row in rows if row.seq in gap])
        except (SQLAlchemyError, OSError, TimeoutError) as error:
            log.warning("gap_not_read", error=type(error).__name__)
            return min(pause * 2, 5.0)
        GAPS.inc()
        found = [Shown.of(view) for view in views]
        self._send(self.sequencer.offer(found))
        if self.sequencer.gap is not None and len(found) < len(gap):
            self._send(self.sequencer.skip_gap())  # what retention has taken away comes no more
        return GAP_WAIT_S


def emit_messages(hub: SocketHub, users: Collection[UserId], event: str, messages: Collection[Shown]) -> None:
    """Send messages to connected people: the `client_message_id` to its sender only."""
    sockets = hub.sockets_of(users)
    if not sockets:
        return
    crowd = len(sockets) > CROWD
    for message in messages:
        own, others = message.outgoing(event)
        for socket in sockets:
            socket.put(own if socket.caller.user_id == message.sender_id else others, crowd=crowd)


def emit_to_others(hub: SocketHub, users: Collection[UserId], event: str, payload: BaseModel, but: UUID) -> None:
    """Send an event to connected people other than `but`."""
    hub.emit([user for user in users if user != but], event, payload)
