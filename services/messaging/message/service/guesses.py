"""How often a person may be wrong about a join code, whichever replica they ask."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from messaging_wire import problems
from messaging_wire.ids import UserId
from sqlmodel.ext.asyncio.session import AsyncSession

from messaging.kernel.errors import ProblemError
from messaging.message.store import attempts
from messaging.message.tables import JoinAttemptRow

WINDOW = timedelta(minutes=1)


@dataclass(frozen=True)
class Guesses:
    """So many wrong codes a minute, from the first of them on."""

    per_minute: int

    async def check(self, session: AsyncSession, user_id: UserId, now: datetime) -> None:
        """Refuse who has been wrong too often; locks what they have tried, so that guesses wait for one another.

        Raises:
            ProblemError: 429.
        """
        row = await attempts.lock(session, user_id)
        if row is not None and _is_running(row, now) and row.wrong >= self.per_minute:
            wait = min(WINDOW, row.since + WINDOW - now)
            raise ProblemError(problems.TOO_MANY_REQUESTS, "too many wrong join codes", retry_after=wait)

    async def note_wrong(self, session: AsyncSession, user_id: UserId, now: datetime) -> None:
        """Count a wrong code."""
        row = await attempts.lock_or_begin(session, user_id, now)
        if not _is_running(row, now):
            row.since, row.wrong = now, 0
        row.wrong += 1


def _is_running(row: JoinAttemptRow, now: datetime) -> bool:
    return abs(now - row.since) < WINDOW  # a clock that was set back opens nothing and locks nobody out for long
