"""Access tokens of an issuer of the tests' own, and what a service needs to trust them."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from joserfc import jwt
from joserfc.jwk import ECKey, KeySet
from messaging.kernel.clock import Clock, SystemClock
from messaging.kernel.revocations import RevocationList
from messaging.kernel.tokens import CallerVerifier, StaticKeys, TokenVerifier
from messaging_wire.ids import UserId

ISSUER = "http://localhost:5000"


@dataclass(frozen=True)
class Person:
    """Somebody with a session and a good token."""

    id: UserId
    session_id: UUID
    username: str
    token: str

    @property
    def headers(self) -> dict[str, str]:
        """What a request of theirs carries."""
        return {"Authorization": f"Bearer {self.token}"}

    @property
    def auth(self) -> dict[str, str]:
        """What a socket of theirs says at CONNECT."""
        return {"token": self.token}


@dataclass
class Issuer:
    """Signs tokens with a key of its own."""

    clock: Clock = field(default_factory=SystemClock)
    key: ECKey = field(
        default_factory=lambda: ECKey.generate_key("P-256", {"kid": "test", "alg": "ES256", "use": "sig"})
    )

    @property
    def public(self) -> KeySet:
        """The key that checks them."""
        return KeySet([ECKey.import_key(self.key.as_dict(private=False))])

    def verifier(self, revocations: RevocationList | None = None) -> CallerVerifier:
        """What checks them in a service."""
        tokens = TokenVerifier(issuer=ISSUER, keys=StaticKeys(self.public), clock=self.clock)
        return CallerVerifier(tokens, revocations or RevocationList(self.clock))

    def person(self, username: str, *, lifetime: timedelta = timedelta(minutes=10)) -> Person:
        """Make somebody new."""
        return self.again(
            Person(id=UserId(uuid4()), session_id=uuid4(), username=username, token=""), lifetime=lifetime
        )

    def again(self, person: Person, *, lifetime: timedelta = timedelta(minutes=10)) -> Person:
        """The same person and session with a new token."""
        token = self.sign(
            {"sub": str(person.id), "sid": str(person.session_id), "username": person.username, "roles": []},
            lifetime=lifetime,
        )
        return Person(id=person.id, session_id=person.session_id, username=person.username, token=token)

    def sign(
        self,
        claims: dict[str, Any],
        *,
        lifetime: timedelta = timedelta(minutes=10),
        token_type: str = "at+jwt",
        audience: str = "messaging",
    ) -> str:
        """Sign any claims; issuer, audience and times are added."""
        now = datetime.now(UTC) if isinstance(self.clock, SystemClock) else self.clock.now()
        header = {"alg": "ES256", "kid": "test", "typ": token_type}
        times = {"iat": int(now.timestamp()), "exp": int((now + lifetime).timestamp())}
        return jwt.encode(header, {"iss": ISSUER, "aud": audience, "jti": str(uuid4()), **times, **claims}, self.key)
