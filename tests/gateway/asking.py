"""Questions that many tests put to the gateway, and what its refusals must look like."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import aiohttp

from tests.support.envoy import Gateway

STEP_S = 0.05


async def status(http: aiohttp.ClientSession, gateway: Gateway, path: str, headers: dict[str, str]) -> int:
    """The status of a GET."""
    async with http.get(gateway.at(path), headers=headers) as answer:
        return answer.status


async def eventually(ask: Callable[[], Awaitable[object]], wanted: object, *, within_s: float) -> None:
    """Ask again and again until the answer is the wanted one; raises AssertionError with the last one otherwise."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + within_s
    while (answer := await ask()) != wanted:
        assert loop.time() < deadline, f"still {answer!r}, not {wanted!r}"
        await asyncio.sleep(STEP_S)


async def assert_problem(answer: aiohttp.ClientResponse, status: int, name: str) -> None:
    """The gateway's own refusal: problem+json of the contract, with the headers that belong to its status."""
    assert answer.status == status
    assert answer.content_type == "application/problem+json"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert not [name for name in answer.headers if name.lower().startswith("x-envoy")]
    problem = await answer.json()
    assert (problem["type"], problem["status"]) == (f"urn:messaging:problem:{name}", status)
    assert problem["title"]
    assert problem["detail"]
    if status in {429, 502, 503, 504}:
        assert int(answer.headers["retry-after"]) > 0
    if status == 401:
        assert answer.headers["www-authenticate"].startswith('Bearer realm="messaging"')
