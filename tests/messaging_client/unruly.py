"""A line to the platform that loses, repeats, delays and garbles events: a WebSocket proxy before the real platform."""

import asyncio
import contextlib
import json
import random
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import ClientSession, ClientWebSocketResponse, WSMsgType, web

EVENT = "42"
FATES = ("pass", "lose", "repeat", "delay", "garble", "resync")
GARBAGE = ('42["message",{"id":"no id"}]', '42["message"]', '42["something_new",{"seq":1}]')


@dataclass
class Line:
    """What is done to the server's `message` events; calls and their acknowledgements pass untouched."""

    dice: random.Random
    unruly: bool = True
    resyncs: int = 0
    _late: list[str] = field(default_factory=list)

    def treat(self, frame: str) -> list[str]:
        """Return the frames that arrive in place of this one, or before the next."""
        if not self.unruly or not frame.startswith(EVENT) or json.loads(frame[len(EVENT) :])[0] != "message":
            return [frame]
        late, self._late = self._late, []
        fate = self.dice.choice(FATES)
        if fate == "delay":
            self._late = [frame]
        if fate == "resync":
            self.resyncs += 1
        return {
            "lose": late,
            "delay": late,
            "resync": ['42["resync",{}]', *late],
            "repeat": [frame, *late, frame],
            "garble": [self.dice.choice(GARBAGE), frame, *late],
            "pass": [frame, *late],
        }[fate]


@asynccontextmanager
async def unruly_line(platform_url: str, seed: int) -> AsyncIterator[tuple[str, Line]]:
    """Give the address of the line, and the line itself, for the length of a block."""
    line = Line(random.Random(seed))

    async def _carry(request: web.Request) -> web.WebSocketResponse:
        near = web.WebSocketResponse()
        await near.prepare(request)
        address = f"{platform_url.replace('http', 'ws', 1)}{request.path_qs}"
        async with ClientSession() as session, session.ws_connect(address) as far:
            outward = asyncio.create_task(_pump_out(near, far))
            async for frame in far:
                if frame.type is WSMsgType.TEXT:
                    for treated in line.treat(frame.data):
                        await near.send_str(treated)
            outward.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await outward
        await near.close()
        return near

    application = web.Application()
    application.router.add_get("/{path:.*}", _carry)
    runner = web.AppRunner(application, shutdown_timeout=1)
    await runner.setup()
    listener = socket.create_server(("127.0.0.1", 0))
    await web.SockSite(runner, listener).start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}", line
    finally:
        await runner.cleanup()


async def _pump_out(near: web.WebSocketResponse, far: ClientWebSocketResponse[bool]) -> None:
    async for frame in near:
        if frame.type is WSMsgType.TEXT:
            await far.send_str(frame.data)
    await far.close()
