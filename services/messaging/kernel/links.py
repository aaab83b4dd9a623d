"""The direct way between a WebSocket and the sockets' hub: frames in without a task, frames out without a copy.

With the ways of the libraries each message from a client passes two queues and two tasks, and each message to it is
one write to the kernel; that is most of what a message costs (docs/performance.md). Here a text frame is handed on
from the call that received it, and all that a socket is to get in one turn of the event loop is one write.

The only module that uses inner parts of uvicorn, pinned by uv.lock and held by tests/messaging/kernel/test_links.py.
Frames that are no plain text, the handshake and the close stay the business of uvicorn and websockets.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any, Final

from prometheus_client import Counter
from uvicorn.config import Config
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from uvicorn.server import ServerState
from websockets.http11 import Request
from websockets.utils import apply_mask

from messaging.kernel.frames import FINAL_TEXT, MASK_BYTES, MASKED, find_frame

EXTENSION: Final = "messaging.link"
MAX_BUFFERED_BYTES: Final = 1024 * 1024
"""What may wait for a socket that reads slowly; more, and it is dropped."""
CLOSE_WITHIN_S: Final = 1.0
SLICE: Final = 256
"""How many of a crowd are written to in one turn of the event loop: about 2 ms."""
OPCODES_OF_MESSAGES: Final = frozenset({0x0, 0x1, 0x2})

SLOW = Counter("messaging_sockets_dropped_total", "Sockets dropped because they read too slowly")


class Arrivals:
    """What uvicorn puts aside for the application, as its queue does, in a tenth of the memory: one reader only."""

    __slots__ = ("_items", "_waiting")

    def __init__(self) -> None:
        self._items: list[Any] = []
        self._waiting: asyncio.Future[None] | None = None

    def put_nowait(self, item: Any) -> None:
        """Put something aside and wake the reader."""
        self._items.append(item)
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)

    async def get(self) -> Any:
        """Wait for the next thing and take it."""
        while not self._items:
            self._waiting = asyncio.get_running_loop().create_future()
            try:
                await self._waiting
            finally:
                self._waiting = None
        return self._items.pop(0)

    def empty(self) -> bool:
        """Tell whether nothing waits."""
        return not self._items


class Writing:
    """Who has something to be written: few are written to at once, a crowd in slices, so that nobody else waits.

    A link that is in the crowd and then has something of its own to be told is told both, in order, at once.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._soon: list[Link] = []
        self._crowd: deque[Link] = deque()
        self._scheduled = False

    def add(self, link: "Link", *, crowd: bool) -> None:
        """Have a link written to in this turn of the event loop, or in one of the next."""
        (self._crowd if crowd else self._soon).append(link)
        if not self._scheduled:
            self._scheduled = True
            self._loop.call_soon(self._write)

    def _write(self) -> None:
        soon, self._soon = self._soon, []
        for link in soon:
            link.flush()
        for _ in range(min(SLICE, len(self._crowd))):
            self._crowd.popleft().flush()
        self._scheduled = bool(self._crowd)
        if self._scheduled:
            self._loop.call_soon(self._write)


class Link(WebSocketsSansIOProtocol):
    """A WebSocket of uvicorn's that can be read and written without its queue, once it is adopted."""

    take: Callable[[bytes], bool] | None = None
    """Takes a message at once, or answers False to have it wait for the application's next `receive`."""

    def __init__(self, config: Config, server_state: ServerState, *args: Any, **options: Any) -> None:
        super().__init__(config, server_state, *args, **options)
        self._writing = writing_of(server_state, self.loop)
        self.queue = Arrivals()  # type: ignore[assignment]  # all that is used of the queue
        self._outgoing: list[bytes] = []
        self._in_crowd = False
        self._unread = b""
        self._fragmented = False

    def handle_connect(self, event: Request) -> None:
        """Accept the handshake and name this object to the application."""
        super().handle_connect(event)
        if self.response.status_code == 101:
            self.scope["extensions"] = {**(self.scope["extensions"] or {}), EXTENSION: {"link": self}}

    def adopt(self, take: Callable[[bytes], bool]) -> bool:
        """Have messages handed to `take` from now on; False where the library holds part of a frame already."""
        if self.conn.reader.buffer:
            return False
        self.take = take
        del self.request, self.response
        self.scope["headers"] = []  # an idle socket keeps nothing of its handshake
        return True

    @property
    def has_unread(self) -> bool:
        """Whether messages wait for the application's next `receive`."""
        return not self.queue.empty()

    def write(self, frame: bytes, *, crowd: bool = False) -> None:
        """Send a frame with all others of this turn of the event loop; `crowd` where very many get it."""
        outgoing = self._outgoing
        outgoing.append(frame)
        if len(outgoing) == 1 or (self._in_crowd and not crowd):
            self._in_crowd = crowd
            self._writing.add(self, crowd=crowd)

    def end(self) -> None:
        """Close in good order; a client that does not read is cut off soon after."""
        self.flush()
        if self.transport.is_closing():
            return
        if not self.close_sent:
            self.close_sent = True
            self.conn.send_close(1000)
            self.transport.write(b"".join(self.conn.data_to_send()))
        self.transport.close()
        self.loop.call_later(CLOSE_WITHIN_S, self.transport.abort)

    def data_received(self, data: bytes) -> None:
        """Cut the stream into frames: plain text is taken at once, all else is the library's, frame by frame."""
        if self.take is None:
            super().data_received(data)
            return
        if self._unread:
            data = self._unread + data
        start, size = 0, len(data)
        while (found := find_frame(data, start)) is not None:
            body, end = found
            if end > size and end - start <= self.config.ws_max_size:
                break
            if data[start] == FINAL_TEXT and data[start + 1] & MASKED and not self._fragmented and end <= size:
                self._take_text(data[body + MASK_BYTES : end], data[body : body + MASK_BYTES])
            else:  # one that is too long is passed on as far as it has come, to be refused
                self._pass_on(data[start:end])
            start = end
        self._unread = data[start:] if start < size else b""

    def _take_text(self, masked: bytes, mask: bytes) -> None:
        text = apply_mask(masked, mask)
        if self.close_sent or (self.take is not None and self.take(text)):
            return
        self.curr_msg_data_type, self.frames = "text", [text]
        self.send_receive_event_to_app()

    def _pass_on(self, frame: bytes) -> None:
        if frame[0] & 0x0F in OPCODES_OF_MESSAGES:
            self._fragmented = not frame[0] & 0x80
        super().data_received(frame)

    def flush(self) -> None:
        """Write what is waiting; a socket that has not read too much of the former is cut off."""
        outgoing, self._outgoing = self._outgoing, []
        transport = self.transport
        if not outgoing or self.close_sent or transport.is_closing():
            return
        transport.write(outgoing[0] if len(outgoing) == 1 else b"".join(outgoing))
        if transport.get_write_buffer_size() > MAX_BUFFERED_BYTES:
            SLOW.inc()
            transport.abort()


def writing_of(server_state: ServerState, loop: asyncio.AbstractEventLoop) -> Writing:
    """The one of a uvicorn server."""
    writing: Writing | None = getattr(server_state, "messaging_writing", None)
    if writing is None:
        writing = Writing(loop)
        server_state.messaging_writing = writing  # type: ignore[attr-defined]  # the only object that its links share
    return writing


def link_of(scope: Mapping[str, Any]) -> Link | None:
    """The link behind an ASGI scope, or None where the server makes none."""
    link: Link | None = (scope.get("extensions") or {}).get(EXTENSION, {}).get("link")
    return link
