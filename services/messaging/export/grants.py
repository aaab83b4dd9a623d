"""The grants that exports run under, sealed in the database: a thief of the data gets none."""

from datetime import timedelta
from uuid import UUID

from sqlalchemy import RowMapping

from messaging.export.peers import GrantIssuer, HeldGrant
from messaging.export.store import exports
from messaging.kernel.clock import Clock
from messaging.kernel.database import Database
from messaging.kernel.keys import seal, unseal

RENEWED_WITH_LESS_THAN = timedelta(minutes=20)


class GrantSafe:
    """Seals grants, and takes them out for work, renewed when they end soon."""

    def __init__(self, database: Database, clock: Clock, *, issuer: GrantIssuer, key: bytes) -> None:
        self._database = database
        self._clock = clock
        self._issuer = issuer
        self._key = key

    async def exchange(self, token: str, *, conversation_id: UUID, export_id: UUID) -> HeldGrant:
        """Get a new export's grant for its owner's own token. Raises as `GrantIssuer.exchange` does."""
        return await self._issuer.exchange(token, conversation_id=conversation_id, export_id=export_id)

    def seal(self, export_id: UUID, grant: HeldGrant) -> bytes:
        """What is stored of a grant; it opens for the same export only."""
        return seal(self._key, grant.token.encode(), export_id.bytes)

    async def take_out(self, row: RowMapping, worker_id: UUID) -> str:
        """Return the grant of an export that this worker holds.

        Raises:
            SealBrokenError: it was sealed by another key.
            RefusedError: it was to be renewed, and auth refuses.
            httpx.HTTPError: auth cannot be reached or does not answer well.
        """
        token = unseal(self._key, row["grant_sealed"] or b"", row["id"].bytes).decode()
        if row["grant_expires_at"] - self._clock.now() >= RENEWED_WITH_LESS_THAN:
            return token
        fresh = await self._issuer.exchange(
            token, conversation_id=row["conversation_id"], export_id=row["id"], renew=True
        )
        async with self._database.writing() as session:
            await exports.change_own(
                session,
                row["id"],
                worker_id,
                grant_sealed=self.seal(row["id"], fresh),
                grant_expires_at=fresh.expires_at,
            )
        return fresh.token
