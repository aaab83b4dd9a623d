"""Tokens that auth gives out: signed access tokens and grants, and opaque refresh tokens.

A refresh token is 256 random bits; the database holds its SHA-256 only. The pair that follows it is kept for the
repeat window as ciphertext under a key derived from that very token: who repeats it can open it, a thief of the
database cannot.
"""

import hashlib
import secrets
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from messaging_wire.auth import Tokens

from messaging.auth.signing import Keyring
from messaging.auth.tables import Account
from messaging.kernel.ids import new_id
from messaging.kernel.keys import derive_key, seal, unseal
from messaging.kernel.tokens import ACCESS_TYPE, AUDIENCE, LIFETIME

GRANT_TYPE: Final = "grant+jwt"
GRANT_AUDIENCE: Final = "messaging-export"
GRANT_SCOPE: Final = "export"
GRANT_LIFETIME: Final = timedelta(hours=1)
_PURPOSE: Final = "auth/refresh-successor"


class TokenIssuer:
    """Writes tokens in the name of this platform."""

    def __init__(self, keyring: Keyring, issuer: str) -> None:
        self._keyring = keyring
        self._issuer = issuer

    def access_token(self, account: Account, session_id: UUID, now: datetime) -> str:
        """An access token (RFC 9068) of one session."""
        return self._keyring.sign(
            ACCESS_TYPE,
            {
                "iss": self._issuer,
                "aud": AUDIENCE,
                "sub": str(account.id),
                "sid": str(session_id),
                "username": account.username,
                "roles": account.roles,
                **_times(now, LIFETIME),
            },
        )

    def pair(self, account: Account, session_id: UUID, *, now: datetime, refresh_lifetime: timedelta) -> Tokens:
        """A new access token with a new refresh token."""
        return Tokens(
            access_token=self.access_token(account, session_id, now),
            expires_in=int(LIFETIME.total_seconds()),
            refresh_token=secrets.token_urlsafe(32),
            refresh_expires_in=int(refresh_lifetime.total_seconds()),
        )

    def export_grant(
        self, account: Account, *, conversation_id: UUID, export_id: UUID, now: datetime, began_at: datetime
    ) -> str:
        """A read-only token for one export of one person; `began_at` is when its first one was given."""
        return self._keyring.sign(
            GRANT_TYPE,
            {
                "iss": self._issuer,
                "aud": GRANT_AUDIENCE,
                "sub": str(account.id),
                "username": account.username,
                "scope": GRANT_SCOPE,
                "conversation_id": str(conversation_id),
                "export_id": str(export_id),
                "began_at": int(began_at.timestamp()),
                **_times(now, GRANT_LIFETIME),
            },
        )


def _times(now: datetime, lifetime: timedelta) -> dict[str, object]:
    issued = int(now.timestamp())
    return {"iat": issued, "exp": issued + int(lifetime.total_seconds()), "jti": str(new_id())}


def hash_token(refresh_token: str) -> bytes:
    """The form of a refresh token that is stored: no salt, as it is 256 random bits."""
    return hashlib.sha256(refresh_token.encode()).digest()


def seal_successor(refresh_token: str, successor: Tokens) -> bytes:
    """Seal the pair that follows a token under that token."""
    return seal(derive_key(refresh_token, _PURPOSE), successor.model_dump_json().encode(), hash_token(refresh_token))


def open_successor(refresh_token: str, sealed: bytes) -> Tokens:
    """Open the pair that follows a token.

    Raises:
        SealBrokenError: it was sealed under another token.
    """
    opened = unseal(derive_key(refresh_token, _PURPOSE), sealed, hash_token(refresh_token))
    return Tokens.model_validate_json(opened)
