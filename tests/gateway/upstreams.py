"""Small HTTP servers that stand where the services would: they answer with what they got.

Services are the outside world to the gateway; these are real servers on real sockets.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import WSMsgType, web

from tests.gateway.tokens import Signer

JWKS_PATH = "/api/auth/.well-known/jwks.json"
KEEP_ALIVE_S = 75


class EchoService:
    """One replica of one service; with a signer it publishes keys as auth does.

    `requests` holds what arrived. An answer asked for with `?hold=1` is finished once `release` is set.
    """

    def __init__(self, name: str, host: str, signer: Signer | None = None) -> None:
        self.name = name
        self.host = host
        self.signer = signer
        self.requests: list[str] = []
        self.release = asyncio.Event()
        self.port = 0
        self._runner: web.AppRunner | None = None

    async def start(self, port: int = 0) -> None:
        """Listen; port 0 takes a free one."""
        app = web.Application(client_max_size=64 * 1024 * 1024)
        app.router.add_get(JWKS_PATH, self._jwks)
        app.router.add_get("/api/dataexport/download/{token}", self._download)
        app.router.add_route("*", "/api/{prefix}/socket.io/", self._socket)
        app.router.add_route("*", "/{rest:.*}", self._echo)
        self._runner = web.AppRunner(app, keepalive_timeout=KEEP_ALIVE_S, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, self.host, port, reuse_address=True)
        await site.start()
        self.port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        """Close every connection and the listener."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def _jwks(self, _request: web.Request) -> web.Response:
        if self.signer is None:
            raise web.HTTPNotFound
        return web.json_response(self.signer.jwks())

    async def _echo(self, request: web.Request) -> web.Response:
        """What arrived, as JSON. `?status=` picks the answer's status, `?hold=1` keeps it back, `?break=1` hangs up."""
        self.requests.append(f"{request.method} {request.path}")
        if "break" in request.query and request.transport is not None:
            request.transport.abort()
        await self._held(request)
        return web.json_response(await self._seen(request), status=int(request.query.get("status", 200)))

    async def _held(self, request: web.Request) -> None:
        if "hold" in request.query:
            await self.release.wait()

    async def _seen(self, request: web.Request) -> dict[str, Any]:
        return {
            "service": self.name,
            "host": self.host,
            "method": request.method,
            "path": request.raw_path,
            "headers": [[name.lower(), value] for name, value in request.headers.items()],
            "body_bytes": len(await request.read()),
        }

    async def _socket(self, request: web.Request) -> web.StreamResponse:
        self.requests.append(f"{request.method} {request.path}")
        if request.headers.get("upgrade", "").lower() != "websocket":
            await self._held(request)
            return web.json_response(await self._seen(request))
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.send_json({"service": self.name, "host": self.host, "path": request.raw_path})
        async for message in socket:
            if message.type is WSMsgType.TEXT:
                await socket.send_str(message.data)
        return socket

    async def _download(self, request: web.Request) -> web.StreamResponse:
        """Bytes as they come: one piece at once, `?hold=1` keeps the next back; `?break=1` hangs up before any."""
        self.requests.append(f"{request.method} {request.path}")
        if "break" in request.query and request.transport is not None:
            request.transport.abort()
        response = web.StreamResponse(headers={"content-type": "application/json"})
        await response.prepare(request)
        await response.write(b"first ")
        await self._held(request)
        await response.write(b"last")
        return response


@asynccontextmanager
async def running(service: EchoService, port: int = 0) -> AsyncIterator[EchoService]:
    """The service while it runs."""
    await service.start(port)
    try:
        yield service
    finally:
        await service.stop()
