"""Who is there, as message replicas tell it by hints: answered to contacts and fellow members, kept in memory.

Only the end is written: when somebody's last socket has closed, on whatever replica, their time of last being seen.
Several user replicas hear the same; the row takes the latest time, so the second writes nothing.
"""

import asyncio
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from itertools import islice
from typing import Final, Protocol
from uuid import UUID

import structlog
from messaging_wire.ids import UserId
from messaging_wire.user import Presence
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel.ext.asyncio.session import AsyncSession

from messaging.kernel.bus import Bus
from messaging.kernel.clock import Clock
from messaging.kernel.database import Database
from messaging.kernel.presence import ASK_TOPIC, EXPIRE_EVERY_S, TOPIC, Change, Leases, read_hint
from messaging.kernel.tokens import Caller
from messaging.user.store import last_seen, profiles, relations

log = structlog.get_logger(__name__)

COALESCE_S: Final = 1.0
WRITTEN_AT_ONCE: Final = 500
MAX_WAITING: Final = 100_000
"""How many times of last being seen wait for a database that is away; more are lost, and nothing else."""


class Fellows(Protocol):
    """Knows who shares a conversation with whom."""

    async def among(self, token: str, others: Sequence[UUID]) -> set[UserId]:
        """Return those of `others` who share a conversation with the holder of the token; nobody where unknown."""
        ...


class PresenceService:
    """Listens to message replicas and answers who is there."""

    def __init__(self, database: Database, bus: Bus, fellows: Fellows, clock: Clock) -> None:
        self._database = database
        self._bus = bus
        self._fellows = fellows
        self._clock = clock
        self._leases = Leases()
        self._left: dict[UserId, datetime] = {}
        self._somebody_left = asyncio.Event()
        bus.subscribe_hints(TOPIC, self._take_hint, self._ask)

    async def of(self, caller: Caller, token: str, user_ids: Sequence[UUID]) -> list[Presence]:
        """Return the presence of those of `user_ids` whose the caller may know, in the order asked for.

        These are the caller, contacts and fellow members, without those who have blocked the caller. Who does not show
        it is offline to everybody, and was last seen never.
        """
        wanted = list(dict.fromkeys(user_ids))
        async with self._database.reading() as session:
            contacts = await relations.contacts_among(session, caller.user_id, wanted)
            blockers = await relations.blockers_among(session, caller.user_id, wanted)
        others = [user_id for user_id in wanted if user_id not in contacts | blockers | {caller.user_id}]
        fellows = await self._fellows.among(token, others) if others else set()
        known = [user_id for user_id in wanted if user_id in contacts | fellows | {caller.user_id}]
        if not known:
            return []
        async with self._database.reading() as session:
            shown = {row.user_id for row in await profiles.profiles_by_ids(session, known) if row.show_presence}
            seen = await last_seen.find(session, shown)
        return [self._view(UserId(user_id), shown, seen.get(user_id)) for user_id in known]

    def _view(self, user_id: UserId, shown: Collection[UUID], seen_at: datetime | None) -> Presence:
        state = self._leases.state(user_id) if user_id in shown else "offline"
        if user_id not in shown or state != "offline":
            return Presence(user_id=user_id, state=state)
        times = [moment for moment in (self._left.get(user_id), seen_at) if moment is not None]
        return Presence(user_id=user_id, state=state, last_seen_at=max(times, default=None))

    async def run(self) -> None:
        """Ask who is there, then write down and forget who left, until cancelled."""
        self._ask()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._write())
            tasks.create_task(self._expire())

    def _ask(self) -> None:
        self._bus.publish_hint(ASK_TOPIC, b"")

    def _take_hint(self, _topic: str, body: bytes) -> None:
        hint = read_hint(body)
        if hint is not None:
            self._note(self._leases.take(hint, self._clock.now()))

    def _note(self, changes: Iterable[Change]) -> None:
        for change in changes:
            if change.left_at is None:
                self._left.pop(change.user_id, None)
            elif len(self._left) < MAX_WAITING:
                self._left[change.user_id] = max(change.left_at, self._left.get(change.user_id, change.left_at))
                self._somebody_left.set()

    async def _write(self) -> None:
        while True:
            await self._somebody_left.wait()
            await asyncio.sleep(COALESCE_S)  # who comes back at once has not left
            self._somebody_left.clear()
            while self._left:
                leaving = dict(islice(self._left.items(), WRITTEN_AT_ONCE))
                try:
                    async with self._database.writing() as session:
                        await _save(session, leaving)
                except (SQLAlchemyError, OSError, TimeoutError) as error:
                    log.warning("last_seen_not_written", error=type(error).__name__, people=len(leaving))
                    await asyncio.sleep(COALESCE_S)
                    continue
                for user_id, left_at in leaving.items():
                    if self._left.get(user_id) == left_at:
                        del self._left[user_id]

    async def _expire(self) -> None:
        while True:
            await asyncio.sleep(EXPIRE_EVERY_S)
            self._note(await self._leases.expire_all(self._clock.now()))


async def _save(session: AsyncSession, leaving: dict[UserId, datetime]) -> None:
    """Write when people left, of those who have a profile: of a deleted account nothing is kept."""
    held = await profiles.locked_profiles(session, list(leaving))
    await last_seen.save_later(session, {row.user_id: leaving[UserId(row.user_id)] for row in held})
