"""Envoy before the message service, with the files that the operator renders."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from messaging_operator.gateway import GatewayInput, Upstream

from bench.stage import Stage
from tests.support.container import free_port
from tests.support.envoy import Gateway
from tests.support.tokens import ISSUER

PATH = "/message/socket.io"


@contextmanager
def through_envoy(stage: Stage) -> Iterator[Stage]:
    """The same stage, reached through a gateway of its own."""
    nowhere = Upstream("127.0.0.1", free_port())
    given = GatewayInput(
        external_url=ISSUER,
        auth=Upstream("127.0.0.1", stage.ground.trust.port),
        user=nowhere,
        message=Upstream("127.0.0.1", stage.message.port),
        notification=nowhere,
        export=nowhere,
        port=free_port(),
        probe_port=free_port(),
        admin_port=free_port(),
    )
    gateway = Gateway(given)
    asyncio.run(gateway.start())
    try:
        parts = {**stage.others, "Envoy": [gateway.container.pid]}
        yield replace(stage, address=f"127.0.0.1:{given.port}", path=PATH, others=parts)
    finally:
        asyncio.run(gateway.stop())
