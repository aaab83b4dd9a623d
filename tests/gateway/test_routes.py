"""Paths of the public contract reach their service, with their methods and no others."""

from __future__ import annotations

import aiohttp
import pytest

from tests.gateway.asking import assert_problem
from tests.support.envoy import Gateway

WRITERS = ("GET", "POST", "PUT", "DELETE")
PREFIXES = {
    "auth": ("auth", ("GET", "POST", "DELETE")),
    "user": ("user", WRITERS),
    "message": ("message", WRITERS),
    "conversation": ("message", WRITERS),
    "notification": ("notification", WRITERS),
    "dataexport": ("export", ("GET", "POST")),
}


@pytest.mark.parametrize("prefix", PREFIXES)
@pytest.mark.parametrize("rest", ["", "/", "/a/b%20c?x=1&y=%2F"])
async def test_a_prefix_leads_to_its_service_below_api(
    prefix: str, rest: str, gateway: Gateway, http: aiohttp.ClientSession, bearer: dict[str, str]
) -> None:
    service, methods = PREFIXES[prefix]
    for method in methods:
        async with http.request(method, gateway.at(f"/{prefix}{rest}"), headers=bearer) as answer:
            seen = await answer.json()
        assert (answer.status, seen["service"], seen["method"]) == (200, service, method)
        assert seen["path"] == f"/api/{prefix}{rest}"


@pytest.mark.parametrize("prefix", PREFIXES)
async def test_another_method_is_refused_with_the_allowed_ones(
    prefix: str, gateway: Gateway, http: aiohttp.ClientSession
) -> None:
    _, methods = PREFIXES[prefix]
    for method in {"PATCH", "OPTIONS", "TRACE", "PUT", "DELETE"} - set(methods):
        async with http.request(method, gateway.at(f"/{prefix}/x")) as answer:
            await assert_problem(answer, 405, "method-not-allowed")
            assert answer.headers["allow"] == ", ".join(methods)


@pytest.mark.parametrize("path", ["/", "/messages", "/authx", "/api/auth/config", "/internal/jwks", "/metrics"])
async def test_an_unknown_path_is_not_found(path: str, gateway: Gateway, http: aiohttp.ClientSession) -> None:
    async with http.get(gateway.at(path)) as answer:
        await assert_problem(answer, 404, "not-found")


@pytest.mark.parametrize("path", ["/openapi.json", "/docs", "/docs/", "/docs/app.js"])
async def test_the_documents_come_from_auth_without_a_token(
    path: str, gateway: Gateway, http: aiohttp.ClientSession
) -> None:
    async with http.get(gateway.at(path)) as answer:
        seen = await answer.json()
    assert (seen["service"], seen["path"]) == ("auth", path)


async def test_the_gateway_says_that_it_is_well(gateway: Gateway, http: aiohttp.ClientSession) -> None:
    async with http.get(gateway.at("/healthz")) as answer:
        assert answer.status == 200
        assert answer.content_type == "application/json"
        assert await answer.json() == {"status": "ok"}


@pytest.mark.parametrize("path", ["/user/../auth/config", "//auth//config", "/auth/./config"])
async def test_a_path_has_one_spelling(path: str, gateway: Gateway, http: aiohttp.ClientSession) -> None:
    async with http.get(gateway.at(path)) as answer:
        seen = await answer.json()
    assert (seen["service"], seen["path"]) == ("auth", "/api/auth/config")


async def test_an_escaped_slash_is_refused(gateway: Gateway, http: aiohttp.ClientSession) -> None:
    async with http.get(gateway.at("/auth%2Fconfig")) as answer:
        await assert_problem(answer, 400, "bad-request")
