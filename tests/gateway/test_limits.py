"""What is too large, too slow or too often is refused before it costs anybody else."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import AsyncIterator
from datetime import timedelta

import aiohttp
from messaging_operator.gateway import GatewayLimits, RateLimit

from tests.gateway.asking import assert_problem
from tests.gateway.conftest import BODY_LIMIT, Services, StartGateway
from tests.support.envoy import Gateway


async def test_a_body_up_to_the_limit_arrives_whole(gateway: Gateway, http: aiohttp.ClientSession) -> None:
    async with http.post(gateway.at("/auth/login"), data=b"x" * BODY_LIMIT) as answer:
        assert (await answer.json())["body_bytes"] == BODY_LIMIT


async def test_a_larger_body_is_refused(gateway: Gateway, http: aiohttp.ClientSession) -> None:
    async with http.post(gateway.at("/auth/login"), data=b"x" * (BODY_LIMIT + 1)) as answer:
        await assert_problem(answer, 413, "too-large")


async def test_a_larger_body_of_unknown_length_is_refused(gateway: Gateway, http: aiohttp.ClientSession) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(BODY_LIMIT // 1024 + 2):
            yield b"x" * 1024

    async with http.post(gateway.at("/auth/login"), data=pieces()) as answer:
        await assert_problem(answer, 413, "too-large")


async def test_a_larger_polling_body_is_refused(gateway: Gateway, http: aiohttp.ClientSession) -> None:
    async with http.post(gateway.at("/message/socket.io/"), data=b"x" * (BODY_LIMIT + 1)) as answer:
        await assert_problem(answer, 413, "too-large")


async def test_large_headers_are_refused(gateway: Gateway, http: aiohttp.ClientSession) -> None:
    async with http.get(gateway.at("/auth/config"), headers={"x-large": "x" * 40_000}) as answer:
        await assert_problem(answer, 431, "headers-too-large")


async def test_too_many_headers_are_refused(gateway: Gateway, http: aiohttp.ClientSession) -> None:
    async with http.get(gateway.at("/auth/config"), headers={f"x-{i}": "x" for i in range(120)}) as answer:
        await assert_problem(answer, 431, "headers-too-large")


async def test_what_is_no_http_is_refused(gateway: Gateway) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", gateway.given.port)
    writer.write(b"GET / HTTP/1.1\r\nhost: x\r\nno colon\r\n\r\n")
    answer = await asyncio.wait_for(reader.read(), 5)
    writer.close()
    await writer.wait_closed()
    assert answer.startswith(b"HTTP/1.1 400")
    assert b"urn:messaging:problem:bad-request" in answer


async def test_an_address_that_asks_too_often_must_wait(
    start_gateway: StartGateway, services: Services, http: aiohttp.ClientSession
) -> None:
    limits = dataclasses.replace(services.gateway_input().limits, rate=RateLimit(per_second=1, burst=5))
    gateway = await start_gateway(limits=limits, trusted_hops=1)

    async def ask(client: str) -> int:
        async with http.get(gateway.at("/auth/config"), headers={"x-forwarded-for": client}) as answer:
            if answer.status == 429:
                await assert_problem(answer, 429, "too-many-requests")
            return answer.status

    answers = [await ask("192.0.2.1") for _ in range(20)]
    assert answers[:5] == [200] * 5
    assert 429 in answers
    assert await ask("192.0.2.2") == 200


async def test_a_service_that_takes_too_long_is_a_timeout(
    start_gateway: StartGateway, services: Services, http: aiohttp.ClientSession
) -> None:
    gateway = await start_gateway(limits=GatewayLimits(request_timeout=timedelta(seconds=1)))
    services.auth.release.clear()
    async with http.post(gateway.at("/auth/login?hold=1")) as answer:
        await assert_problem(answer, 504, "timeout")


async def test_connections_are_capped_and_the_probe_still_answers(
    start_gateway: StartGateway, http: aiohttp.ClientSession
) -> None:
    gateway = await start_gateway(limits=GatewayLimits(connections=3))
    held = [await asyncio.open_connection("127.0.0.1", gateway.given.port) for _ in range(3)]
    try:
        await asyncio.sleep(0.1)
        reader, writer = await asyncio.open_connection("127.0.0.1", gateway.given.port)
        assert await asyncio.wait_for(reader.read(), 5) == b""
        writer.close()
        async with http.get(f"{gateway.probe_url}/ready") as answer:
            assert answer.status == 200
    finally:
        for _, writer in held:
            writer.close()
