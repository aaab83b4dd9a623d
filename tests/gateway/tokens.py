"""Access tokens as the auth service makes them, and keys to make wrong ones with."""

from __future__ import annotations

import base64
import hmac
import json
import time
from typing import Any

from joserfc import jwt
from joserfc.jwk import ECKey

AUDIENCE = "messaging"
LIFETIME_S = 600


class Signer:
    """One ES256 key pair: its public half as a JWKS, and tokens signed by its private half."""

    def __init__(self, issuer: str, kid: str = "key-1") -> None:
        self.issuer = issuer
        self.key = ECKey.generate_key("P-256", {"kid": kid, "alg": "ES256", "use": "sig"})

    def jwks(self) -> dict[str, Any]:
        """The key set, as auth publishes it."""
        return {"keys": [self.key.as_dict(private=False)]}

    def token(self, *, lifetime_s: int | None = LIFETIME_S, **claims: Any) -> str:
        """A good access token, but for the claims that are given; `lifetime_s=None` leaves `exp` out."""
        header = {"alg": "ES256", "typ": "at+jwt", "kid": self.key.kid}
        return jwt.encode(header, self.claims(lifetime_s=lifetime_s, **claims), self.key)

    def claims(self, *, lifetime_s: int | None = LIFETIME_S, **claims: Any) -> dict[str, Any]:
        """The claims of such a token."""
        now = int(time.time())
        usual = {"iss": self.issuer, "aud": AUDIENCE, "sub": "person-1", "sid": "session-1", "iat": now, "jti": "t-1"}
        expiry = {} if lifetime_s is None else {"exp": now + lifetime_s}
        return {**usual, **expiry, **claims}

    def token_signed_with_public_key(self) -> str:
        """The classic confusion: HS256, with the published key's text as the secret."""
        signed = _part({"alg": "HS256", "typ": "at+jwt", "kid": self.key.kid}) + b"." + _part(self.claims())
        signature = hmac.digest(self.key.as_pem(private=False), signed, "sha256")
        return (signed + b"." + _base64(signature)).decode()

    def unsigned_token(self) -> str:
        """`alg: none`, with no signature at all."""
        return (_part({"alg": "none", "typ": "at+jwt"}) + b"." + _part(self.claims()) + b".").decode()


def _part(fields: dict[str, Any]) -> bytes:
    return _base64(json.dumps(fields).encode())


def _base64(data: bytes) -> bytes:
    return base64.urlsafe_b64encode(data).rstrip(b"=")
