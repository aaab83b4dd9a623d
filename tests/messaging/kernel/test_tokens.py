"""A token is accepted only when everything about it is right."""

import base64
import hmac
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet
from messaging.kernel.errors import ProblemError
from messaging.kernel.revocations import RevocationList
from messaging.kernel.tokens import CallerVerifier, StaticKeys, TokenVerifier
from messaging_wire.auth import Revocation

from tests.support.clock import SetClock

ISSUER = "http://localhost:5000"
KEY = ECKey.generate_key("P-256", {"kid": "one", "alg": "ES256", "use": "sig"})
OTHER_KEY = ECKey.generate_key("P-256", {"kid": "one", "alg": "ES256", "use": "sig"})

Edit = Callable[[dict[str, Any], dict[str, Any]], None]


@pytest.fixture
def revocations(clock: SetClock) -> RevocationList:
    return RevocationList(clock)


@pytest.fixture
def verifier(clock: SetClock, revocations: RevocationList) -> CallerVerifier:
    public = KeySet([ECKey.import_key(KEY.as_dict(private=False))])
    return CallerVerifier(TokenVerifier(issuer=ISSUER, keys=StaticKeys(public), clock=clock), revocations)


def mint(clock: SetClock, edit: Edit | None = None, *, key: ECKey = KEY) -> str:
    now = int(clock.now().timestamp())
    header: dict[str, Any] = {"alg": "ES256", "kid": "one", "typ": "at+jwt"}
    claims: dict[str, Any] = {
        "iss": ISSUER,
        "aud": "messaging",
        "sub": str(uuid4()),
        "sid": str(uuid4()),
        "username": "ada",
        "roles": [],
        "iat": now,
        "exp": now + 600,
    }
    if edit is not None:
        edit(header, claims)
    return jwt.encode(header, claims, key)


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def test_a_good_token_names_its_caller(verifier: CallerVerifier, clock: SetClock) -> None:
    caller = verifier.caller(mint(clock))

    assert caller.username == "ada"
    assert caller.expires_at - caller.issued_at == timedelta(minutes=10)


@pytest.mark.parametrize(
    "edit",
    [
        pytest.param(lambda _, c: c.pop("exp"), id="no expiry"),
        pytest.param(lambda _, c: c.update(exp=c["iat"] - 60), id="expired a minute ago"),
        pytest.param(lambda _, c: c.update(exp="never"), id="expiry is no number"),
        pytest.param(lambda _, c: c.update(iat=c["iat"] + 3600), id="from the future"),
        pytest.param(lambda _, c: c.update(iss="http://elsewhere.example"), id="other issuer"),
        pytest.param(lambda _, c: c.update(aud="messaging-export"), id="other audience"),
        pytest.param(lambda _, c: c.pop("aud"), id="no audience"),
        pytest.param(lambda h, _: h.update(typ="JWT"), id="other type"),
        pytest.param(lambda h, _: h.pop("typ"), id="no type"),
        pytest.param(lambda _, c: c.pop("sid"), id="no session"),
        pytest.param(lambda _, c: c.update(sub="somebody"), id="subject is no id"),
    ],
)
def test_a_token_with_a_fault_is_refused(verifier: CallerVerifier, clock: SetClock, edit: Edit) -> None:
    with pytest.raises(ProblemError) as caught:
        verifier.caller(mint(clock, edit))

    assert caught.value.problem.name == "invalid-token"


def test_a_signature_of_another_key_is_refused(verifier: CallerVerifier, clock: SetClock) -> None:
    with pytest.raises(ProblemError):
        verifier.caller(mint(clock, key=OTHER_KEY))


def test_the_public_key_is_no_shared_secret(verifier: CallerVerifier, clock: SetClock) -> None:
    header, payload, _ = mint(clock, lambda h, _: h.update(alg="ES256")).split(".")
    forged = _base64(b'{"alg":"HS256","kid":"one","typ":"at+jwt"}')
    signed = f"{forged}.{payload}"
    digest = hmac.new(KEY.as_pem(private=False), signed.encode(), "sha256").digest()
    assert header != forged

    with pytest.raises(ProblemError):
        verifier.caller(f"{signed}.{_base64(digest)}")


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "eyJhbGciOiJub25lIn0.e30.", "\ud800"])
def test_what_is_no_token_is_refused(verifier: CallerVerifier, token: str) -> None:
    with pytest.raises(ProblemError):
        verifier.caller(token)


def test_an_ended_session_is_refused_and_another_of_the_person_is_not(
    verifier: CallerVerifier, revocations: RevocationList, clock: SetClock
) -> None:
    token, other = mint(clock), mint(clock)
    caller = verifier.caller(token)

    revocations.add(
        [
            Revocation(
                position=1,
                user_id=caller.user_id,
                session_id=str(caller.session_id),
                not_before=clock.now(),
                expires_at=clock.now() + timedelta(minutes=11),
            )
        ],
        1,
    )

    with pytest.raises(ProblemError):
        verifier.caller(token)
    assert verifier.caller(other).username == "ada"


def test_tokens_made_after_a_person_was_signed_out_everywhere_are_good(
    verifier: CallerVerifier, revocations: RevocationList, clock: SetClock
) -> None:
    user = str(uuid4())
    before = mint(clock, lambda _, c: c.update(sub=user))
    entry = {"user_id": user, "not_before": clock.now(), "expires_at": clock.now() + timedelta(minutes=11)}
    revocations.add([Revocation.model_validate({"position": 1, **entry})], 1)
    clock.advance(timedelta(seconds=1))
    after = mint(clock, lambda _, c: c.update(sub=user))

    with pytest.raises(ProblemError):
        verifier.caller(before)
    assert str(verifier.caller(after).user_id) == user


def test_a_token_that_was_accepted_before_is_refused_once_anything_about_it_has_ended(
    clock: SetClock, revocations: RevocationList
) -> None:
    def public(key: ECKey) -> KeySet:
        return KeySet([ECKey.import_key(key.as_dict(private=False))])

    keys = StaticKeys(public(KEY))
    verifier = CallerVerifier(TokenVerifier(issuer=ISSUER, keys=keys, clock=clock), revocations)
    token, revoked = mint(clock), mint(clock)
    verifier.caller(token)
    session = verifier.caller(revoked)

    revocations.add(
        [
            Revocation(
                position=1,
                user_id=session.user_id,
                session_id=str(session.session_id),
                not_before=clock.now(),
                expires_at=clock.now() + timedelta(minutes=11),
            )
        ],
        1,
    )
    with pytest.raises(ProblemError):
        verifier.caller(revoked)

    keys.current = public(OTHER_KEY)
    with pytest.raises(ProblemError):
        verifier.caller(token)

    keys.current = public(KEY)
    verifier.caller(token)
    clock.advance(timedelta(minutes=11))
    with pytest.raises(ProblemError):
        verifier.caller(token)
