"""A web page of a configured origin may use the gateway; others may not."""

from __future__ import annotations

import aiohttp

from tests.gateway.conftest import ORIGIN, StartGateway
from tests.support.envoy import Gateway

PREFLIGHT = {"access-control-request-method": "POST", "access-control-request-headers": "authorization"}


async def test_a_preflight_needs_no_token(gateway: Gateway, http: aiohttp.ClientSession) -> None:
    async with http.options(gateway.at("/message"), headers={"origin": ORIGIN, **PREFLIGHT}) as answer:
        assert answer.status == 200
        assert answer.headers["access-control-allow-origin"] == ORIGIN
        assert "POST" in answer.headers["access-control-allow-methods"]
        assert "authorization" in answer.headers["access-control-allow-headers"]
        assert answer.headers["access-control-max-age"] == "600"


async def test_an_answer_and_a_refusal_can_be_read_by_the_page(
    gateway: Gateway, http: aiohttp.ClientSession, bearer: dict[str, str]
) -> None:
    for headers, status in ((bearer, 200), ({}, 401)):
        async with http.get(gateway.at("/user/me"), headers={"origin": ORIGIN, **headers}) as answer:
            assert answer.status == status
            assert answer.headers["access-control-allow-origin"] == ORIGIN
            assert answer.headers["access-control-allow-credentials"] == "true"
            assert "x-request-id" in answer.headers["access-control-expose-headers"]
            assert status == 401 or answer.headers["vary"] == "Origin"


async def test_another_origin_gets_no_permission(
    gateway: Gateway, http: aiohttp.ClientSession, bearer: dict[str, str]
) -> None:
    for origin in ("http://evil.test", ORIGIN + ".evil.test", "null"):
        async with http.options(gateway.at("/message"), headers={"origin": origin, **PREFLIGHT}) as answer:
            assert answer.status == 405
            assert "access-control-allow-origin" not in answer.headers
        async with http.get(gateway.at("/user/me"), headers={"origin": origin, **bearer}) as answer:
            assert "access-control-allow-origin" not in answer.headers


async def test_without_origins_there_is_no_cors(start_gateway: StartGateway, http: aiohttp.ClientSession) -> None:
    gateway = await start_gateway(cors_origins=())
    async with http.options(gateway.at("/message"), headers={"origin": ORIGIN, **PREFLIGHT}) as answer:
        assert answer.status == 405


async def test_the_star_allows_all_pages_but_no_cookies(
    start_gateway: StartGateway, http: aiohttp.ClientSession
) -> None:
    gateway = await start_gateway(cors_origins=("*",))
    async with http.get(gateway.at("/auth/config"), headers={"origin": "http://any.test"}) as answer:
        assert answer.headers["access-control-allow-origin"] in {"*", "http://any.test"}
        assert "access-control-allow-credentials" not in answer.headers
