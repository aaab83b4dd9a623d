"""Who shares a conversation with the caller: what the user service asks before it shows presence."""

from collections.abc import Collection
from uuid import UUID

from messaging_wire.ids import UserId
from messaging_wire.user import Fellows

from messaging.kernel.database import Database
from messaging.kernel.tokens import Caller
from messaging.message.store import fellows


class FellowService:
    """Answers by the caller's own memberships only."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def among(self, caller: Caller, others: Collection[UUID]) -> Fellows:
        """Return those of `others` who are in a conversation that the caller is in."""
        async with self._database.reading() as session:
            found = await fellows.fellows_among(session, caller.user_id, others)
        return Fellows(user_ids=sorted(UserId(user_id) for user_id in found))
