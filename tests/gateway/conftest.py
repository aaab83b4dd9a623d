"""The gateway before its upstreams: real Envoy, started once for most tests, and more where a test needs its own."""

from __future__ import annotations

import dataclasses
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any

import aiohttp
import pytest
from messaging_operator.gateway import GatewayInput, GatewayLimits, Upstream

from tests.gateway.tokens import Signer
from tests.gateway.upstreams import EchoService, running
from tests.support.container import free_port
from tests.support.envoy import Gateway

EXTERNAL_URL = "http://chat.test"
BODY_LIMIT = 64 * 1024
ORIGIN = "http://web.test"
MESSAGE_HOST = "message.test"


@dataclass(frozen=True)
class Services:
    """All upstreams; `message_twin` is a second replica of `message`, at another address with the same port."""

    auth: EchoService
    user: EchoService
    message: EchoService
    message_twin: EchoService
    notification: EchoService
    export: EchoService

    def gateway_input(self) -> GatewayInput:
        """An input that leads to these services, on ports of its own."""
        return GatewayInput(
            external_url=EXTERNAL_URL,
            auth=Upstream("127.0.0.1", self.auth.port),
            user=Upstream("127.0.0.1", self.user.port),
            message=Upstream(MESSAGE_HOST, self.message.port),
            notification=Upstream("127.0.0.1", self.notification.port),
            export=Upstream("127.0.0.1", self.export.port),
            cors_origins=(ORIGIN,),
            port=free_port(),
            probe_port=free_port(),
            admin_port=free_port(),
            limits=GatewayLimits(body_bytes=BODY_LIMIT),
        )


StartGateway = Callable[..., Awaitable[Gateway]]


@pytest.fixture(scope="package")
def signer() -> Signer:
    return Signer(EXTERNAL_URL)


@pytest.fixture(scope="package")
def bearer(signer: Signer) -> dict[str, str]:
    """The header of a person who is signed in."""
    return {"authorization": f"Bearer {signer.token()}"}


@pytest.fixture(scope="package")
async def services(signer: Signer) -> AsyncIterator[Services]:
    async with AsyncExitStack() as stack:

        async def start(name: str, host: str = "127.0.0.1", port: int = 0) -> EchoService:
            return await stack.enter_async_context(running(EchoService(name, host, signer), port))

        message = await start("message")
        yield Services(
            auth=await start("auth"),
            user=await start("user"),
            message=message,
            message_twin=await start("message", "127.0.0.2", message.port),
            notification=await start("notification"),
            export=await start("export"),
        )


@pytest.fixture(scope="package")
async def start_gateway(services: Services) -> AsyncIterator[StartGateway]:
    """Starts one more Envoy, with the given fields of its input changed; all end with the session."""
    async with AsyncExitStack() as stack:

        async def start(**changes: Any) -> Gateway:
            given = dataclasses.replace(services.gateway_input(), **changes)
            gateway = Gateway(given, names={MESSAGE_HOST: [services.message.host, services.message_twin.host]})
            stack.push_async_callback(gateway.stop)
            await gateway.start()
            return gateway

        yield start


@pytest.fixture(scope="package")
async def gateway(start_gateway: StartGateway) -> Gateway:
    """The gateway that most tests share."""
    return await start_gateway()


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    """A client with its own cookies that follows no redirect by itself and raises for nothing."""
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as session:
        yield session
