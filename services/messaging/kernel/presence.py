"""Who is there: what message replicas tell of their sockets, and the leases by which every listener knows.

A message replica tells changes at most once a second and, every 15 s, everybody who has a socket there. What it has
told counts for 45 s: a replica that died keeps nobody online for longer. Nothing of this is written to a database.
"""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import islice
from typing import Final
from uuid import UUID

import structlog
from messaging_wire.base import Answer, Time
from messaging_wire.ids import UserId
from messaging_wire.user import PresenceState
from pydantic import Field, ValidationError

log = structlog.get_logger(__name__)

TOPIC: Final = "presence.hint"
ASK_TOPIC: Final = "presence.ask"
"""Whoever has just come asks every message replica for a snapshot."""
SNAPSHOT_EVERY: Final = timedelta(seconds=15)
LEASE: Final = timedelta(seconds=45)
EXPIRE_EVERY_S: Final = 5.0
PORTION: Final = 1000
"""How many people a hint names at most, and are worked on at a stretch."""


class PresenceHint(Answer):
    """What one message replica tells of its own sockets; `offline` ends its lease of a person.

    `again` names people of whom sockets are to be told anew, because of what they have chosen, not of their sockets.
    """

    replica: UUID
    at: Time
    states: dict[UserId, PresenceState] = Field(default_factory=dict)
    again: list[UserId] = Field(default_factory=list)


def read_hint(body: bytes) -> PresenceHint | None:
    """Read a hint; None, and a line in the log, where it is none."""
    try:
        return PresenceHint.model_validate_json(body)
    except ValidationError as error:
        log.warning("hint_unreadable", problems=error.error_count())
        return None


@dataclass(frozen=True, slots=True)
class Lease:
    """One replica's word for one person."""

    replica: UUID
    state: PresenceState
    told_at: datetime
    """By the replica's clock."""
    taken_at: datetime
    """By our own clock: what the end of the lease is counted from."""


@dataclass(frozen=True, slots=True)
class Change:
    """A person's state over all replicas has become this; `left_at` is when their last socket closed."""

    user_id: UserId
    state: PresenceState
    left_at: datetime | None = None


@dataclass
class Leases:
    """Everybody's leases; times are passed in."""

    _held: dict[UserId, tuple[Lease, ...]] = field(default_factory=dict)

    def take(self, hint: PresenceHint, now: datetime) -> list[Change]:
        """Take what a replica tells; return whose state over all replicas it has changed."""
        changes: list[Change] = []
        for user_id, state in hint.states.items():
            before = self._held.get(user_id, ())
            leases = tuple(lease for lease in before if lease.replica != hint.replica)
            if state != "offline":
                leases += (Lease(hint.replica, state, hint.at, now),)
            changes += self._hold(user_id, before, leases, hint.at)
        return changes

    def held(self) -> list[UserId]:
        """Everybody who is online or away."""
        return list(self._held)

    def expire(self, users: Iterable[UserId], now: datetime) -> list[Change]:
        """End leases of `users` that were not renewed; who has none left was last there when it was told last."""
        changes: list[Change] = []
        for user_id in users:
            before = self._held.get(user_id, ())
            leases = tuple(lease for lease in before if now - lease.taken_at < LEASE)
            if len(leases) != len(before):
                changes += self._hold(user_id, before, leases, max(lease.told_at for lease in before))
        return changes

    def state(self, user_id: UserId) -> PresenceState:
        """A person's state over all replicas: online wherever they are, else away, else offline."""
        return _state(self._held.get(user_id, ()))

    async def expire_all(self, now: datetime) -> list[Change]:
        """The same for everybody, letting others work meanwhile: a hundred thousand take a fifth of a second."""
        changes: list[Change] = []
        everybody = iter(self.held())
        while portion := list(islice(everybody, PORTION)):
            changes += self.expire(portion, now)
            await asyncio.sleep(0)
        return changes

    def _hold(
        self, user_id: UserId, before: tuple[Lease, ...], after: tuple[Lease, ...], left_at: datetime
    ) -> Iterable[Change]:
        if after:
            self._held[user_id] = after
        else:
            self._held.pop(user_id, None)
        state = _state(after)
        if state != _state(before) or (not before and not after):  # a farewell also counts from who was not known
            yield Change(user_id, state, left_at if state == "offline" else None)


def _state(leases: tuple[Lease, ...]) -> PresenceState:
    if any(lease.state == "online" for lease in leases):
        return "online"
    return "away" if leases else "offline"
