"""Access tokens: what a valid one says, and how every service checks it itself (RFC 9068 `at+jwt`, RFC 8725).

One allow-listed algorithm (ES256), issuer, audience, type and expiry, then the revocation list. Keys come from a
`KeySource`: auth's own, or its JWKS followed over HTTP (`peers.py`).
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Protocol
from uuid import UUID

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from messaging_wire import problems
from messaging_wire.ids import SessionId, UserId

from messaging.kernel.clock import Clock
from messaging.kernel.errors import ProblemError
from messaging.kernel.revocations import RevocationList

ALGORITHM: Final = "ES256"
AUDIENCE: Final = "messaging"
ACCESS_TYPE: Final = "at+jwt"
SKEW: Final = timedelta(seconds=5)
MAX_KNOWN = 20_000
"""How many good signatures are remembered; a check costs more than all else that a small request does."""
LIFETIME: Final = timedelta(minutes=10)


@dataclass(frozen=True)
class Caller:
    """Who asks: the person and session of a valid access token, and when it ends."""

    user_id: UserId
    session_id: SessionId
    username: str
    roles: frozenset[str]
    issued_at: datetime
    expires_at: datetime


class KeySource(Protocol):
    """Where public keys come from."""

    def keys(self) -> KeySet | None:
        """The keys known now; None before the first load."""
        ...

    def refresh_soon(self) -> None:
        """An unknown `kid` was met: ask for newer keys, bounded in rate."""
        ...


class StaticKeys:
    """Keys that are at hand, as auth's own are."""

    def __init__(self, keys: KeySet | None = None) -> None:
        self.current = keys

    def keys(self) -> KeySet | None:
        """The keys as last set."""
        return self.current

    def refresh_soon(self) -> None:
        """Do nothing: who sets them knows best."""


def invalid_token(detail: str) -> ProblemError:
    """The one answer to a token that cannot be accepted."""
    return ProblemError(problems.INVALID_TOKEN, detail)


class TokenVerifier:
    """Checks tokens of one type and audience; the access token's by default."""

    def __init__(
        self,
        *,
        issuer: str,
        keys: KeySource,
        clock: Clock,
        audience: str = AUDIENCE,
        token_type: str = ACCESS_TYPE,
    ) -> None:
        self._issuer = issuer
        self._keys = keys
        self._clock = clock
        self._audience = audience
        self._type = token_type
        self._known: dict[bytes, Mapping[str, Any]] = {}
        self._known_under: KeySet | None = None

    def claims(self, token: str, *, remember: bool = True) -> Mapping[str, Any]:
        """Return the claims of a valid token; `remember` where it is likely to come again soon.

        Raises:
            ProblemError: 401, whatever is wrong with it; 503 while no keys are known.
        """
        keys = self._keys.keys()
        if keys is None:
            raise ProblemError(problems.UNAVAILABLE, "signing keys are not known yet", retry_after=timedelta(seconds=2))
        claims = self._signed(token, keys, remember)
        self._check(claims)
        return claims

    def _signed(self, token: str, keys: KeySet, remember: bool) -> Mapping[str, Any]:
        """The claims of a token whose signature is good; one that was seen under the same keys is known by its hash.

        Times, revocation and all else are checked at each use. New keys make all that is known forgotten.
        """
        if keys is not self._known_under:
            self._known.clear()
            self._known_under = keys
        digest = hashlib.sha256(token.encode(errors="surrogatepass")).digest()
        known = self._known.get(digest)
        if known is not None:
            return known
        try:
            decoded = jwt.decode(token, keys, algorithms=[ALGORITHM])
        except (JoseError, ValueError, TypeError):
            self._keys.refresh_soon()
            raise invalid_token("the token cannot be read or its signature is wrong") from None
        if decoded.header.get("typ") != self._type:
            raise invalid_token("the token is of another kind")
        if remember:
            if len(self._known) >= MAX_KNOWN:
                self._known.clear()
            self._known[digest] = decoded.claims
        return decoded.claims

    def _check(self, claims: Mapping[str, Any]) -> None:
        now = self._clock.now().timestamp()
        expiry, issued = claims.get("exp"), claims.get("iat")
        if not isinstance(expiry, int) or not isinstance(issued, int):
            raise invalid_token("the token has no times")
        if now >= expiry + SKEW.total_seconds():
            raise invalid_token("the token has expired")
        if issued > now + SKEW.total_seconds():
            raise invalid_token("the token is from the future")
        if claims.get("iss") != self._issuer:
            raise invalid_token("the token is from another issuer")
        audience = claims.get("aud")
        if audience != self._audience and not (isinstance(audience, list) and self._audience in audience):
            raise invalid_token("the token is for another audience")


class CallerVerifier:
    """Turns an access token into a `Caller`, unless it was revoked."""

    def __init__(self, verifier: TokenVerifier, revocations: RevocationList) -> None:
        self._verifier = verifier
        self._revocations = revocations

    def caller(self, token: str, *, remember: bool = True) -> Caller:
        """Return who presents `token`; `remember` as `TokenVerifier.claims`.

        Raises:
            ProblemError: 401 `invalid-token`.
        """
        claims = self._verifier.claims(token, remember=remember)
        try:
            caller = Caller(
                user_id=UserId(UUID(claims["sub"])),
                session_id=SessionId(UUID(claims["sid"])),
                username=str(claims["username"]),
                roles=frozenset(claims.get("roles", ())),
                issued_at=datetime.fromtimestamp(claims["iat"], UTC),
                expires_at=datetime.fromtimestamp(claims["exp"], UTC),
            )
        except (KeyError, ValueError, TypeError, AttributeError):
            raise invalid_token("the token lacks claims") from None
        if self._revocations.is_revoked(caller.user_id, caller.session_id, caller.issued_at):
            raise invalid_token("the session has ended")
        return caller
