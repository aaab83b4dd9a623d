"""Grants: an export's own token, which can do less than the one that it is exchanged for."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
from joserfc import jwt
from joserfc.jwk import KeySet
from messaging.auth.tables import Account

from tests.messaging.auth.conftest import Auth, Json, bearer, problem

GRANT = "urn:ietf:params:oauth:token-type:jwt"


def binding() -> Json:
    """What a grant is for."""
    return {"conversation_id": str(uuid4()), "export_id": str(uuid4())}


async def exchange(auth: Auth, token: str, bound: Json, **changed: Any) -> httpx.Response:
    """Ask for a grant."""
    return await auth.service.admin.post("/internal/token", json={"subject_token": token} | bound | changed)


async def claims_of(auth: Auth, grant: str) -> tuple[Json, Json]:
    """Header and claims of a token that auth has signed."""
    keys = KeySet.import_key_set((await auth.service.admin.get("/internal/jwks")).json())
    decoded = jwt.decode(grant, keys, algorithms=["ES256"])
    return dict(decoded.header), dict(decoded.claims)


async def test_an_access_token_is_exchanged_for_a_grant_of_an_hour_for_one_export(auth: Auth) -> None:
    made, bound = await auth.sign_up(), binding()
    answer = await exchange(auth, made["tokens"]["access_token"], bound)
    assert answer.status_code == 200
    assert answer.json()["expires_in"] == 3600
    header, claims = await claims_of(auth, answer.json()["access_token"])
    assert header["typ"] == "grant+jwt"
    assert (claims["sub"], claims["aud"], claims["scope"]) == (made["user"]["id"], "messaging-export", "export")
    assert {name: claims[name] for name in bound} == bound
    assert claims["exp"] - claims["iat"] == 3600
    assert "sid" not in claims


async def test_a_grant_is_no_access_token(auth: Auth) -> None:
    made = await auth.sign_up()
    grant = (await exchange(auth, made["tokens"]["access_token"], binding())).json()["access_token"]
    answer = await auth.get("/sessions", grant)
    assert (answer.status_code, problem(answer)) == (401, "invalid-token")
    assert (await exchange(auth, grant, binding())).status_code == 401


async def test_a_refresh_token_buys_no_grant(auth: Auth) -> None:
    made = await auth.sign_up()
    assert (await exchange(auth, made["tokens"]["refresh_token"], binding())).status_code == 401


async def test_logout_does_not_end_a_grant_and_it_can_be_renewed_for_a_day(auth: Auth) -> None:
    made, bound = await auth.sign_up(), binding()
    grant = (await exchange(auth, made["tokens"]["access_token"], bound)).json()["access_token"]
    assert (await auth.post("/logout", headers=bearer(made["tokens"]["access_token"]))).status_code == 204
    began = auth.clock.now()
    while auth.clock.now() - began < timedelta(hours=23, minutes=30):
        auth.clock.advance(timedelta(minutes=50))
        answer = await exchange(auth, grant, bound, subject_token_type=GRANT)
        assert answer.status_code == (200 if auth.clock.now() - began <= timedelta(hours=24) else 401)
        grant = answer.json().get("access_token", grant)
    auth.clock.advance(timedelta(minutes=50))
    assert (await exchange(auth, grant, bound, subject_token_type=GRANT)).status_code == 401


async def test_an_expired_grant_is_not_renewed(auth: Auth) -> None:
    made, bound = await auth.sign_up(), binding()
    grant = (await exchange(auth, made["tokens"]["access_token"], bound)).json()["access_token"]
    auth.clock.advance(timedelta(hours=1, seconds=5))
    assert (await exchange(auth, grant, bound, subject_token_type=GRANT)).status_code == 401


async def test_a_renewed_grant_keeps_what_it_is_for(auth: Auth) -> None:
    made, bound = await auth.sign_up(), binding()
    grant = (await exchange(auth, made["tokens"]["access_token"], bound)).json()["access_token"]
    for changed in (binding(), bound | {"export_id": str(uuid4())}, bound | {"conversation_id": str(uuid4())}):
        assert (await exchange(auth, grant, changed, subject_token_type=GRANT)).status_code == 401


async def test_a_disabled_account_gets_nothing_any_more(auth: Auth) -> None:
    made, bound = await auth.sign_up(), binding()
    grant = (await exchange(auth, made["tokens"]["access_token"], bound)).json()["access_token"]
    async with auth.service.host.runtime.database.writing() as session:
        account = await session.get_one(Account, UUID(made["user"]["id"]))
        account.disabled_at = auth.clock.now()
    assert (await exchange(auth, grant, bound, subject_token_type=GRANT)).status_code == 401
    assert (await auth.refresh(made["tokens"]["refresh_token"])).status_code == 401
    answer = await auth.log_in(made["user"]["username"])
    assert (answer.status_code, problem(answer)) == (401, "invalid-credentials")


async def test_the_gateway_side_has_no_internal_routes(auth: Auth) -> None:
    for path in ("/internal/token", "/internal/revocations", "/internal/jwks", "/healthz/ready", "/metrics"):
        assert (await auth.service.public.get(path)).status_code == 404
