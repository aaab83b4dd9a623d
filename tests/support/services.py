"""A service on the real kernel inside the test's process: its routes by HTTP, its database SQLite or real MySQL.

A module's fixture makes one per database:

    @pytest.fixture(scope="module", params=DIALECTS)
    async def user(request, tmp_path_factory):
        place = database_place(request, "user", tmp_path_factory)
        async with running_service("user", UserSettings(**place), build, source=IssuerTrust(issuer)) as service:
            yield service
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from joserfc.jwk import KeySet
from messaging.kernel.bus import Bus
from messaging.kernel.bus_memory import MemoryBus
from messaging.kernel.clock import Clock, SystemClock
from messaging.kernel.migrate import migrate
from messaging.kernel.peers import TrustSource
from messaging.kernel.service import Build, ServiceHost, Trust, make_runtime
from messaging.kernel.settings import ServiceSettings
from messaging_wire.auth import Revocation, RevocationPage

from tests.support.databases import fresh_database_settings
from tests.support.tokens import Issuer

READY_WITHIN_S = 10.0


def database_place(
    request: pytest.FixtureRequest, service: str, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Any]:
    """Settings of a new, empty database of the kind that the fixture's parameter names."""
    server = request.getfixturevalue("mysql_server") if request.param == "mysql" else None
    folder = tmp_path_factory.mktemp(service)
    return {"data_dir": folder} | fresh_database_settings(request.param, folder=folder, mysql=server, service=service)


@dataclass
class IssuerTrust:
    """Keys of the tests' own issuer, and whatever a test revokes, where a service expects auth."""

    issuer: Issuer
    revocations: list[Revocation] = field(default_factory=list)

    async def key_set(self) -> KeySet:
        """The issuer's public key."""
        return self.issuer.public

    async def after(self, position: int) -> RevocationPage:
        """What a test has revoked."""
        items = [entry for entry in self.revocations if entry.position > position]
        return RevocationPage(items=items, last_position=items[-1].position if items else position)


@dataclass
class RunningService:
    """A service that runs: `public` and `admin` speak to its two applications."""

    host: ServiceHost
    public: httpx.AsyncClient
    admin: httpx.AsyncClient


@asynccontextmanager
async def running_service(
    name: str,
    settings: ServiceSettings,
    build: Build,
    *,
    source: TrustSource | None = None,
    bus: Bus | None = None,
    clock: Clock | None = None,
) -> AsyncIterator[RunningService]:
    """Migrate, run until ready, and give the service; auth trusts itself and needs no `source`."""
    clock = clock or SystemClock()
    trust = Trust.open(settings.auth_internal_url, clock)
    if source is not None:
        trust.follow_instead(source)
    runtime = make_runtime(name, settings, bus=bus or MemoryBus(), trust=trust, clock=clock)
    await migrate(runtime.database, name)
    host = ServiceHost(runtime, build)
    async with host.running(), _client(host.public) as public, _client(host.admin) as admin:
        await _until_ready(admin)
        yield RunningService(host, public, admin)


def _client(app: Any) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://service")


async def _until_ready(admin: httpx.AsyncClient) -> None:
    async with asyncio.timeout(READY_WITHIN_S):
        while (await admin.get("/healthz/ready")).status_code != 200:
            await asyncio.sleep(0.01)
