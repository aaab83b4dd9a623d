"""The end of an account: at once here, in the background everywhere else, and a receipt to ask about it with.

One transaction deletes the account, voids all its tokens and tells of it (`user.deleted`). Every service answers
`user.purged` when it holds nothing of the person any more; what does not answer is told again.
"""

import hashlib
import secrets
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from messaging_wire import problems
from messaging_wire.auth import AccountDelete, DeletionPart, DeletionProgress, DeletionReceipt, KeptMessages
from messaging_wire.events import UserDeleted, UserPurged
from messaging_wire.ids import UserId
from sqlmodel.ext.asyncio.session import AsyncSession

from messaging.auth import store
from messaging.auth import store_deletions as deletions
from messaging.auth.clients import Client
from messaging.auth.credentials import Credentials
from messaging.auth.feed import RevocationFeed
from messaging.auth.names import FreedNames
from messaging.auth.store_platform import Ended
from messaging.auth.tables import Account, DeletionPartRow, DeletionRow, RevocationRow
from messaging.kernel.clock import Clock
from messaging.kernel.database import Database
from messaging.kernel.errors import ProblemError
from messaging.kernel.outbox import Outbox
from messaging.kernel.purging import Job, Page, Purging
from messaging.kernel.tokens import Caller, invalid_token

log = structlog.get_logger(__name__)

SERVICES = ("auth", "user", "message", "notification", "export")
TOLD_AGAIN_AFTER = timedelta(hours=1)
KEPT = timedelta(days=30)
RECEIPT_BYTES = 32


class AccountDeletion:
    """Ends accounts and knows how far each deletion is."""

    def __init__(
        self,
        database: Database,
        *,
        outbox: Outbox,
        credentials: Credentials,
        names: FreedNames,
        feed: RevocationFeed,
        purging: Purging,
        clock: Clock,
    ) -> None:
        self._database = database
        self._outbox = outbox
        self._credentials = credentials
        self._names = names
        self._feed = feed
        self._purging = purging
        self._clock = clock

    async def delete(self, caller: Caller, request: AccountDelete, client: Client) -> DeletionReceipt:
        """End the caller's account for good.

        Raises:
            ProblemError: 401 `invalid-credentials` for a wrong password, 401 `invalid-token` where the account has
                ended already, 429 after too many failures, 503 under load.
        """
        async with self._database.reading() as session:
            account = await store.account_by_id(session, caller.user_id)
        if account is None:
            raise _ended()
        attempt = await self._credentials.count(account.username_key, client)
        await self._credentials.require(account, request.password.get_secret_value(), detail="the password is wrong")
        receipt = secrets.token_urlsafe(RECEIPT_BYTES)
        async with self._database.writing() as session:
            await self._credentials.forgive(session, attempt)
            held = await store.locked_account(session, account.id)
            if held is None:
                raise _ended()
            revoked = await self._end(session, held, request.messages, receipt)
        self._feed.announce(revoked)
        self._outbox.wake()
        self._purging.wake()
        log.info("account_deleted", user_id=str(account.id), messages=request.messages)
        return DeletionReceipt(receipt=receipt)

    async def _end(
        self, session: AsyncSession, account: Account, messages: KeptMessages, receipt: str
    ) -> list[RevocationRow]:
        now = self._clock.now()
        event = UserDeleted(version=account.version + 1, user_id=UserId(account.id), messages=messages)
        session.add(
            DeletionRow(
                user_id=account.id,
                receipt_hash=_hash(receipt),
                messages=messages,
                version=event.version,
                requested_at=now,
                tell_at=now + TOLD_AGAIN_AFTER,
            )
        )
        session.add_all([DeletionPartRow(user_id=account.id, service=service) for service in SERVICES])
        await session.flush()
        await self._names.add(session, account.username_key)
        await deletions.remove_account(session, account.id)
        await self._purging.begin(session, [event])
        await self._outbox.add(session, [event])
        return await self._feed.append(session, [Ended(account.id, None)], for_good=True)

    async def progress(self, receipt: str, client: Client) -> DeletionProgress:
        """Say how far the deletion is that a receipt was given for.

        Raises:
            ProblemError: 404 for a receipt that was never given, or is too old; 429 after too many of them.
        """
        async with self._database.reading() as session:
            row = await deletions.by_receipt(session, _hash(receipt))
            parts = [] if row is None else await deletions.parts_of(session, [row.user_id])
        if row is None:
            await self._credentials.count_wrong_receipt(client)
            raise ProblemError(problems.NOT_FOUND, "no deletion has this receipt")
        done = {part.service: part.done_at for part in parts}
        return DeletionProgress(
            messages=row.messages,
            requested_at=row.requested_at,
            services=[_part(service, done.get(service)) for service in SERVICES],
        )

    async def take(self, session: AsyncSession, answers: Sequence[UserPurged]) -> None:
        """Take in which services have removed their parts, in the caller's transaction."""
        by_user: dict[UUID, set[str]] = defaultdict(set)
        for answer in answers:
            by_user[answer.user_id].add(answer.service)
        rows = await deletions.lock_deletions(session, list(by_user))
        for row in rows:
            await deletions.mark_done(session, row.user_id, sorted(by_user[row.user_id]), self._clock.now())
        pending = {part.user_id for part in await deletions.parts_of(session, list(by_user)) if part.done_at is None}
        for row in rows:
            if row.user_id not in pending:
                row.tell_at = None

    async def sweep(self, session: AsyncSession, now: datetime) -> None:
        """Tell again what was not answered, and forget what has served its time, in the caller's transaction."""
        due = await deletions.lock_due(session, now)
        for row in due:
            row.tell_at = now + TOLD_AGAIN_AFTER
        await self._outbox.add(session, [deleted_event(row) for row in due])
        await deletions.forget_old(session, before=now - KEPT, now=now)


async def purge_page(session: AsyncSession, job: Job) -> Page:
    """Remove a portion of what auth still holds of a deleted account: its sessions and their tokens."""
    return Page(more=await deletions.remove_sessions(session, job.user_id))


def deleted_event(row: DeletionRow) -> UserDeleted:
    """The event that tells other services of a deletion."""
    return UserDeleted(version=row.version, user_id=UserId(row.user_id), messages=row.messages)


async def republish(session: AsyncSession, outbox: Outbox) -> int:
    """Put an event for every deletion that is remembered on the outbox: a restored database learns of them anew."""
    count, last = 0, None
    while page := await deletions.deletions_after(session, last, limit=500):
        await outbox.add(session, [deleted_event(row) for row in page])
        count, last = count + len(page), page[-1].user_id
    return count


def _part(service: str, done_at: datetime | None) -> DeletionPart:
    return DeletionPart(service=service, state="pending" if done_at is None else "done", done_at=done_at)


def _hash(receipt: str) -> bytes:
    """The form of a receipt that is stored: no salt, as it is 256 random bits."""
    return hashlib.sha256(receipt.encode()).digest()


def _ended() -> ProblemError:
    return invalid_token("the account lives no more")
