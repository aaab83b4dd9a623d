"""The revocation list: sessions and people whose tokens are void before they expire.

Auth keeps an append-only feed; every replica follows it, by hints at once and by asking every 500 ms (`follow`), and
is not ready before it has loaded it. So a log-out acts within a second, on open sockets too.
"""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID

import httpx
import structlog
from messaging_wire.auth import Revocation, RevocationPage
from prometheus_client import Gauge
from sqlalchemy.exc import SQLAlchemyError

from messaging.kernel.clock import Clock

log = structlog.get_logger(__name__)

INTERVAL = timedelta(milliseconds=500)
HINT_TOPIC = "session.revoked"

STALENESS = Gauge("messaging_revocations_age_seconds", "Seconds since the revocation feed was last read", ["service"])

Listener = Callable[[Revocation], None]


class RevocationSource(Protocol):
    """Where the feed is read: auth's database, or auth over HTTP."""

    async def after(self, position: int) -> RevocationPage:
        """Return the entries behind `position`, ascending."""
        ...


class RevocationList:
    """What has been revoked, in memory; forgets entries whose tokens have expired by themselves."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._entries: dict[tuple[UUID, str | None], Revocation] = {}
        self._listeners: list[Listener] = []
        self._wake = asyncio.Event()
        self.position = 0
        self.epoch = ""
        """The name of the data's history, as auth tells it with the feed; a restore renews it."""
        self.loaded_at: datetime | None = None

    def listen(self, listener: Listener) -> None:
        """Call `listener` with each new entry."""
        self._listeners.append(listener)

    def is_revoked(self, user_id: UUID, session_id: UUID, issued_at: datetime) -> bool:
        """Tell whether a token of that session, issued then, is void."""
        for key in ((user_id, str(session_id)), (user_id, None)):
            entry = self._entries.get(key)
            if entry is not None and issued_at <= entry.not_before:
                return True
        return False

    def add(self, entries: list[Revocation], last_position: int) -> None:
        """Take entries of the feed and tell listeners of the new ones."""
        now = self._clock.now()
        for entry in entries:
            if entry.position <= self.position or entry.expires_at <= now:
                continue
            self._entries[(entry.user_id, entry.session_id)] = entry
            for listener in self._listeners:
                listener(entry)
        self.position = max(self.position, last_position)
        self.loaded_at = now

    def wake(self) -> None:
        """Read the feed at once: a hint has come."""
        self._wake.set()

    def not_ready(self) -> str | None:
        """Say that the feed has not been read yet, or None."""
        return None if self.loaded_at is not None else "revocations are not loaded"

    async def follow(self, source: RevocationSource, service: str) -> None:
        """Read the feed until cancelled; while it cannot be read, what is known goes on counting."""
        failing = False
        while True:
            self._wake.clear()
            try:
                await self._read_all(source)
                failing = False
            except (httpx.HTTPError, SQLAlchemyError, OSError, ValueError) as error:
                if not failing:
                    log.warning("revocations_unreadable", error=type(error).__name__)
                failing = True
            if self.loaded_at is not None:
                STALENESS.labels(service).set((self._clock.now() - self.loaded_at).total_seconds())
            self._forget()
            await self._pause()

    async def _read_all(self, source: RevocationSource) -> None:
        while True:
            page = await source.after(self.position)
            self.epoch = page.epoch or self.epoch
            self.add(page.items, page.last_position)
            if not page.items:
                return

    def _forget(self) -> None:
        now = self._clock.now()
        for key in [key for key, entry in self._entries.items() if entry.expires_at <= now]:
            del self._entries[key]

    async def _pause(self) -> None:
        try:
            async with asyncio.timeout(INTERVAL.total_seconds()):
                await self._wake.wait()
        except TimeoutError:
            return
