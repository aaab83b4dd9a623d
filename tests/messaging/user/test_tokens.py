"""Which tokens open the door of a service: every pitfall of RFC 8725, asked of a real route."""

import asyncio
import base64
import hmac
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from joserfc.jwk import ECKey
from messaging_wire.auth import Revocation

from tests.messaging.user.conftest import Users
from tests.support.tokens import Issuer, Person

Forge = Callable[[Issuer, Person], str]


def claims(person: Person) -> dict[str, object]:
    """What a good token says."""
    return {"sub": str(person.id), "sid": str(person.session_id), "username": person.username, "roles": []}


def rewritten(token: str, header: dict[str, str], signature: bytes) -> str:
    """A token with another header and signature."""
    encoded = base64.urlsafe_b64encode(json.dumps(header).encode()).rstrip(b"=").decode()
    signed = base64.urlsafe_b64encode(signature).rstrip(b"=").decode()
    return f"{encoded}.{token.split('.')[1]}.{signed}"


def unsigned(_issuer: Issuer, person: Person) -> str:
    return rewritten(person.token, {"alg": "none", "typ": "at+jwt"}, b"")


def signed_with_the_public_key_as_secret(issuer: Issuer, person: Person) -> str:
    header = {"alg": "HS256", "typ": "at+jwt", "kid": "test"}
    head = rewritten(person.token, header, b"").rpartition(".")[0]
    public = issuer.key.as_pem(private=False)
    return rewritten(person.token, header, hmac.digest(public, head.encode(), "sha256"))


def signed_by_a_stranger(_issuer: Issuer, person: Person) -> str:
    stranger = Issuer(key=ECKey.generate_key("P-256", {"kid": "test", "alg": "ES256", "use": "sig"}))
    return stranger.again(person).token


def altered(_issuer: Issuer, person: Person) -> str:
    head, body, signature = person.token.split(".")
    return f"{head}.{body[:-2]}{'AA' if body[-2:] != 'AA' else 'BB'}.{signature}"


def expired(issuer: Issuer, person: Person) -> str:
    return issuer.sign(claims(person), lifetime=timedelta(seconds=-6))


def without_a_session(issuer: Issuer, person: Person) -> str:
    return issuer.sign({"sub": str(person.id), "username": person.username})


def for_another_audience(issuer: Issuer, person: Person) -> str:
    return issuer.sign(claims(person), audience="messaging-export")


def of_another_issuer(issuer: Issuer, person: Person) -> str:
    return issuer.sign(claims(person) | {"iss": "https://elsewhere.example"})


def of_the_type_of_grants(issuer: Issuer, person: Person) -> str:
    return issuer.sign(claims(person), token_type="grant+jwt")


def of_no_particular_type(issuer: Issuer, person: Person) -> str:
    return issuer.sign(claims(person), token_type="JWT")


def that_is_a_refresh_token(_issuer: Issuer, _person: Person) -> str:
    return base64.urlsafe_b64encode(b"r" * 32).decode()


FORGERIES = [
    unsigned,
    signed_with_the_public_key_as_secret,
    signed_by_a_stranger,
    altered,
    expired,
    without_a_session,
    for_another_audience,
    of_another_issuer,
    of_the_type_of_grants,
    of_no_particular_type,
    that_is_a_refresh_token,
]


@pytest.mark.parametrize("forge", FORGERIES, ids=lambda forge: forge.__name__)
async def test_a_token_is_refused_that_is(users: Users, forge: Forge) -> None:
    person = await users.known()
    token = forge(users.trust.issuer, person)
    answer = await users.service.public.get("/api/user/me", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 401
    assert answer.json()["type"] == "urn:messaging:problem:invalid-token"
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert token not in answer.text


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Basic YTpi"}, {"Authorization": "Bearer "}])
async def test_a_token_is_needed_in_the_header_alone(users: Users, headers: dict[str, str]) -> None:
    person = await users.known()
    answer = await users.service.public.get(f"/api/user/me?access_token={person.token}", headers=headers)
    assert answer.status_code == 401


BY_ASKING_S = 2.0
"""Services ask every half second: the rest is for a machine that does other things too."""


async def test_a_revoked_session_is_refused_soon_without_any_hint(users: Users) -> None:
    person = await users.known()
    other = users.trust.issuer.again(Person(id=person.id, session_id=uuid4(), username=person.username, token=""))
    now = datetime.now(UTC)
    users.trust.revocations.append(
        Revocation(
            position=len(users.trust.revocations) + 1,
            user_id=person.id,
            session_id=str(person.session_id),
            not_before=now,
            expires_at=now + timedelta(minutes=10),
        )
    )
    async with asyncio.timeout(BY_ASKING_S):
        while (await users.get("/me", person)).status_code != 401:
            await asyncio.sleep(0.02)
    assert (await users.get("/me", other)).status_code == 200
