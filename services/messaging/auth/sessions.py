"""Sessions: opened at log-in, kept alive by rotating refresh tokens, ended at log-out or when a token is reused."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

import structlog
from messaging_wire.auth import Tokens
from sqlmodel.ext.asyncio.session import AsyncSession

from messaging.auth import store
from messaging.auth.clients import Client
from messaging.auth.feed import RevocationFeed
from messaging.auth.settings import AuthSettings
from messaging.auth.store_platform import Ended
from messaging.auth.tables import Account, RefreshToken, RevocationRow, SessionRow
from messaging.auth.tokens import TokenIssuer, hash_token, open_successor, seal_successor
from messaging.kernel.clock import Clock
from messaging.kernel.database import Database
from messaging.kernel.ids import new_id
from messaging.kernel.tokens import invalid_token

log = structlog.get_logger(__name__)


@dataclass
class _Outcome:
    """What a refresh led to: a pair, or a refusal that may have ended the session."""

    tokens: Tokens | None = None
    revoked: list[RevocationRow] = field(default_factory=list)


class Sessions:
    """All sessions of the platform."""

    def __init__(
        self, database: Database, *, issuer: TokenIssuer, feed: RevocationFeed, settings: AuthSettings, clock: Clock
    ) -> None:
        self._database = database
        self._issuer = issuer
        self._feed = feed
        self._settings = settings
        self._clock = clock

    async def open(self, session: AsyncSession, account: Account, client: Client) -> Tokens:
        """Open a session in the caller's transaction and return its first pair."""
        now = self._clock.now()
        row = SessionRow(
            id=new_id(),
            account_id=account.id,
            user_agent=client.user_agent,
            address=client.address,
            created_at=now,
            last_used_at=now,
            expires_at=now + self._settings.refresh_lifetime,
        )
        session.add(row)
        return self._issue(session, account, row, predecessor=None)

    async def refresh(self, refresh_token: str) -> Tokens:
        """Rotate a refresh token; a repeat within its window gets the same pair again, every field of it.

        Raises:
            ProblemError: 401, the token is unknown, expired or of an ended session, or was reused, which ends it.
        """
        async with self._database.writing() as session:
            outcome = await self._rotate(session, refresh_token)
        if outcome.revoked:
            self._feed.announce(outcome.revoked)
            log.warning("refresh_reused", user_id=str(outcome.revoked[0].user_id))
        if outcome.tokens is None:
            raise invalid_token("the refresh token is not valid")
        return outcome.tokens

    async def _rotate(self, session: AsyncSession, refresh_token: str) -> _Outcome:
        digest, now = hash_token(refresh_token), self._clock.now()
        session_id = await store.session_of_token(session, digest)
        row = None if session_id is None else await store.locked_session(session, session_id)
        if row is None or row.ended_at is not None:
            return _Outcome()
        account = await store.account_by_id(session, row.account_id)
        if account is None or account.disabled_at is not None:
            return _Outcome()
        token = await store.locked_token(session, digest)
        if token.used_at is not None:
            return await self._repeat(session, row, token, refresh_token)
        if token.expires_at <= now:
            return _Outcome()
        return _Outcome(tokens=await self._succeed(session, account, row, token, refresh_token))

    async def _succeed(
        self, session: AsyncSession, account: Account, row: SessionRow, token: RefreshToken, refresh_token: str
    ) -> Tokens:
        now = self._clock.now()
        row.last_used_at, row.expires_at = now, now + self._settings.refresh_lifetime
        pair = self._issue(session, account, row, predecessor=token.token_hash)
        token.used_at = now
        token.successor = seal_successor(refresh_token, pair)
        token.successor_until = now + self._settings.refresh_repeat_window
        if token.predecessor_hash is not None:
            await store.drop_successor(session, token.predecessor_hash)
        return pair

    async def _repeat(
        self, session: AsyncSession, row: SessionRow, token: RefreshToken, refresh_token: str
    ) -> _Outcome:
        until = token.successor_until
        if token.successor is not None and until is not None and self._clock.now() < until:
            return _Outcome(tokens=open_successor(refresh_token, bytes(token.successor)))
        return _Outcome(revoked=await self._end(session, [row]))

    def _issue(self, session: AsyncSession, account: Account, row: SessionRow, *, predecessor: bytes | None) -> Tokens:
        pair = self._issuer.pair(
            account, row.id, now=self._clock.now(), refresh_lifetime=self._settings.refresh_lifetime
        )
        session.add(
            RefreshToken(
                token_hash=hash_token(pair.refresh_token),
                session_id=row.id,
                predecessor_hash=predecessor,
                expires_at=row.expires_at,
            )
        )
        return pair

    async def end_by_token(self, refresh_token: str) -> None:
        """End the session that a refresh token, even a used one, belongs to; an unknown one ends nothing."""
        async with self._database.writing() as session:
            session_id = await store.session_of_token(session, hash_token(refresh_token))
            revoked = [] if session_id is None else await self._end_one(session, session_id, owner=None)
        self._feed.announce(revoked)

    async def end(self, user_id: UUID, session_id: UUID) -> bool:
        """End one session of a person; tell whether it was theirs and alive."""
        async with self._database.writing() as session:
            revoked = await self._end_one(session, session_id, owner=user_id)
        self._feed.announce(revoked)
        return bool(revoked)

    async def end_others(self, user_id: UUID, *, kept: UUID) -> None:
        """End all sessions of a person but one."""
        async with self._database.writing() as session:
            rows = [row for row in await self._all_of(session, user_id) if row.id != kept]
            held = [await store.locked_session(session, row.id) for row in sorted(rows, key=lambda row: row.id)]
            revoked = await self._end(session, [row for row in held if row is not None and row.ended_at is None])
        self._feed.announce(revoked)

    async def live_of(self, user_id: UUID, *, before: UUID | None, limit: int) -> Sequence[SessionRow]:
        """Return up to `limit` of a person's living sessions, newest first, older than the id `before`."""
        async with self._database.reading() as session:
            return await store.live_sessions_of(session, user_id, now=self._clock.now(), before=before, limit=limit)

    async def _all_of(self, session: AsyncSession, user_id: UUID) -> list[SessionRow]:
        rows: list[SessionRow] = []
        while True:
            before = rows[-1].id if rows else None
            page = await store.live_sessions_of(session, user_id, now=self._clock.now(), before=before, limit=200)
            rows += page
            if len(page) < 200:
                return rows

    async def _end_one(self, session: AsyncSession, session_id: UUID, *, owner: UUID | None) -> list[RevocationRow]:
        row = await store.locked_session(session, session_id)
        if row is None or row.ended_at is not None or (owner is not None and row.account_id != owner):
            return []
        return await self._end(session, [row])

    async def _end(self, session: AsyncSession, rows: Sequence[SessionRow]) -> list[RevocationRow]:
        """End sessions whose rows are held; their refresh tokens go, their access tokens are revoked."""
        if not rows:
            return []
        now: datetime = self._clock.now()
        for row in rows:
            row.ended_at = now
            await store.drop_tokens_of(session, row.id)
        return await self._feed.append(session, [Ended(row.account_id, row.id) for row in rows])
