"""Accounts: signing up and logging in, and what clients must know before."""

from uuid import UUID

import structlog
from messaging_wire import problems
from messaging_wire.auth import Account as AccountAnswer
from messaging_wire.auth import AuthConfig, Limits, LoginRequest, SignedIn, SignUpRequest
from messaging_wire.events import UserCreated
from messaging_wire.ids import UserId
from messaging_wire.problems import FieldProblem
from sqlalchemy.exc import IntegrityError
from sqlmodel.ext.asyncio.session import AsyncSession

from messaging.auth import store, store_platform
from messaging.auth.clients import Client
from messaging.auth.credentials import Credentials
from messaging.auth.deletion import AccountDeletion
from messaging.auth.deletion import republish as republish_deletions
from messaging.auth.names import FreedNames
from messaging.auth.passwords import Passwords
from messaging.auth.sessions import Sessions
from messaging.auth.settings import AuthSettings
from messaging.auth.tables import Account
from messaging.kernel.clock import Clock
from messaging.kernel.database import Database
from messaging.kernel.errors import ProblemError
from messaging.kernel.ids import new_id
from messaging.kernel.names import email_key, username_key
from messaging.kernel.outbox import Outbox

log = structlog.get_logger(__name__)

CAPABILITIES = ("join-codes", "receipts", "sync", "changes", "export.json", "sessions", "account-deletion")
"""Names of what this version can do beyond the least that a client may count on."""
MAX_EMAIL_KEY = 254
WRONG = "the log-in name or the password is wrong"


class AuthService:
    """Signs people up and in."""

    def __init__(
        self,
        database: Database,
        *,
        outbox: Outbox,
        passwords: Passwords,
        credentials: Credentials,
        names: FreedNames,
        sessions: Sessions,
        deletion: AccountDeletion,
        settings: AuthSettings,
        clock: Clock,
    ) -> None:
        self.sessions = sessions
        self.deletion = deletion
        self.settings = settings
        self._database = database
        self._outbox = outbox
        self._passwords = passwords
        self._credentials = credentials
        self._names = names
        self._clock = clock
        self._epoch: UUID | None = None

    async def config(self) -> AuthConfig:
        """Say what a client must know before anybody has signed in."""
        if self._epoch is None:
            self._epoch = await self._read_epoch()
        return AuthConfig(
            sign_up=self.settings.sign_up,
            email_verification=False,
            oidc=[],
            limits=Limits(),
            capabilities=list(CAPABILITIES),
            epoch=str(self._epoch),
            version=self.settings.version,
            min_client_version=self.settings.min_client_version,
        )

    async def _read_epoch(self) -> UUID:
        async with self._database.writing() as session:
            return (await store_platform.lock_instance(session)).epoch

    async def sign_up(self, request: SignUpRequest, client: Client) -> SignedIn:
        """Make an account and open its first session.

        Raises:
            ProblemError: 403 where people cannot sign up by themselves, 409 for a user name that is taken.
        """
        if self.settings.sign_up != "open":
            raise ProblemError(problems.SIGN_UP_CLOSED)
        key = username_key(request.username)
        async with self._database.reading() as session:
            if await store.account_by_username(session, key) is not None or await self._names.has(session, key):
                raise ProblemError(problems.USERNAME_TAKEN)
        account = self._new_account(request, await self._passwords.hash(request.password.get_secret_value()))
        try:
            async with self._database.writing() as session:
                session.add(account)
                await session.flush()
                if await self._names.has(session, key):
                    raise ProblemError(problems.USERNAME_TAKEN)  # its owner's account has ended this very moment
                await self._outbox.add(session, [created_event(account)])
                tokens = await self.sessions.open(session, account, client)
        except IntegrityError:
            raise ProblemError(problems.USERNAME_TAKEN) from None
        self._outbox.wake()
        return SignedIn(user=_answer(account), tokens=tokens)

    def _new_account(self, request: SignUpRequest, password_hash: str) -> Account:
        address_key = email_key(request.email)
        if len(address_key) > MAX_EMAIL_KEY:
            raise ProblemError(
                problems.INVALID_FIELDS, errors=[FieldProblem(field="email", message="is too long when folded")]
            )
        return Account(
            id=new_id(),
            username=request.username,
            username_key=username_key(request.username),
            email=request.email,
            email_key=address_key,
            password_hash=password_hash,
            version=1,
            created_at=self._clock.now(),
        )

    async def log_in(self, request: LoginRequest, client: Client) -> SignedIn:
        """Check a password and open a session; takes as long for a name that nobody has.

        Raises:
            ProblemError: 401 for a wrong name or password alike, 429 after too many failures, 503 under load.
        """
        is_address = "@" in request.login
        key = email_key(request.login) if is_address else username_key(request.login)
        attempt = await self._credentials.count(key, client)
        async with self._database.reading() as session:
            find = store.account_by_verified_email if is_address else store.account_by_username
            found = await find(session, key)
        password = request.password.get_secret_value()
        account = await self._credentials.require(found, password, detail=WRONG)
        new_hash = await self._newer_hash(account, password)
        async with self._database.writing() as session:
            await self._credentials.forgive(session, attempt)
            if await store.locked_account(session, account.id) is None:
                raise ProblemError(problems.INVALID_CREDENTIALS, WRONG)  # deleted while its password was checked
            if new_hash is not None:
                await store.set_password_hash(session, account.id, old=account.password_hash, new=new_hash)
            tokens = await self.sessions.open(session, account, client)
        return SignedIn(user=_answer(account), tokens=tokens)

    async def _newer_hash(self, account: Account, password: str) -> str | None:
        if not self._passwords.is_outdated(account.password_hash):
            return None
        return await self._passwords.hash(password)

    async def sweep(self) -> None:
        """Delete what has served its time."""
        now = self._clock.now()
        async with self._database.writing() as session:
            await store.drop_old_successors(session, now)
            await store_platform.purge_attempts(session, now)
            await store_platform.purge_revocations(session, now)
            await store.purge_sessions(session, now)
            await self.deletion.sweep(session, now)
        self._outbox.wake()


def created_event(account: Account) -> UserCreated:
    """The event that tells other services of an account."""
    return UserCreated(
        version=account.version,
        user_id=UserId(account.id),
        username=account.username,
        email=account.email,
        created_at=account.created_at,
    )


async def republish(session: AsyncSession, outbox: Outbox) -> int:
    """Put an event for every account, and every deletion that is remembered, on the outbox; return how many."""
    count, last = await republish_deletions(session, outbox), None
    while page := await store.accounts_after(session, last, limit=500):
        await outbox.add(session, [created_event(account) for account in page])
        count, last = count + len(page), page[-1].id
    return count


def _answer(account: Account) -> AccountAnswer:
    return AccountAnswer(
        id=UserId(account.id),
        username=account.username,
        email=account.email,
        email_verified=account.verified_email_key is not None,
    )
