"""Passwords: Argon2id in threads, a bounded number at once, with a bounded queue before them.

A hash takes tens of milliseconds and tens of megabytes: never on the event loop, and never more at once than the pod
has memory for.
"""

import asyncio
import secrets
import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TypeVar

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError
from messaging_wire import problems

from messaging.auth.settings import AuthSettings
from messaging.kernel.errors import ProblemError

Result = TypeVar("Result")

RETRY_AFTER = timedelta(seconds=2)


class Passwords:
    """Hashes and checks passwords. A password counts in NFC, so that it is the same from every keyboard."""

    def __init__(self, settings: AuthSettings) -> None:
        self._hasher = PasswordHasher(
            time_cost=settings.password_iterations,
            memory_cost=settings.password_memory_kib,
            parallelism=1,
            type=Type.ID,
        )
        self._threads = ThreadPoolExecutor(settings.password_threads, thread_name_prefix="password")
        self._room = settings.password_threads + settings.password_waiting
        self._taken = 0
        self._nobodys = self._hasher.hash(secrets.token_urlsafe())

    def require_room(self) -> None:
        """Make sure that another password can be taken on, before work is spent on it.

        Raises:
            ProblemError: 503, too many wait already.
        """
        if self._taken >= self._room:
            raise ProblemError(problems.UNAVAILABLE, "too many people sign in right now", retry_after=RETRY_AFTER)

    async def hash(self, password: str) -> str:
        """Hash a new password, in the PHC string format.

        Raises:
            ProblemError: 503, too many wait already.
        """
        return await self._in_thread(lambda: self._hasher.hash(_prepared(password)))

    async def verify(self, stored: str | None, password: str) -> bool:
        """Tell whether `password` is the stored one; takes as long where there is no account (`stored` is None).

        Raises:
            ProblemError: 503, too many wait already.
        """
        expected = self._nobodys if stored is None else stored
        matches = await self._in_thread(lambda: self._matches(expected, password))
        return matches and stored is not None

    def is_outdated(self, stored: str) -> bool:
        """Tell whether the hash was made with other parameters than today's."""
        return self._hasher.check_needs_rehash(stored)

    def _matches(self, stored: str, password: str) -> bool:
        try:
            return self._hasher.verify(stored, _prepared(password))
        except (VerificationError, InvalidHashError):
            return False

    async def _in_thread(self, work: Callable[[], Result]) -> Result:
        """Run in a thread; a caller that goes away frees its place only when the thread has ended."""
        self.require_room()
        self._taken += 1
        loop = asyncio.get_running_loop()
        future = self._threads.submit(work)
        future.add_done_callback(lambda _future: loop.call_soon_threadsafe(self._leave))
        return await asyncio.wrap_future(future)

    def _leave(self) -> None:
        self._taken -= 1


def _prepared(password: str) -> bytes:
    return unicodedata.normalize("NFC", password).encode()
