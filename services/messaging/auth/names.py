"""User names that were freed: kept as keyed hashes for a while, so that nobody takes one over at once."""

import hashlib
import hmac
from datetime import timedelta

from sqlmodel.ext.asyncio.session import AsyncSession

from messaging.auth import store_deletions as store
from messaging.kernel.clock import Clock
from messaging.kernel.keys import derive_key

KEPT = timedelta(days=30)
_PURPOSE = "auth/freed-names"


class FreedNames:
    """Knows which folded user names nobody may take yet, and not what they are."""

    def __init__(self, master: str, clock: Clock) -> None:
        self._key = derive_key(master, _PURPOSE)
        self._clock = clock

    async def has(self, session: AsyncSession, username_key: str) -> bool:
        """Tell whether a name was freed too lately."""
        return await store.is_freed_name(session, self._hash(username_key), self._clock.now())

    async def add(self, session: AsyncSession, username_key: str) -> None:
        """Keep a name from being taken from now on, in the caller's transaction."""
        await store.keep_name(session, self._hash(username_key), self._clock.now() + KEPT)

    def _hash(self, username_key: str) -> bytes:
        return hmac.digest(self._key, username_key.encode(), hashlib.sha256)
