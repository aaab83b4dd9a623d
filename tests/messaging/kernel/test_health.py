"""What `/healthz/ready` says while something is missing, at the start and later."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from messaging.kernel.health import Readiness, add_health_routes


class Part:
    """Something that a service needs: there, or not."""

    def __init__(self) -> None:
        self.missing: str | None = "broker is not connected"

    def not_ready(self) -> str | None:
        return self.missing


@pytest.fixture
def part() -> Part:
    return Part()


@pytest.fixture
def readiness() -> Readiness:
    return Readiness()


@pytest.fixture
async def admin(readiness: Readiness) -> AsyncIterator[httpx.AsyncClient]:
    app = FastAPI()
    add_health_routes(app, readiness)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://admin") as client:
        yield client


async def ready(admin: httpx.AsyncClient) -> tuple[int, dict[str, Any]]:
    answer = await admin.get("/healthz/ready")
    return answer.status_code, answer.json()


async def test_a_process_is_not_ready_before_it_has_what_it_starts_with(
    readiness: Readiness, part: Part, admin: httpx.AsyncClient
) -> None:
    readiness.add_start(part.not_ready)
    assert await ready(admin) == (503, {"status": "not ready", "not_ready": ["broker is not connected"]})
    part.missing = None
    assert await ready(admin) == (200, {"status": "ready", "not_ready": [], "degraded": []})


async def test_what_it_can_do_without_later_takes_no_traffic_away_but_is_told(
    readiness: Readiness, part: Part, admin: httpx.AsyncClient
) -> None:
    readiness.add_start(part.not_ready)
    part.missing = None
    await ready(admin)
    part.missing = "broker is not connected"
    assert await ready(admin) == (200, {"status": "ready", "not_ready": [], "degraded": ["broker is not connected"]})


async def test_what_it_cannot_do_without_takes_traffic_away_at_any_time(
    readiness: Readiness, part: Part, admin: httpx.AsyncClient
) -> None:
    readiness.add(part.not_ready)
    part.missing = None
    assert (await ready(admin))[0] == 200
    part.missing = "database does not answer"
    assert (await ready(admin))[0] == 503


async def test_a_draining_process_is_not_ready(readiness: Readiness, admin: httpx.AsyncClient) -> None:
    readiness.draining = True
    assert await ready(admin) == (503, {"status": "not ready", "not_ready": ["draining"]})
