"""A signed-in session: the tokens that it holds, and their renewal, one at a time however many ask at once."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from messaging_wire.auth import Account, Refreshed, RefreshRequest, SignedIn, Tokens

from messaging_client.errors import NotSignedInError, ProblemError, SessionEndedError
from messaging_client.net.tokens import HeldTokens, TokenStore
from messaging_client.net.transport import Transport, decode

RENEW_AHEAD = timedelta(seconds=60)
"""An access token that ends within this is renewed before it is used (a short-lived one: in its last fifth)."""


def utc_now() -> datetime:
    """The wall clock, aware."""
    return datetime.now(UTC)


class Session:
    """The tokens of one person, shared by REST calls and sockets, and by processes through the store."""

    def __init__(self, transport: Transport, store: TokenStore, *, now: Callable[[], datetime] = utc_now) -> None:
        self._transport = transport
        self._store = store
        self._now = now
        self._held = store.load()
        self._renewing = asyncio.Lock()

    @property
    def held(self) -> HeldTokens:
        """What is held now; raises NotSignedInError."""
        return self._require()

    @property
    def user(self) -> Account:
        """Whose session it is; raises NotSignedInError."""
        return self._require().user

    @property
    def renew_at(self) -> datetime:
        """When the access token should be renewed; raises NotSignedInError."""
        held = self._require()
        return held.expires_at - _ahead(held)

    def begin(self, answer: SignedIn) -> None:
        """Hold what sign-up or log-in answered; without tokens (an address to be verified first) hold nothing."""
        if answer.tokens is not None:
            self._keep(answer.user, answer.tokens)

    def end(self) -> None:
        """Forget the tokens."""
        self._held = None
        self._store.clear()

    async def access_token(self) -> str:
        """Return a token that is good for a while; renews it when it ends soon."""
        held = self._require()
        if self._now() < self.renew_at:
            return held.tokens.access_token
        return await self.renew(held.tokens.access_token)

    async def renew(self, stale: str) -> str:
        """Return an access token other than `stale`; whoever comes while it is renewed gets the same new one.

        Another process may have renewed it already: the store is read first, as a refresh token counts only once.

        Raises:
            SessionEndedError: the refresh token is no longer accepted.
            UnreachableError: no answer came; the tokens are kept.
        """
        async with self._renewing:
            held = self._store.load() or self._require()
            if held.tokens.access_token == stale:
                held = self._keep(held.user, await self._refresh(held))
            self._held = held
            return held.tokens.access_token

    async def _refresh(self, held: HeldTokens) -> Tokens:
        body = RefreshRequest.model_validate({"refresh_token": held.tokens.refresh_token})
        try:
            response = await self._transport.exchange("POST", "/auth/refresh", body=body)
        except ProblemError as error:
            if error.problem.status != 401:
                raise
            self.end()
            raise SessionEndedError("the session has ended; log in again") from error
        return decode(response, Refreshed).tokens

    def _keep(self, user: Account, tokens: Tokens) -> HeldTokens:
        held = HeldTokens(user=user, tokens=tokens, expires_at=self._now() + timedelta(seconds=tokens.expires_in))
        self._store.save(held)
        self._held = held
        return held

    def _require(self) -> HeldTokens:
        if self._held is None:
            raise NotSignedInError("nobody is signed in here; log in first")
        return self._held


def _ahead(held: HeldTokens) -> timedelta:
    """How long before its end a token is renewed: the last minute, or the last fifth of a shorter life."""
    return min(RENEW_AHEAD, timedelta(seconds=held.tokens.expires_in) / 5)
