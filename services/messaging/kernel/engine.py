"""Engine.io sessions on links: what the library does with two tasks and a timer per socket, done with none.

The only module that uses inner parts of python-engineio, pinned by uv.lock and held by
tests/messaging/kernel/test_links.py. Polling clients, and WebSockets of another server than uvicorn, stay with the
library's own ways.
"""

import asyncio
import heapq
import itertools
from collections.abc import Callable
from typing import Any, Final

import structlog
from engineio import async_socket, packet
from engineio.exceptions import EngineIOError, SocketIsClosedError

from messaging.kernel.frames import text_frame
from messaging.kernel.links import SLOW, Link, link_of

log = structlog.get_logger(__name__)

MAX_QUEUED: Final = 1024
"""What may wait for a client that polls, in packets."""
NOTHING: Final[asyncio.Queue[Any]] = asyncio.Queue()
"""The queue of every session that has a link, and so needs none."""


class Pings:
    """Engine.io's pings to all clients by one timer; a client that does not answer in time is given up.

    How often, and how long an answer may take, is what the library's server has told the clients.
    """

    def __init__(self) -> None:
        self._due: list[tuple[float, int, EngineSocket, float | None]] = []
        self._numbers = itertools.count()
        self._timer: asyncio.TimerHandle | None = None

    def schedule(self, socket: "EngineSocket") -> None:
        """Ping the client after the interval."""
        self._push(socket.server.ping_interval, socket, None)
        if self._timer is None or self._due[0][0] < self._timer.when():
            self._wait()

    def _push(self, after_s: float, socket: "EngineSocket", pinged_at: float | None) -> None:
        due = asyncio.get_running_loop().time() + after_s
        heapq.heappush(self._due, (due, next(self._numbers), socket, pinged_at))

    def _wait(self) -> None:
        """Wake up for what is due first."""
        if self._timer is not None:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_at(self._due[0][0], self._tick) if self._due else None

    def _tick(self) -> None:
        self._timer = None
        now = asyncio.get_running_loop().time()
        while self._due and self._due[0][0] <= now:
            _, _, socket, pinged_at = heapq.heappop(self._due)
            if pinged_at is not None:
                if socket.last_ping == pinged_at:
                    socket.give_up()
            elif not socket.closed and not socket.closing:
                socket.last_ping = now
                socket.put_text("2")
                self._push(socket.server.ping_timeout, socket, now)
        self._wait()


class EngineSocket(async_socket.AsyncSocket):  # type: ignore[misc]  # the library has no types
    """An engine.io session whose WebSocket, where it has one, is a link.

    Made from the library's own object as soon as it exists: the library has no place to name another class.
    """

    last_ping: float | None
    """When the ping was sent that is not answered yet, else None; any number that is not 0 before the first one."""
    connected: bool
    queue: "asyncio.Queue[Any]"
    pings: Pings
    link: Link | None = None
    environ: dict[str, Any] | None = None
    take_event: Callable[[bytes], bool] | None = None
    """Takes a Socket.IO packet at once, once the client is connected; False leaves it to the library."""
    busy: bool = False

    @classmethod
    def of(cls, socket: async_socket.AsyncSocket, pings: Pings) -> "EngineSocket":
        """Turn the library's object into one of these."""
        socket.__class__ = cls
        socket.pings = pings
        made: EngineSocket = socket
        return made

    def put_text(self, text: str) -> None:
        """Send an engine.io packet, in the order of the calls."""
        if self.link is not None:
            self.link.write(text_frame(text.encode()))
        else:
            self.queue.put_nowait(packet.Packet(encoded_packet=text))

    def put_frame(self, frame: bytes, payload: bytes, *, crowd: bool = False) -> None:
        """Send an engine.io packet that is encoded already; `frame` is `payload` as a WebSocket frame."""
        if self.link is not None:
            self.link.write(frame, crowd=crowd)
        elif self.queue.qsize() < MAX_QUEUED:
            self.queue.put_nowait(packet.Packet(encoded_packet=payload.decode()))
        else:
            SLOW.inc()
            self.give_up()

    def give_up(self) -> None:
        """End the session of a client that does not read or answer."""
        if self.link is not None:
            self.link.transport.abort()
            return
        self.queue.put_nowait(None)
        self.ending = asyncio.ensure_future(
            self.close(wait=False, abort=True, reason=self.server.reason.TRANSPORT_CLOSE)
        )

    def end(self) -> None:
        """End the transport of a session that is closed."""
        if self.link is not None:
            self.link.end()
        else:
            self.queue.put_nowait(None)  # ends the library's writer

    def schedule_ping(self) -> None:
        """Ping after the interval; the library calls it at the start and at each pong."""
        if self.last_ping:
            self.last_ping = None
            self.pings.schedule(self)

    async def check_ping_timeout(self) -> bool:
        """Leave it to `Pings`, which does not go by the wall clock."""
        if self.closed:
            raise SocketIsClosedError
        return True

    async def send(self, pkt: packet.Packet) -> None:
        """Send one of the library's own packets."""
        if self.link is None:
            await super().send(pkt)
        else:
            self.link.write(text_frame(pkt.encode().encode()))

    async def _upgrade_websocket(self, environ: dict[str, Any]) -> Any:
        self.environ = environ
        return await super()._upgrade_websocket(environ)

    async def _websocket_handler(self, ws: Any) -> None:
        """Serve a WebSocket until it ends; the library calls it once the handshake is done."""
        link = link_of(self.environ["asgi.scope"]) if self.environ else None
        if link is None or not link.adopt(self._take):
            await super()._websocket_handler(ws)
            return
        if self.connected and not await self._upgrade(ws):
            return
        self.connected = self.upgraded = True
        self._switch_to(link)
        try:
            while True:
                await self._receive_one(await ws.wait())
        except (OSError, EngineIOError):
            link.end()
        await self.close(wait=False, abort=True, reason=self.server.reason.TRANSPORT_CLOSE)

    async def _upgrade(self, ws: Any) -> bool:
        """Take a polling client over: probe, end its poll, wait for its word (engine.io protocol 4, "Upgrade")."""
        self.upgrading = True
        try:
            if await ws.wait() != "2probe":
                return False
            await ws.send("3probe")
            await self.queue.put(packet.Packet(packet.NOOP))  # ends the poll
            return bool(await ws.wait() == "5")
        except OSError:
            return False
        finally:
            self.upgrading = False

    def _switch_to(self, link: Link) -> None:
        while not self.queue.empty():
            waiting = self.queue.get_nowait()
            self.queue.task_done()
            if waiting is not None:
                link.write(text_frame(waiting.encode().encode()))
        self.link, self.queue = link, NOTHING
        if self.environ is not None:
            self.environ.clear()  # held by the library while the socket is open: an idle one keeps little
            self.environ = None

    async def _receive_one(self, text: Any) -> None:
        self.busy = True
        try:
            await self.receive(packet.Packet(encoded_packet=text))
        except (ValueError, KeyError, IndexError) as error:
            log.info("packet_unreadable", error=type(error).__name__)
            raise OSError from error
        finally:
            self.busy = False

    def _take(self, text: bytes) -> bool:
        link = self.link
        if link is None or self.busy or link.has_unread:
            return False  # behind what waits already
        if text == b"3":
            self.schedule_ping()
            return True
        return self.take_event is not None and self.take_event(text)
