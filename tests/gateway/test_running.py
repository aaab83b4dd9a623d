"""The process: its log, its probe, taking new files while it runs, and going away quietly."""

from __future__ import annotations

import asyncio
import dataclasses
import json
from collections.abc import Awaitable, Callable

import aiohttp
import pytest
from messaging_operator.gateway import Upstream

from e2e.docker import docker
from tests.gateway.asking import eventually
from tests.gateway.conftest import Services, StartGateway
from tests.gateway.upstreams import EchoService
from tests.support.envoy import DRAIN_S, Gateway


async def logged(gateway: Gateway, request_id: str) -> dict[str, object]:
    async with asyncio.timeout(5):
        while True:
            for line in await gateway.log():
                if line.get("request_id") == request_id:
                    return line
            await asyncio.sleep(0.1)


async def test_a_request_is_one_line_of_json(
    gateway: Gateway, http: aiohttp.ClientSession, bearer: dict[str, str]
) -> None:
    traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    headers = {**bearer, "x-request-id": "log-1", "traceparent": traceparent, "user-agent": "test/1"}
    async with http.get(gateway.at("/user/me"), headers=headers):
        pass
    line = await logged(gateway, "log-1")
    assert line["path"] == "/user/me"
    assert (line["event"], line["method"], line["status"], line["route"]) == ("request", "GET", 200, "user-read")
    assert (line["traceparent"], line["client"], line["user_agent"]) == (traceparent, "127.0.0.1", "test/1")


@pytest.mark.parametrize(
    ("path", "logged_path"),
    [
        ("/user/me?access_token=hush-hush", "/user/me"),
        ("/message/socket.io/?token=hush-hush", "/message/socket.io/"),
        ("/dataexport/download/hush-hush", "/dataexport/download/[redacted]"),
        ("/dataexport//download/hush-hush?x=hush-hush", "/dataexport/download/[redacted]"),
        ("/dataexport/download%2fhush-hush", "/dataexport/download/[redacted]"),
    ],
)
async def test_secrets_of_an_address_are_not_logged(
    path: str, logged_path: str, gateway: Gateway, http: aiohttp.ClientSession, bearer: dict[str, str]
) -> None:
    request_id = f"log-{abs(hash(path))}"
    async with http.get(gateway.at(path), headers={**bearer, "x-request-id": request_id}) as answer:
        request_id = answer.headers["x-request-id"]
    line = await logged(gateway, request_id)
    assert line["path"] == logged_path
    assert "hush-hush" not in json.dumps(line)
    assert "eyJ" not in json.dumps(line)


async def test_the_probe_shows_readiness_and_figures_and_nothing_else(
    gateway: Gateway, http: aiohttp.ClientSession
) -> None:
    assert "envoy_http_downstream_rq_total" in await gateway.stats(http)
    for method, path in (("GET", "/"), ("GET", "/config_dump"), ("POST", "/ready"), ("POST", "/quitquitquit")):
        async with http.request(method, gateway.probe_url + path) as answer:
            assert answer.status == 404


async def test_new_routes_and_upstreams_are_taken_without_a_restart(
    start_gateway: StartGateway, services: Services, http: aiohttp.ClientSession, bearer: dict[str, str]
) -> None:
    gateway = await start_gateway(cors_origins=())
    async with http.ws_connect(gateway.at("/message/socket.io/")) as socket:
        await socket.receive_json()

        # When the files change as a ConfigMap does
        moved = dataclasses.replace(
            gateway.given, user=Upstream("127.0.0.1", services.notification.port), cors_origins=("http://new.test",)
        )
        gateway.change(moved)

        # Then within a second or two requests go the new way
        there = ("notification", "http://new.test")
        await eventually(lambda: moved_to(http, gateway, bearer), there, within_s=5)

        # And open sockets have not noticed
        await socket.send_str("still here")
        assert await socket.receive_str() == "still here"


async def moved_to(http: aiohttp.ClientSession, gateway: Gateway, bearer: dict[str, str]) -> tuple[str, str | None]:
    async with http.get(gateway.at("/user/me"), headers={**bearer, "origin": "http://new.test"}) as answer:
        seen = await answer.json()
        return seen.get("service", ""), answer.headers.get("access-control-allow-origin")


async def test_a_bad_file_leaves_the_former_one_in_force_and_is_counted(
    start_gateway: StartGateway, http: aiohttp.ClientSession, bearer: dict[str, str]
) -> None:
    gateway = await start_gateway()
    gateway.put("live", {"cds.yaml": "resources: [{name: no-type}]", "rds.yaml": "][", "validate.yaml": "{}"})
    await eventually(lambda: rejected(http, gateway), {"cluster_manager_cds", "http_rds"}, within_s=5)
    async with http.get(gateway.at("/user/me"), headers=bearer) as answer:
        assert answer.status == 200


async def rejected(http: aiohttp.ClientSession, gateway: Gateway) -> set[str]:
    """Which sources of configuration have had a file that Envoy did not take."""
    found = set()
    for line in (await gateway.stats(http)).splitlines():
        name, _, value = line.rpartition(" ")
        for source in ("cluster_manager_cds", "http_rds", "listener_manager_lds"):
            for failure in ("update_rejected", "update_failure"):
                if name.startswith(f"envoy_{source}_{failure}") and float(value) > 0:
                    found.add(source)
    return found


async def test_on_sigterm_open_requests_are_finished_and_new_ones_go_elsewhere(
    start_gateway: StartGateway, services: Services, http: aiohttp.ClientSession
) -> None:
    gateway = await start_gateway()
    services.auth.release.clear()
    services.auth.requests.clear()
    running = asyncio.create_task(held(http, gateway))
    await eventually(arrived(services.auth), ["GET /api/auth/config"], within_s=5)

    docker("kill", "--signal=TERM", gateway.container.name)
    await eventually(lambda: readiness(http, gateway), 503, within_s=DRAIN_S)
    services.auth.release.set()

    assert await running == 200
    exit_code = await asyncio.to_thread(docker, "wait", gateway.container.name)
    assert exit_code.strip() == "0"


async def test_on_sigterm_an_open_web_socket_does_not_hold_the_gateway_up(
    start_gateway: StartGateway, http: aiohttp.ClientSession
) -> None:
    gateway = await start_gateway()
    async with http.ws_connect(gateway.at("/message/socket.io/")) as socket:
        await socket.receive_json()
        await asyncio.to_thread(gateway.container.stop)
        closed = await socket.receive(timeout=5)
    assert closed.type in {aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.CLOSE}
    assert (await gateway.log())[-1]["event"] in {"request", "envoy"}


async def readiness(http: aiohttp.ClientSession, gateway: Gateway) -> int:
    async with http.get(f"{gateway.probe_url}/ready") as answer:
        return answer.status


async def held(http: aiohttp.ClientSession, gateway: Gateway) -> int:
    async with http.get(gateway.at("/auth/config?hold=1")) as answer:
        return answer.status


def arrived(service: EchoService) -> Callable[[], Awaitable[list[str]]]:
    async def requests() -> list[str]:
        return service.requests

    return requests
