"""Limits of log-ins, counted in the database so that they hold over all replicas.

An attempt is counted before its password is checked, so that many at once gain nothing; a success takes it back. Three
buckets: one name from one network, one name from anywhere, one network with any names.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from sqlmodel.ext.asyncio.session import AsyncSession

from messaging.auth import store_platform as store
from messaging.auth.settings import AuthSettings
from messaging.kernel.clock import Clock


@dataclass(frozen=True)
class Attempt:
    """The buckets that one log-in falls into."""

    pair: bytes
    login: bytes
    network: bytes


class LoginLimits:
    """Counts attempts and says when there were too many."""

    def __init__(self, settings: AuthSettings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock

    def attempt(self, login_key: str, network: str) -> Attempt:
        """Name the buckets of a log-in."""
        return Attempt(
            pair=_bucket("pair", login_key, network), login=_bucket("login", login_key), network=_bucket("net", network)
        )

    async def take(self, session: AsyncSession, attempt: Attempt) -> timedelta | None:
        """Count the attempt; where a bucket is full count nothing and return how long to wait."""
        settings = self._settings
        limits = {
            attempt.pair: settings.login_limit_per_pair,
            attempt.login: settings.login_limit_per_login,
            attempt.network: settings.login_limit_per_address,
        }
        return await self._count(session, limits)

    async def take_guess(self, session: AsyncSession, kind: str, network: str) -> timedelta | None:
        """Count a wrong guess of one kind from one network; where there were too many, return how long to wait."""
        return await self._count(session, {_bucket(kind, network): self._settings.guess_limit_per_address})

    async def _count(self, session: AsyncSession, limits: Mapping[bytes, int]) -> timedelta | None:
        now = self._clock.now()
        ends = now + self._settings.login_window
        await store.ensure_attempts(session, list(limits), window_ends_at=ends)
        rows = await store.locked_attempts(session, list(limits))
        full = [row for row in rows if row.window_ends_at > now and row.attempts >= limits[bytes(row.bucket)]]
        if full:
            return max(row.window_ends_at for row in full) - now
        for row in rows:
            if row.window_ends_at <= now:
                row.attempts, row.window_ends_at = 0, ends
            row.attempts += 1
        return None

    async def forgive(self, session: AsyncSession, attempt: Attempt) -> None:
        """After a success: the name's failures from this network are forgotten, the attempt itself everywhere."""
        for row in await store.locked_attempts(session, [attempt.pair, attempt.login, attempt.network]):
            row.attempts = 0 if bytes(row.bucket) == attempt.pair else max(0, row.attempts - 1)


def _bucket(kind: str, *parts: str) -> bytes:
    return hashlib.sha256("\0".join((kind, *parts)).encode()).digest()
