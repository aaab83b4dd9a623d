"""Profiles: made from accounts, read by everybody who is signed in, changed by their owner only."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from messaging_wire import problems
from messaging_wire.events import ProfileUpdated, UserCreated
from messaging_wire.ids import UserId
from messaging_wire.user import Profile, ProfileUpdate
from sqlmodel.ext.asyncio.session import AsyncSession

from messaging.kernel.clock import Clock
from messaging.kernel.database import Database
from messaging.kernel.errors import ProblemError
from messaging.kernel.names import username_key
from messaging.kernel.outbox import Outbox
from messaging.kernel.tokens import Caller
from messaging.user import store
from messaging.user.settings import UserSettings
from messaging.user.tables import ProfileRow

RETRY_AFTER = timedelta(seconds=1)
FIRST_PAUSE_S, MAX_PAUSE_S = 0.02, 0.25


class UserService:
    """Reads and changes profiles."""

    def __init__(self, database: Database, outbox: Outbox, settings: UserSettings, clock: Clock) -> None:
        self._database = database
        self._outbox = outbox
        self._settings = settings
        self._clock = clock

    async def own(self, caller: Caller) -> Profile:
        """Return the caller's own profile.

        It is made from an event that follows the sign-up within moments: a request that comes before waits for it.

        Raises:
            ProblemError: 503, the event has not come in time; the account is there, so it is no 404.
        """
        pause_s, loop = FIRST_PAUSE_S, asyncio.get_running_loop()
        deadline = loop.time() + self._settings.own_profile_wait.total_seconds()
        while True:
            async with self._database.reading() as session:
                row = await store.profile_by_id(session, caller.user_id)
            if row is not None:
                return _profile(row, caller)
            if loop.time() + pause_s > deadline:
                raise ProblemError(problems.UNAVAILABLE, "your profile is being made", retry_after=RETRY_AFTER)
            await asyncio.sleep(pause_s)
            pause_s = min(pause_s * 2, MAX_PAUSE_S)

    async def by_id(self, caller: Caller, user_id: UUID) -> Profile:
        """Return a person's profile.

        Raises:
            ProblemError: 404, nobody has that id.
        """
        if user_id == caller.user_id:
            return await self.own(caller)
        async with self._database.reading() as session:
            return _found(await store.profile_by_id(session, user_id), caller)

    async def by_username(self, caller: Caller, username: str) -> Profile:
        """Return the profile of who has that user name, in any case.

        Raises:
            ProblemError: 404, nobody has it.
        """
        key = username_key(username)
        if key == username_key(caller.username):
            return await self.own(caller)
        async with self._database.reading() as session:
            return _found(await store.profile_by_username(session, key), caller)

    async def by_ids(self, caller: Caller, user_ids: Sequence[UUID]) -> list[Profile]:
        """Return the profiles of those ids that are known, in the order asked for."""
        async with self._database.reading() as session:
            rows = {row.user_id: row for row in await store.profiles_by_ids(session, user_ids)}
        return [_profile(rows[user_id], caller) for user_id in dict.fromkeys(user_ids) if user_id in rows]

    async def change(self, caller: Caller, user_id: UUID, update: ProfileUpdate) -> Profile:
        """Change the caller's own profile; what is absent stays, and no change makes no event.

        Raises:
            ProblemError: 403 for another's, 404 for nobody's.
        """
        await self.by_id(caller, user_id)
        if user_id != caller.user_id:
            raise ProblemError(problems.FORBIDDEN, "only its owner may change a profile")
        async with self._database.writing() as session:
            (row,) = await store.locked_profiles(session, [user_id])
            if self._apply(row, update.model_dump(exclude_none=True)):
                await self._outbox.add(session, [updated_event(row)])
        self._outbox.wake()
        return _profile(row, caller)

    def _apply(self, row: ProfileRow, values: dict[str, Any]) -> bool:
        changed = {name: value for name, value in values.items() if getattr(row, name) != value}
        if not changed:
            return False
        for name, value in changed.items():
            setattr(row, name, value)
        row.version += 1
        row.updated_at = self._clock.now()
        return True

    async def take_accounts(self, session: AsyncSession, accounts: Sequence[UserCreated]) -> None:
        """Make or renew profiles from events of accounts, in the caller's transaction; older events change nothing."""
        newest: dict[UUID, UserCreated] = {}
        for account in accounts:
            known = newest.get(account.user_id)
            if known is None or known.version < account.version:
                newest[account.user_id] = account
        ids = list(newest)
        present = {row.user_id for row in await store.locked_profiles(session, ids)}
        missing = [user_id for user_id in ids if user_id not in present]
        await store.add_missing(session, [self._columns(newest[user_id]) for user_id in missing])
        rows = await store.locked_profiles(session, ids)
        changed = [row for row in rows if row.user_id in missing or self._renew(row, newest[row.user_id])]
        await self._outbox.add(session, [updated_event(row) for row in changed])

    def announce(self) -> None:
        """Have events published that a committed transaction has added."""
        self._outbox.wake()

    def _columns(self, account: UserCreated) -> dict[str, Any]:
        return {
            "user_id": account.user_id,
            "username": account.username,
            "username_key": username_key(account.username),
            "display_name": account.username,
            "bio": "",
            "email": account.email,
            "account_version": account.version,
            "version": 1,
            "created_at": account.created_at,
            "updated_at": self._clock.now(),
        }

    def _renew(self, row: ProfileRow, account: UserCreated) -> bool:
        if account.version <= row.account_version:
            return False
        values = {
            "username": account.username,
            "username_key": username_key(account.username),
            "email": account.email,
        }
        row.account_version = account.version
        return self._apply(row, values)


def updated_event(row: ProfileRow) -> ProfileUpdated:
    """The event that tells other services of a profile."""
    return ProfileUpdated(
        version=row.version,
        user_id=UserId(row.user_id),
        username=row.username,
        display_name=row.display_name,
        avatar_url=row.avatar_url,
    )


async def republish(session: AsyncSession, outbox: Outbox) -> int:
    """Put an event for every profile on the outbox, page by page; return how many."""
    count, last = 0, None
    while page := await store.profiles_after(session, last, limit=500):
        await outbox.add(session, [updated_event(row) for row in page])
        count, last = count + len(page), page[-1].user_id
    return count


def _found(row: ProfileRow | None, caller: Caller) -> Profile:
    if row is None:
        raise ProblemError(problems.NOT_FOUND)
    return _profile(row, caller)


def _profile(row: ProfileRow, caller: Caller) -> Profile:
    return Profile(
        id=UserId(row.user_id),
        username=row.username,
        display_name=row.display_name,
        bio=row.bio,
        avatar_url=row.avatar_url,
        created_at=row.created_at,
        email=row.email if row.user_id == caller.user_id else None,
    )
