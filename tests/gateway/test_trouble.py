"""When services fail: what is tried again, what is not, and what a client is told."""

from __future__ import annotations

import aiohttp
import pytest
from messaging_operator.gateway import Upstream

from tests.gateway.asking import assert_problem, eventually, status
from tests.gateway.conftest import Services, StartGateway
from tests.gateway.upstreams import EchoService, running
from tests.support.container import free_port
from tests.support.envoy import Gateway


async def test_a_service_that_is_away_is_unavailable_until_it_is_back(
    start_gateway: StartGateway, http: aiohttp.ClientSession, bearer: dict[str, str]
) -> None:
    port = free_port()
    gateway = await start_gateway(user=Upstream("127.0.0.1", port))
    for method in ("GET", "PUT"):
        async with http.request(method, gateway.at("/user/me"), headers=bearer) as answer:
            await assert_problem(answer, 503, "unavailable")

    async with running(EchoService("user", "127.0.0.1"), port):
        await eventually(lambda: status(http, gateway, "/user/me", bearer), 200, within_s=10)


async def test_a_name_that_nobody_knows_is_unavailable(
    start_gateway: StartGateway, http: aiohttp.ClientSession, bearer: dict[str, str]
) -> None:
    gateway = await start_gateway(user=Upstream("nobody.invalid", 5002))
    async with http.get(gateway.at("/user/me"), headers=bearer) as answer:
        await assert_problem(answer, 503, "unavailable")


async def test_a_broken_read_is_tried_again_a_broken_write_is_not(
    gateway: Gateway, services: Services, http: aiohttp.ClientSession, bearer: dict[str, str]
) -> None:
    for method, attempts in (("GET", 3), ("PUT", 1), ("POST", 1), ("DELETE", 1)):
        services.user.requests.clear()
        async with http.request(method, gateway.at("/user/x?break=1"), headers=bearer) as answer:
            await assert_problem(answer, 503, "unavailable")
        assert services.user.requests == [f"{method} /api/user/x"] * attempts


async def test_a_client_cannot_order_retries(
    gateway: Gateway, services: Services, http: aiohttp.ClientSession, bearer: dict[str, str]
) -> None:
    services.user.requests.clear()
    order = {**bearer, "x-envoy-retry-on": "reset,5xx", "x-envoy-max-retries": "3"}
    async with http.put(gateway.at("/user/x?break=1"), headers=order) as answer:
        await assert_problem(answer, 503, "unavailable")
    assert services.user.requests == ["PUT /api/user/x"]


async def test_a_download_is_never_tried_again(
    gateway: Gateway, services: Services, http: aiohttp.ClientSession
) -> None:
    services.export.requests.clear()
    async with http.get(gateway.at("/dataexport/download/secret?break=1")) as answer:
        await assert_problem(answer, 503, "unavailable")
    assert services.export.requests == ["GET /api/dataexport/download/secret"]


async def test_a_download_streams(gateway: Gateway, services: Services, http: aiohttp.ClientSession) -> None:
    services.export.release.clear()
    async with http.get(gateway.at("/dataexport/download/secret?hold=1")) as answer:
        assert await answer.content.readany() == b"first "
        services.export.release.set()
        assert await answer.content.read() == b"last"


@pytest.mark.parametrize("given", [400, 401, 403, 404, 409, 422, 500, 503])
async def test_a_services_own_answer_is_not_touched(given: int, gateway: Gateway, http: aiohttp.ClientSession) -> None:
    async with http.get(gateway.at(f"/auth/config?status={given}")) as answer:
        assert answer.status == given
        assert (await answer.json())["service"] == "auth"
        assert "www-authenticate" not in answer.headers


async def test_answers_of_503_do_not_take_a_replica_out(
    gateway: Gateway, services: Services, http: aiohttp.ClientSession, bearer: dict[str, str]
) -> None:
    for _ in range(20):
        async with http.get(gateway.at("/message?status=503"), headers=bearer):
            pass
    hosts = set()
    for _ in range(20):
        async with http.get(gateway.at("/message"), headers=bearer) as answer:
            hosts.add((await answer.json())["host"])
    assert hosts == {services.message.host, services.message_twin.host}
