"""Socket.IO passes the gateway: web sockets through, polling to the replica that began it."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import aiohttp
import pytest
from messaging_operator.gateway import GatewayLimits

from tests.gateway.asking import status
from tests.gateway.conftest import Services, StartGateway
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


async def test_sockets_and_polls_outlive_the_request_timeout(
    start_gateway: StartGateway, services: Services, http: aiohttp.ClientSession
) -> None:
    gateway = await start_gateway(limits=GatewayLimits(request_timeout=timedelta(seconds=1)))
    services.notification.release.clear()
    poll = asyncio.create_task(status(http, gateway, "/notification/socket.io/?hold=1", {}))
    async with http.ws_connect(gateway.at("/message/socket.io/")) as socket:
        await socket.receive_json()
        await asyncio.sleep(1.5)
        await socket.send_str("still here")
        assert await socket.receive_str() == "still here"
    services.notification.release.set()
    assert await poll == 200


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
