"""A sockets' hub of the tests' own, served on a free loopback port."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

import socketio
from messaging.kernel.clock import SystemClock
from messaging.kernel.revocations import RevocationList
from messaging.kernel.sockets import Handler, SocketHub

from tests.support.serve import served
from tests.support.tokens import Issuer

PATH = "/api/test/socket.io"


@dataclass
class Place:
    """A hub that is served."""

    hub: SocketHub
    url: str
    revocations: RevocationList


@asynccontextmanager
async def open_hub(
    issuer: Issuer,
    handlers: Mapping[str, Handler] | None = None,
    *,
    ping_s: float | None = None,
    answer_s: float | None = None,
) -> AsyncIterator[Place]:
    """Serve a hub that takes the issuer's tokens; `ping_s` is the time between pings, and for an answer to one."""
    revocations = RevocationList(SystemClock())
    hub = SocketHub(
        service="test",
        path=PATH,
        verifier=issuer.verifier(revocations),
        revocations=revocations,
        clock=SystemClock(),
    )
    for event, handler in (handlers or {}).items():
        hub.on(event, handler)
    if ping_s is not None:
        hub.server.eio.ping_interval, hub.server.eio.ping_timeout = ping_s, answer_s or ping_s
    async with served(socketio.ASGIApp(hub.server, socketio_path=hub.path)) as url:
        yield Place(hub, url, revocations)
        await hub.close_all()
