"""The gateway lets nobody pass whose access token is not good now, and says so in one form."""

from __future__ import annotations

import time

import aiohttp
import pytest
from messaging_operator.gateway import Upstream

from tests.gateway.asking import assert_problem, eventually, status
from tests.gateway.conftest import StartGateway
from tests.gateway.tokens import Signer
from tests.gateway.upstreams import EchoService, running
from tests.support.container import free_port
from tests.support.envoy import Gateway

PROTECTED = ["/user/me", "/message", "/conversation/1/messages", "/notification", "/dataexport/1", "/dataexport"]
OPEN = ["/auth/config", "/auth/.well-known/jwks.json", "/docs", "/openapi.json", "/healthz"]


async def get(http: aiohttp.ClientSession, gateway: Gateway, token: str, path: str = "/user/me") -> int:
    async with http.get(gateway.at(path), headers={"authorization": f"Bearer {token}"}) as answer:
        if answer.status == 401:
            await assert_problem(answer, 401, "invalid-token")
        return answer.status


@pytest.mark.parametrize("path", PROTECTED)
async def test_without_a_token_nobody_passes(path: str, gateway: Gateway, http: aiohttp.ClientSession) -> None:
    async with http.get(gateway.at(path)) as answer:
        await assert_problem(answer, 401, "invalid-token")
        assert "error=" not in answer.headers["www-authenticate"]


@pytest.mark.parametrize("path", OPEN)
async def test_open_paths_need_none(path: str, gateway: Gateway, http: aiohttp.ClientSession) -> None:
    async with http.get(gateway.at(path)) as answer:
        assert answer.status == 200


async def test_a_good_token_passes_and_reaches_the_service(
    gateway: Gateway, http: aiohttp.ClientSession, signer: Signer
) -> None:
    token = signer.token()
    async with http.get(gateway.at("/user/me"), headers={"authorization": f"Bearer {token}"}) as answer:
        seen = await answer.json()
    assert ["authorization", f"Bearer {token}"] in seen["headers"]


async def test_an_open_path_passes_a_bad_token_on_to_its_service(
    gateway: Gateway, http: aiohttp.ClientSession, signer: Signer
) -> None:
    assert await get(http, gateway, signer.token(lifetime_s=-60), "/auth/logout") == 200


async def test_expiry_is_required_and_near(gateway: Gateway, http: aiohttp.ClientSession, signer: Signer) -> None:
    assert await get(http, gateway, signer.token(lifetime_s=None)) == 401
    assert await get(http, gateway, signer.token(lifetime_s=-60)) == 401
    assert await get(http, gateway, signer.token(lifetime_s=365 * 24 * 3600)) == 401
    assert await get(http, gateway, signer.token(lifetime_s=3600)) == 401


async def test_a_few_seconds_of_clock_skew_are_forgiven(
    gateway: Gateway, http: aiohttp.ClientSession, signer: Signer
) -> None:
    assert await get(http, gateway, signer.token(lifetime_s=-2)) == 200
    assert await get(http, gateway, signer.token(lifetime_s=-10)) == 401


async def test_a_token_of_the_future_is_refused(gateway: Gateway, http: aiohttp.ClientSession, signer: Signer) -> None:
    assert await get(http, gateway, signer.token(nbf=int(time.time()) + 60)) == 401


@pytest.mark.parametrize("audience", ["messaging-export", "other", ["messaging-export"], ""])
async def test_another_audience_is_refused(
    audience: object, gateway: Gateway, http: aiohttp.ClientSession, signer: Signer
) -> None:
    assert await get(http, gateway, signer.token(aud=audience)) == 401


async def test_another_issuer_is_refused(gateway: Gateway, http: aiohttp.ClientSession, signer: Signer) -> None:
    assert await get(http, gateway, signer.token(iss="http://elsewhere.test")) == 401


async def test_a_forged_signature_is_refused(gateway: Gateway, http: aiohttp.ClientSession, signer: Signer) -> None:
    stranger = Signer(signer.issuer, kid="key-1")
    assert await get(http, gateway, stranger.token()) == 401
    assert await get(http, gateway, signer.token_signed_with_public_key()) == 401
    assert await get(http, gateway, signer.unsigned_token()) == 401
    assert await get(http, gateway, "not-a-token") == 401


@pytest.mark.parametrize("name", ["access_token", "token", "jwt"])
async def test_a_token_in_the_address_does_not_count(
    name: str, gateway: Gateway, http: aiohttp.ClientSession, signer: Signer
) -> None:
    async with http.get(gateway.at(f"/user/me?{name}={signer.token()}")) as answer:
        await assert_problem(answer, 401, "invalid-token")


async def test_a_token_in_a_cookie_does_not_count(
    gateway: Gateway, http: aiohttp.ClientSession, signer: Signer
) -> None:
    async with http.get(gateway.at("/user/me"), headers={"cookie": f"access_token={signer.token()}"}) as answer:
        await assert_problem(answer, 401, "invalid-token")


async def test_keys_are_taken_when_auth_comes_late_and_kept_when_it_goes(
    start_gateway: StartGateway, http: aiohttp.ClientSession, signer: Signer
) -> None:
    # Given a gateway that started before auth
    auth = EchoService("auth", "127.0.0.1", signer)
    port = free_port()
    gateway = await start_gateway(auth=Upstream("127.0.0.1", port))
    bearer = {"authorization": f"Bearer {signer.token()}"}

    # Then it answers, but that it cannot check tokens yet
    async with http.get(gateway.at("/user/me"), headers=bearer) as answer:
        await assert_problem(answer, 503, "unavailable")

    # When auth is up, it can within a few seconds
    async with running(auth, port):
        await eventually(lambda: status(http, gateway, "/user/me", bearer), 200, within_s=5)

    # And still can when auth is gone
    assert await status(http, gateway, "/user/me", bearer) == 200
