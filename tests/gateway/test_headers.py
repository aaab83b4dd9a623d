"""Which headers pass the gateway, which it sets itself, and which nobody can forge."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

import aiohttp
import pytest

from tests.gateway.conftest import Services, StartGateway
from tests.support.envoy import Gateway


def values(seen: Mapping[str, Any], name: str) -> list[str]:
    return [value for key, value in seen["headers"] if key == name]


async def seen_by_auth(http: aiohttp.ClientSession, gateway: Gateway, headers: dict[str, str]) -> dict[str, Any]:
    async with http.get(gateway.at("/auth/config"), headers=headers) as answer:
        assert answer.status == 200
        seen: dict[str, Any] = await answer.json()
        return {**seen, "answer_headers": answer.headers}


@pytest.mark.parametrize(
    "name",
    [
        "x-user-id",
        "X-User-Roles",
        "x-user-",
        "forwarded",
        "x-forwarded-host",
        "x-real-ip",
        "x-envoy-original-path",
        "x-envoy-retry-on",
    ],
)
async def test_headers_of_the_inside_cannot_be_forged(name: str, gateway: Gateway, http: aiohttp.ClientSession) -> None:
    seen = await seen_by_auth(http, gateway, {name: "forged"})
    assert "forged" not in values(seen, name.lower())


async def test_a_header_with_underscores_is_dropped(gateway: Gateway, http: aiohttp.ClientSession) -> None:
    seen = await seen_by_auth(http, gateway, {"x_user_id": "forged"})
    assert values(seen, "x_user_id") == []


async def test_the_client_address_is_that_of_the_connection(gateway: Gateway, http: aiohttp.ClientSession) -> None:
    seen = await seen_by_auth(http, gateway, {"x-forwarded-for": "1.2.3.4, 5.6.7.8", "x-forwarded-proto": "https"})
    assert values(seen, "x-forwarded-for") == ["127.0.0.1"]
    assert values(seen, "x-forwarded-proto") == ["http"]


async def test_behind_a_trusted_proxy_the_address_is_what_it_says(
    start_gateway: StartGateway, http: aiohttp.ClientSession
) -> None:
    gateway = await start_gateway(trusted_hops=1, external_url="https://chat.test")
    seen = await seen_by_auth(http, gateway, {"x-forwarded-for": "1.2.3.4, 5.6.7.8"})
    assert values(seen, "x-forwarded-for") == ["5.6.7.8"]
    assert values(seen, "x-forwarded-proto") == ["https"]


async def test_a_safe_request_id_is_kept_and_returned(gateway: Gateway, http: aiohttp.ClientSession) -> None:
    for given in ("a", "Client-1.2:3_4/5", "x" * 128):
        seen = await seen_by_auth(http, gateway, {"x-request-id": given})
        assert values(seen, "x-request-id") == [given]
        assert seen["answer_headers"]["X-Request-Id"] == given


@pytest.mark.parametrize("given", ["x" * 129, "a b", 'a"b', "a<b>", "é", "a,b"])
async def test_an_unsafe_request_id_is_made_anew(given: str, gateway: Gateway, http: aiohttp.ClientSession) -> None:
    seen = await seen_by_auth(http, gateway, {"x-request-id": given})
    [made] = values(seen, "x-request-id")
    assert uuid.UUID(made)
    assert seen["answer_headers"]["X-Request-Id"] == made
    assert values(seen, "x-client-request-id") == []


async def test_a_request_without_id_gets_one_also_when_refused(gateway: Gateway, http: aiohttp.ClientSession) -> None:
    for path in ("/auth/config", "/user/me", "/nowhere"):
        async with http.get(gateway.at(path)) as answer:
            assert uuid.UUID(answer.headers["x-request-id"])


async def test_a_refusal_returns_the_clients_request_id(gateway: Gateway, http: aiohttp.ClientSession) -> None:
    async with http.get(gateway.at("/user/me"), headers={"x-request-id": "mine"}) as answer:
        assert (answer.status, answer.headers["x-request-id"]) == (401, "mine")


async def test_a_trace_is_continued(gateway: Gateway, http: aiohttp.ClientSession) -> None:
    traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    seen = await seen_by_auth(http, gateway, {"traceparent": traceparent, "tracestate": "a=b"})
    assert values(seen, "traceparent") == [traceparent]
    assert values(seen, "tracestate") == ["a=b"]


@pytest.mark.parametrize("path", ["/auth/config", "/user/me", "/nowhere", "/healthz", "/docs"])
async def test_every_answer_has_the_security_headers(path: str, gateway: Gateway, http: aiohttp.ClientSession) -> None:
    async with http.get(gateway.at(path)) as answer:
        assert answer.headers.getall("x-content-type-options") == ["nosniff"]
        assert answer.headers.getall("referrer-policy") == ["no-referrer"]
        assert answer.headers.getall("x-frame-options") == ["DENY"]
        assert answer.headers.getall("content-security-policy") == ["frame-ancestors 'none'"]
        assert "strict-transport-security" not in answer.headers
        assert answer.headers["server"] == "messaging"
        assert not [name for name in answer.headers if name.lower().startswith("x-envoy")]


async def test_strict_transport_security_only_under_https(
    start_gateway: StartGateway, services: Services, http: aiohttp.ClientSession
) -> None:
    gateway = await start_gateway(external_url="https://chat.test")
    for path in ("/auth/config", "/user/me"):
        async with http.get(gateway.at(path)) as answer:
            assert answer.headers["strict-transport-security"] == "max-age=31536000"
