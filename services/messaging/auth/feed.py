"""The revocation feed, and what auth itself follows instead of asking itself over HTTP."""

from collections.abc import Sequence

from joserfc.jwk import KeySet
from messaging_wire.auth import Revocation, RevocationPage
from messaging_wire.events import SessionRevoked
from messaging_wire.ids import SessionId, UserId
from sqlmodel.ext.asyncio.session import AsyncSession

from messaging.auth import store_platform as store
from messaging.auth.signing import Keyring
from messaging.auth.store_platform import Ended
from messaging.auth.tables import RevocationRow
from messaging.kernel.bus import Bus
from messaging.kernel.clock import Clock
from messaging.kernel.database import Database
from messaging.kernel.revocations import HINT_TOPIC, RevocationList
from messaging.kernel.tokens import LIFETIME, SKEW


class RevocationFeed:
    """Appends to the feed, announces what was appended, and serves it."""

    def __init__(self, database: Database, bus: Bus, own_list: RevocationList, clock: Clock) -> None:
        self._database = database
        self._bus = bus
        self._own_list = own_list
        self._clock = clock

    async def append(
        self, session: AsyncSession, ended: Sequence[Ended], *, for_good: bool = False
    ) -> list[RevocationRow]:
        """Make tokens void, in the caller's transaction; `announce` what is returned after its commit.

        With `for_good` those too that a replica with a fast clock is just giving out: nobody may sign in again.
        """
        now = self._clock.now()
        not_before = now + LIFETIME if for_good else now
        expires_at = now + LIFETIME + 2 * SKEW
        return await store.append_revocations(session, ended, not_before=not_before, expires_at=expires_at)

    def announce(self, rows: Sequence[RevocationRow]) -> None:
        """Hint at new entries, so that every replica reads the feed at once."""
        for row in rows:
            hint = SessionRevoked(
                version=row.position,
                user_id=UserId(row.user_id),
                session_id=None if row.session_id is None else SessionId(row.session_id),
                position=row.position,
            )
            self._bus.publish_hint(HINT_TOPIC, hint.model_dump_json().encode())
        self._own_list.wake()

    async def after(self, position: int) -> RevocationPage:
        """Return the entries behind `position`, ascending, a page at a time."""
        async with self._database.reading() as session:
            rows = await store.revocations_after(session, position)
            epoch = await store.epoch(session)
        return RevocationPage(
            items=[
                Revocation(
                    position=row.position,
                    user_id=UserId(row.user_id),
                    session_id=None if row.session_id is None else str(row.session_id),
                    not_before=row.not_before,
                    expires_at=row.expires_at,
                )
                for row in rows
            ],
            last_position=rows[-1].position if rows else position,
            epoch="" if epoch is None else str(epoch),
        )


class OwnTrust:
    """Keys and revocations from auth's own database: a `TrustSource` without HTTP."""

    def __init__(self, feed: RevocationFeed, keyring: Keyring) -> None:
        self._feed = feed
        self._keyring = keyring

    async def after(self, position: int) -> RevocationPage:
        """Return the feed behind `position`."""
        return await self._feed.after(position)

    async def key_set(self) -> KeySet:
        """Return the public keys; waits until the first one is made."""
        return await self._keyring.public_keys()
