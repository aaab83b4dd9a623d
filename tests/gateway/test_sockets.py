"""Socket.IO passes the gateway: web sockets through, polling to the replica that began it."""

from __future__ import annotations

import aiohttp
import pytest

from tests.gateway.conftest import Services
from tests.support.envoy import Gateway

ENDPOINTS = ["message", "notification"]


@pytest.mark.parametrize("prefix", ENDPOINTS)
async def test_a_web_socket_passes_both_ways(prefix: str, gateway: Gateway, http: aiohttp.ClientSession) -> None:
    address = gateway.at(f"/{prefix}/socket.io/?EIO=4&transport=websocket")
    async with http.ws_connect(address) as socket:
        hello = await socket.receive_json()
        assert (hello["service"], hello["path"]) == (prefix, f"/api/{prefix}/socket.io/?EIO=4&transport=websocket")
        for text in ("a", "b" * 100_000):
            await socket.send_str(text)
            assert await socket.receive_str() == text


async def test_a_web_socket_outlives_the_request_timeout(gateway: Gateway, http: aiohttp.ClientSession) -> None:
    routes = {route["name"]: route["route"] for route in gateway.routes() if "route" in route}
    assert routes["message-websocket"]["timeout"] == "0s"
    assert routes["notification-polling"]["timeout"] == "0s"


@pytest.mark.parametrize("path", ["/user/me", "/message", "/auth/config"])
async def test_no_web_socket_elsewhere(
    path: str, gateway: Gateway, http: aiohttp.ClientSession, bearer: dict[str, str]
) -> None:
    with pytest.raises(aiohttp.WSServerHandshakeError) as refusal:
        await http.ws_connect(gateway.at(path), headers=bearer)
    assert refusal.value.status == 400


async def test_polling_stays_with_the_replica_that_began_it(gateway: Gateway, services: Services) -> None:
    hosts = {services.message.host, services.message_twin.host}
    begun_at = set()
    for _ in range(12):
        async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as person:
            first = await poll(person, gateway)
            begun_at.add(first)
            assert [await poll(person, gateway, method) for method in ("POST", "GET") * 4] == [first] * 8
    assert begun_at == hosts


async def test_the_sticky_cookie_belongs_to_its_path(gateway: Gateway, http: aiohttp.ClientSession) -> None:
    async with http.get(gateway.at("/message/socket.io/?EIO=4&transport=polling")) as answer:
        cookie = answer.cookies["message-replica"]
    assert cookie["path"] == "/message/socket.io/"
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"


async def test_a_forged_cookie_leads_nowhere_else(gateway: Gateway, services: Services) -> None:
    forged = {"cookie": "message-replica=Cg4xMC4wLjAuMTo1MDAz"}
    async with (
        aiohttp.ClientSession() as person,
        person.get(gateway.at("/message/socket.io/?EIO=4&transport=polling"), headers=forged) as answer,
    ):
        assert (await answer.json())["host"] in {services.message.host, services.message_twin.host}


async def poll(person: aiohttp.ClientSession, gateway: Gateway, method: str = "GET") -> str:
    async with person.request(method, gateway.at("/message/socket.io/?EIO=4&transport=polling")) as answer:
        assert answer.status == 200
        return str((await answer.json())["host"])
