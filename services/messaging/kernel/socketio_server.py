"""python-socketio's server as we use it, and its packets for the namespace `/` (Socket.IO protocol 5).

The only module that uses inner parts of python-socketio, pinned by uv.lock and held by
tests/messaging/kernel/test_sockets.py and test_links.py.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeVar

import orjson
import socketio
import structlog

from messaging.kernel.frames import text_frame

log = structlog.get_logger(__name__)

SocketT = TypeVar("SocketT")

MAX_EVENT_BYTES: Final = 128 * 1024
PING_INTERVAL_S, PING_TIMEOUT_S = 25, 20
EVENT, ACKNOWLEDGEMENT = b"42", b"43"
"""Engine.io's type of a message and Socket.IO's of a packet, in the namespace `/`."""


class Json:
    """orjson in the form that python-socketio calls."""

    @staticmethod
    def dumps(value: Any, **_options: Any) -> str:
        """Encode; UUIDs and times included."""
        return orjson.dumps(value).decode()

    @staticmethod
    def loads(text: str | bytes, **_options: Any) -> Any:
        """Decode."""
        return orjson.loads(text)


class Outgoing:
    """A packet for clients, encoded once for any number of sockets."""

    __slots__ = ("frame", "payload")

    def __init__(self, payload: bytes) -> None:
        self.payload = payload
        self.frame = text_frame(payload)

    @classmethod
    def event(cls, name: str, body: bytes) -> "Outgoing":
        """An event with one argument, given as JSON."""
        return cls(b'%s["%s",%s]' % (EVENT, name.encode(), body))

    @classmethod
    def acknowledgement(cls, ack_id: int, body: bytes) -> "Outgoing":
        """The answer to the client's event of that number, given as JSON."""
        return cls(b"%s%d[%s]" % (ACKNOWLEDGEMENT, ack_id, body))


def read_event(packet: bytes) -> tuple[int | None, Any] | None:
    """Read `42<id>["event",payload]`: the number and the list; None where it is something else, or broken."""
    start = packet.find(b"[", 2, 24)
    number = packet[2:start]
    if start < 0 or not packet.startswith(EVENT) or not (number.isdigit() or not number):
        return None
    try:
        return int(number) if number else None, orjson.loads(packet[start:])
    except orjson.JSONDecodeError:
        return None


class Server(socketio.AsyncServer):  # type: ignore[misc]  # the library has no types
    """python-socketio's server with events handed on at once; acknowledgements are sent when they are there."""

    def __init__(self, sockets: Mapping[str, SocketT], dispatch: Callable[[SocketT, int | None, Any], None]) -> None:
        super().__init__(
            async_mode="asgi",
            async_handlers=False,  # the default breaks the order of one sender's events
            json=Json,
            cors_allowed_origins=[],  # the gateway's business; the token travels in the payload, never in a cookie
            max_http_buffer_size=MAX_EVENT_BYTES,
            ping_interval=PING_INTERVAL_S,
            ping_timeout=PING_TIMEOUT_S,
            http_compression=False,
            logger=False,
            engineio_logger=False,
        )
        self._sockets = sockets
        self._dispatch = dispatch

    async def _handle_event(self, eio_sid: str, namespace: str | None, id: int | None, data: Any) -> None:  # noqa: A002
        socket = self._sockets.get(self.manager.sid_from_eio_sid(eio_sid, namespace or "/"))
        if socket is not None:
            self._dispatch(socket, id, data)

    async def _handle_eio_message(self, eio_sid: str, data: Any) -> None:
        """Handle a packet; one that cannot be read ends the connection instead of filling the log with traces."""
        try:
            await super()._handle_eio_message(eio_sid, data)
        except (ValueError, TypeError, LookupError, AttributeError) as error:
            log.info("packet_unreadable", error=type(error).__name__)
            engine = self.eio.sockets.get(eio_sid)
            if engine is not None:
                engine.end()
