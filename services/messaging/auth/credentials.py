"""Checking a person's password, with every attempt counted: for logging in, and for what needs the password again."""

from datetime import timedelta

from messaging_wire import problems
from sqlmodel.ext.asyncio.session import AsyncSession

from messaging.auth.clients import Client
from messaging.auth.limits import Attempt, LoginLimits
from messaging.auth.passwords import Passwords
from messaging.auth.tables import Account
from messaging.kernel.database import Database
from messaging.kernel.errors import ProblemError


class Credentials:
    """Passwords behind the limits of log-ins."""

    def __init__(self, database: Database, passwords: Passwords, limits: LoginLimits) -> None:
        self._database = database
        self._passwords = passwords
        self._limits = limits

    async def count(self, login_key: str, client: Client) -> Attempt:
        """Count an attempt, before its password is looked at.

        Raises:
            ProblemError: 429 after too many failures, 503 under load.
        """
        self._passwords.require_room()
        attempt = self._limits.attempt(login_key, client.network)
        async with self._database.writing() as session:
            wait = await self._limits.take(session, attempt)
        if wait is not None:
            raise too_many(wait)
        return attempt

    async def require(self, account: Account | None, password: str, *, detail: str) -> Account:
        """Return the account if the password is its own; takes as long where there is no account.

        Raises:
            ProblemError: 401 `invalid-credentials`, whatever is wrong; 503 under load.
        """
        is_right = await self._passwords.verify(None if account is None else account.password_hash, password)
        if account is None or not is_right or account.disabled_at is not None:
            raise ProblemError(problems.INVALID_CREDENTIALS, detail)
        return account

    async def forgive(self, session: AsyncSession, attempt: Attempt) -> None:
        """Take a counted attempt back, in the caller's transaction: it was right."""
        await self._limits.forgive(session, attempt)

    async def count_wrong_receipt(self, client: Client) -> None:
        """Count that somebody asked with a receipt that was never given.

        Raises:
            ProblemError: 429, it was too often from there.
        """
        async with self._database.writing() as session:
            wait = await self._limits.take_guess(session, "receipt", client.network)
        if wait is not None:
            raise too_many(wait)


def too_many(wait: timedelta) -> ProblemError:
    """The answer to who has been wrong too often."""
    return ProblemError(problems.TOO_MANY_REQUESTS, "too many failed attempts; try again later", retry_after=wait)
