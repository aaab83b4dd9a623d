"""Profiles and preferences: made from accounts, read by everybody signed in, changed by their owner only."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID
from zoneinfo import available_timezones

from messaging_wire import problems
from messaging_wire.base import Page
from messaging_wire.events import UserCreated
from messaging_wire.problems import FieldProblem
from messaging_wire.user import Preferences, PreferencesUpdate, Profile, ProfileUpdate
from sqlmodel.ext.asyncio.session import AsyncSession

from messaging.kernel.clock import Clock
from messaging.kernel.database import Database
from messaging.kernel.errors import ProblemError
from messaging.kernel.names import username_key
from messaging.kernel.outbox import Outbox
from messaging.kernel.paging import bad_cursor, decode_cursor, encode_cursor
from messaging.kernel.tokens import Caller
from messaging.user.service.telling import profile_event
from messaging.user.service.views import preferences_view, profile_view
from messaging.user.settings import UserSettings
from messaging.user.store import profiles as store
from messaging.user.store import relations
from messaging.user.tables import LOCALE, TIME_ZONE, ProfileRow

RETRY_AFTER = timedelta(seconds=1)
FIRST_PAUSE_S, MAX_PAUSE_S = 0.02, 0.25
TIME_ZONES = frozenset(available_timezones())


class ProfileService:
    """Reads and changes profiles."""

    def __init__(self, database: Database, outbox: Outbox, settings: UserSettings, clock: Clock) -> None:
        self._database = database
        self._outbox = outbox
        self._settings = settings
        self._clock = clock

    async def own(self, caller: Caller) -> Profile:
        """Return the caller's own profile.

        Raises:
            ProblemError: 503, the profile is not made yet.
        """
        return profile_view(await self._own_row(caller), caller)

    async def _own_row(self, caller: Caller) -> ProfileRow:
        """The caller's row.

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
                return row
            if loop.time() + pause_s > deadline:
                raise not_made_yet()
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
            row = await store.profile_by_id(session, user_id)
        if row is None:
            raise ProblemError(problems.NOT_FOUND)
        return profile_view(row, caller)

    async def by_username(self, caller: Caller, username: str) -> Profile:
        """Return the profile of who has that user name, in any case.

        Raises:
            ProblemError: 404, nobody has it, or who has it has blocked the caller.
        """
        key = username_key(username)
        if key == username_key(caller.username):
            return await self.own(caller)
        async with self._database.reading() as session:
            row = await store.profile_by_username(session, key)
            if row is None or await relations.blockers_among(session, caller.user_id, [row.user_id]):
                raise ProblemError(problems.NOT_FOUND)
        return profile_view(row, caller)

    async def by_ids(self, caller: Caller, user_ids: Sequence[UUID]) -> list[Profile]:
        """Return the profiles of those ids that are known, in the order asked for.

        Also those who have blocked the caller: in groups that they share their names stand beside their messages.
        """
        async with self._database.reading() as session:
            rows = {row.user_id: row for row in await store.profiles_by_ids(session, user_ids)}
        return [profile_view(rows[user_id], caller) for user_id in dict.fromkeys(user_ids) if user_id in rows]

    async def search(self, caller: Caller, prefix: str, *, limit: int, cursor: str | None) -> Page[Profile]:
        """Return people who may be found and whose user name begins with `prefix`, in any case, by name.

        Raises:
            ProblemError: 422 for a cursor of something else.
        """
        after = _decode(cursor) if cursor is not None else None
        async with self._database.reading() as session:
            key = username_key(prefix)
            rows = await store.found_by(session, caller.user_id, key, after=after, limit=limit + 1)
        last = rows[limit - 1] if len(rows) > limit else None
        return Page[Profile](
            items=[profile_view(row, caller) for row in rows[:limit]],
            next_cursor=encode_cursor([last.username_key, str(last.user_id)]) if last is not None else None,
        )

    async def change(self, caller: Caller, user_id: UUID, update: ProfileUpdate) -> Profile:
        """Change the caller's own profile; what is absent stays, and no change makes no event.

        Raises:
            ProblemError: 403 for another's, 404 for nobody's.
        """
        await self.by_id(caller, user_id)
        if user_id != caller.user_id:
            raise ProblemError(problems.FORBIDDEN, "only its owner may change a profile")
        return profile_view(await self._write(caller, update.model_dump(exclude_none=True)), caller)

    async def preferences(self, caller: Caller) -> Preferences:
        """Return what the caller has chosen.

        Raises:
            ProblemError: as `own`.
        """
        return preferences_view(await self._own_row(caller))

    async def choose(self, caller: Caller, update: PreferencesUpdate) -> Preferences:
        """Change what the caller has chosen; what is absent stays, and no change makes no event.

        Raises:
            ProblemError: 422 for an unknown time zone; else as `own`.
        """
        if update.time_zone is not None and update.time_zone not in TIME_ZONES:
            unknown = FieldProblem(field="time_zone", message="is no time zone of the IANA database")
            raise ProblemError(problems.INVALID_FIELDS, errors=[unknown])
        await self._own_row(caller)
        return preferences_view(await self._write(caller, update.model_dump(exclude_none=True)))

    async def _write(self, caller: Caller, values: dict[str, Any]) -> ProfileRow:
        async with self._database.writing() as session:
            rows = await store.locked_profiles(session, [caller.user_id])
            if not rows:
                raise not_made_yet()
            if self._apply(rows[0], values):
                await self._outbox.add(session, [profile_event(rows[0])])
        self._outbox.wake()
        return rows[0]

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
        await self._outbox.add(session, [profile_event(row) for row in changed])

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
            "discoverable": self._settings.discoverable,
            "direct_messages": "everyone",
            "show_presence": True,
            "send_read_receipts": True,
            "locale": LOCALE,
            "time_zone": TIME_ZONE,
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


def not_made_yet() -> ProblemError:
    """The answer to somebody whose own profile has not been made."""
    return ProblemError(problems.UNAVAILABLE, "your profile is being made", retry_after=RETRY_AFTER)


def _decode(cursor: str) -> tuple[str, UUID]:
    name, user_id = decode_cursor(cursor, str, str)
    try:
        return name, UUID(user_id)
    except ValueError:
        raise bad_cursor() from None
