"""Clearing away what deleted conversations held, a little at a time, by whichever replica comes first."""

import asyncio
from datetime import timedelta

import structlog
from sqlalchemy.exc import SQLAlchemyError

from messaging.kernel.clock import Clock
from messaging.kernel.database import Database
from messaging.message.store import conversations, invitations, members, messages

log = structlog.get_logger(__name__)

KEPT = timedelta(minutes=1)
"""How long the rows stay, so that every replica can still tell the members that it is gone."""
PAGE = 500
IDLE_S = 60.0
BREATH_S = 0.05


class Clearing:
    """One replica's part in it."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def run(self) -> None:
        """Clear until cancelled."""
        while True:
            try:
                found = await self.clear_some()
            except (SQLAlchemyError, OSError, TimeoutError) as error:
                log.warning("not_cleared", error=type(error).__name__)
                found = False
            await asyncio.sleep(BREATH_S if found else IDLE_S)

    async def clear_some(self) -> bool:
        """Delete a page of one deleted conversation, at last the conversation; tell whether there was one."""
        async with self._database.writing() as session:
            row = await conversations.lock_one_deleted(session, self._clock.now() - KEPT)
            if row is None:
                return False
            left = await messages.clear_page(session, row.id, PAGE) or await members.clear_page(session, row.id, PAGE)
            left = left or await invitations.clear_page(session, row.id, PAGE)
            if not left:
                await session.delete(row)
        return True
