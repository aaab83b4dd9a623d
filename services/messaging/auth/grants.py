"""Grants: what an export holds instead of the caller's short-lived token (token exchange, RFC 8693).

A grant may do less than the token that it is made from: read one conversation for one export. Log-out does not end
it, disabling or deleting the account does, at the next renewal; a chain of renewals ends after a day.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from messaging_wire.auth import ACCESS_TOKEN_TYPE, Grant, GrantRequest

from messaging.auth import store
from messaging.auth.tables import Account
from messaging.auth.tokens import GRANT_LIFETIME, TokenIssuer
from messaging.kernel.clock import Clock
from messaging.kernel.database import Database
from messaging.kernel.tokens import CallerVerifier, TokenVerifier, invalid_token

MAX_CHAIN = timedelta(hours=24)


class Grants:
    """Exchanges a caller's access token for a grant, and renews grants."""

    def __init__(
        self, database: Database, *, issuer: TokenIssuer, callers: CallerVerifier, grants: TokenVerifier, clock: Clock
    ) -> None:
        self._database = database
        self._issuer = issuer
        self._callers = callers
        self._grants = grants
        self._clock = clock

    async def exchange(self, request: GrantRequest) -> Grant:
        """Give a grant.

        Raises:
            ProblemError: 401, the token presented is not valid, or its account lives no more.
        """
        token, now = request.subject_token.get_secret_value(), self._clock.now()
        if request.subject_token_type == ACCESS_TOKEN_TYPE:
            user_id, began_at = UUID(str(self._callers.caller(token).user_id)), now
        else:
            claims = self._grants.claims(token)
            user_id, began_at = _same_binding(claims, request), datetime.fromtimestamp(claims["began_at"], UTC)
        if now - began_at > MAX_CHAIN:
            raise invalid_token("the grant has been renewed for too long")
        account = await self._living_account(user_id)
        grant = self._issuer.export_grant(
            account,
            conversation_id=request.conversation_id,
            export_id=request.export_id,
            now=now,
            began_at=began_at,
        )
        return Grant(access_token=grant, expires_in=int(GRANT_LIFETIME.total_seconds()))

    async def _living_account(self, user_id: UUID) -> Account:
        async with self._database.reading() as session:
            account = await store.account_by_id(session, user_id)
        if account is None or account.disabled_at is not None:
            raise invalid_token("the account lives no more")
        return account


def _same_binding(claims: Mapping[str, Any], request: GrantRequest) -> UUID:
    bound = (claims.get("conversation_id"), claims.get("export_id"))
    if bound != (str(request.conversation_id), str(request.export_id)):
        raise invalid_token("the grant is for something else")
    return UUID(str(claims["sub"]))
