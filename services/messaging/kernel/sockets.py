"""Socket.IO for one service: who is connected, checked at CONNECT and while connected, and emits to people.

A client's events are handed to their handlers in order and without waiting: engine.io awaits whatever its receive loop
calls, so a handler that waited there would hold up pongs, and a database that stands still would close every socket.

The only module that uses inner parts of python-socketio and engine.io (pinned by uv.lock, held by
tests/messaging/kernel/test_sockets.py): an event is encoded once and put on the queue of each receiver's engine.io
socket, without a task per socket. A queue that is full means a slow client: it is dropped and catches up by `sync`.
"""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, KeysView
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
import socketio
import structlog
from engineio import packet as eio_packet
from messaging_wire import problems
from messaging_wire.auth import Revocation
from messaging_wire.ids import UserId
from messaging_wire.realtime import Acknowledged, RefreshEvent, Refused, SessionEnded
from prometheus_client import Counter, Gauge
from pydantic import BaseModel
from socketio import packet as sio_packet
from socketio.exceptions import ConnectionRefusedError as Refusal

from messaging.kernel.clock import Clock
from messaging.kernel.errors import ProblemError
from messaging.kernel.problems import to_problem
from messaging.kernel.revocations import RevocationList
from messaging.kernel.tokens import SKEW, Caller, CallerVerifier, invalid_token

log = structlog.get_logger(__name__)

MAX_QUEUED = 1024
MAX_EVENT_BYTES = 128 * 1024
MAX_UNANSWERED = 256
"""Events of one socket that may be under way at once; more are refused as unavailable."""
CONNECT_WITHIN_S = 5.0
CLOSE_WITHIN_S = 1.0
PING_INTERVAL_S, PING_TIMEOUT_S = 25, 20

CONNECTED = Gauge("messaging_sockets_connected", "Open sockets", ["service"])
SLOW = Counter("messaging_sockets_dropped_total", "Sockets dropped because they read too slowly", ["service"])


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


@dataclass
class Socket:
    """One connected socket; `caller` is renewed by the event `refresh`."""

    sid: str
    eio_sid: str
    caller: Caller
    expiry: asyncio.TimerHandle | None = None
    unanswered: int = 0


Handler = Callable[[Socket, Any], Awaitable[BaseModel]]
"""Answers a client event with its acknowledgement; raises ProblemError to refuse.

Called in the order of the socket's events. What must happen in that order is done before it returns its awaitable: a
coroutine function does nothing in order, a function that queues and returns a future does.
"""


class _Server(socketio.AsyncServer):  # type: ignore[misc]  # the library has no types
    """python-socketio's server with events handed on at once; acknowledgements are sent when they are there."""

    dispatch: Callable[[str, int | None, Any], None]

    async def _handle_event(self, eio_sid: str, namespace: str | None, id: int | None, data: Any) -> None:  # noqa: A002
        sid = self.manager.sid_from_eio_sid(eio_sid, namespace or "/")
        if self.manager.is_connected(sid, namespace or "/"):
            self.dispatch(sid, id, data)


class SocketHub:
    """The Socket.IO server of one service and the people connected to this replica."""

    def __init__(
        self, *, service: str, path: str, verifier: CallerVerifier, revocations: RevocationList, clock: Clock
    ) -> None:
        self.service = service
        self.path = path
        self._verifier = verifier
        self._clock = clock
        self._sockets: dict[str, Socket] = {}
        self._by_user: dict[UserId, set[str]] = defaultdict(set)
        self._tasks: set[asyncio.Future[Any]] = set()
        self.on_connected: Callable[[Socket], Awaitable[None]] | None = None
        self.on_disconnected: Callable[[Socket], Awaitable[None]] | None = None
        self._handlers: dict[str, Handler] = {}
        self.server = _Server(
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
        self.server.dispatch = self._dispatch
        self.server.on("connect", self._connect)
        self.server.on("disconnect", self._disconnect)
        self.server.eio.on("connect", self._engine_connect)
        revocations.listen(self._revoked)
        self.on("refresh", self._refresh)

    def on(self, event: str, handler: Handler) -> None:
        """Answer the client event `event` by `handler`, with problems as `{"ok": false, "problem": …}`."""
        self._handlers[event] = handler

    def events(self) -> KeysView[str]:
        """The client events that are answered."""
        return self._handlers.keys()

    def _dispatch(self, sid: str, ack_id: int | None, data: Any) -> None:
        """Start the work that an event asks for; its acknowledgement follows when that is done."""
        socket = self._sockets.get(sid)
        if socket is None:
            return
        try:
            work = asyncio.ensure_future(self._start(socket, data))
        except Exception as error:
            self._acknowledge(socket, ack_id, refused(to_problem(error)))
            return
        socket.unanswered += 1
        self._tasks.add(work)
        work.add_done_callback(lambda done: self._finish(socket, ack_id, done))

    def _start(self, socket: Socket, data: Any) -> Awaitable[BaseModel]:
        name, payload = (data[0], data[1] if len(data) > 1 else None) if isinstance(data, list) and data else ("", None)
        handler = self._handlers.get(name) if isinstance(name, str) else None
        if handler is None:
            raise ProblemError(problems.NOT_FOUND, "no such event")
        if socket.unanswered >= MAX_UNANSWERED:
            raise ProblemError(problems.UNAVAILABLE, "too many events of this socket are under way")
        return handler(socket, payload)

    def _finish(self, socket: Socket, ack_id: int | None, done: "asyncio.Future[BaseModel]") -> None:
        self._tasks.discard(done)
        socket.unanswered -= 1
        if done.cancelled():
            answer: BaseModel = refused(ProblemError(problems.UNAVAILABLE, "the service is stopping"))
        else:
            error = done.exception()
            answer = refused(to_problem(error)) if isinstance(error, Exception) else done.result()
        self._acknowledge(socket, ack_id, answer)

    def _acknowledge(self, socket: Socket, ack_id: int | None, answer: BaseModel) -> None:
        if ack_id is not None:
            body = f"{sio_packet.ACK}{ack_id}[{answer.model_dump_json()}]"
            self._put([socket.sid], eio_packet.Packet(eio_packet.MESSAGE, body))

    def connected_users(self) -> KeysView[UserId]:
        """The people with at least one socket here."""
        return self._by_user.keys()

    def is_connected(self, user_id: UserId) -> bool:
        """Tell whether the person has a socket here."""
        return user_id in self._by_user

    def emit(self, users: Iterable[UserId], event: str, payload: BaseModel) -> None:
        """Send an event to all sockets of `users` on this replica, in the order of the calls."""
        targets = [sid for user in users if user in self._by_user for sid in self._by_user[user]]
        if targets:
            self._put(targets, self.encode(event, payload))

    def emit_encoded(self, users: Iterable[UserId], packet: eio_packet.Packet) -> None:
        """Send what `encode` made."""
        self._put([sid for user in users if user in self._by_user for sid in self._by_user[user]], packet)

    def emit_to(self, sid: str, event: str, payload: BaseModel) -> None:
        """Send an event to one socket."""
        self._put([sid], self.encode(event, payload))

    def encode(self, event: str, payload: BaseModel) -> eio_packet.Packet:
        """Encode an event once, for any number of sockets."""
        body = f'["{event}",{payload.model_dump_json(exclude_none=False)}]'
        return eio_packet.Packet(eio_packet.MESSAGE, f"{sio_packet.EVENT}{body}")

    def _put(self, sids: Iterable[str], packet: eio_packet.Packet) -> None:
        for sid in sids:
            socket = self._sockets.get(sid)
            engine = self.server.eio.sockets.get(socket.eio_sid) if socket else None
            if engine is None or engine.closed:
                continue
            if engine.queue.qsize() >= MAX_QUEUED:
                SLOW.labels(self.service).inc()
                self._spawn(self._drop(sid, "too slow"))
                continue
            engine.queue.put_nowait(packet)

    async def _engine_connect(self, eio_sid: str, environ: dict[str, Any]) -> Any:
        """Close an engine.io session that sends no CONNECT in time."""
        asyncio.get_running_loop().call_later(CONNECT_WITHIN_S, self._close_silent, eio_sid)
        return await self.server._handle_eio_connect(eio_sid, environ)  # noqa: SLF001 - see the module's docstring

    def _close_silent(self, eio_sid: str) -> None:
        if eio_sid in self.server.eio.sockets and not any(s.eio_sid == eio_sid for s in self._sockets.values()):
            self._spawn(self._close(eio_sid))

    async def _connect(self, sid: str, _environ: dict[str, Any], auth: Any = None) -> None:
        token = auth.get("token") if isinstance(auth, dict) else None
        try:
            if not isinstance(token, str):
                raise invalid_token("CONNECT needs auth {token}")
            caller = self._verifier.caller(token)
        except ProblemError as error:
            raise Refusal(error.problem.urn, error.body().model_dump(mode="json")) from None
        eio_sid = self.server.manager.eio_sid_from_sid(sid, "/")
        socket = Socket(sid=sid, eio_sid=eio_sid, caller=caller)
        self._sockets[sid] = socket
        self._by_user[caller.user_id].add(sid)
        self._watch_expiry(socket)
        CONNECTED.labels(self.service).inc()
        if self.on_connected is not None:
            await self.on_connected(socket)

    async def _disconnect(self, sid: str, _reason: str = "") -> None:
        socket = self._sockets.pop(sid, None)
        if socket is None:
            return
        if socket.expiry is not None:
            socket.expiry.cancel()
        sids = self._by_user[socket.caller.user_id]
        sids.discard(sid)
        if not sids:
            del self._by_user[socket.caller.user_id]
        CONNECTED.labels(self.service).dec()
        if self.on_disconnected is not None:
            await self.on_disconnected(socket)

    async def _refresh(self, socket: Socket, payload: Any) -> BaseModel:
        caller = self._verifier.caller(RefreshEvent.model_validate(payload).token)
        if (caller.user_id, caller.session_id) != (socket.caller.user_id, socket.caller.session_id):
            raise ProblemError(problems.FORBIDDEN, "the token is of another person or session")
        socket.caller = caller
        self._watch_expiry(socket)
        return Acknowledged()

    def _watch_expiry(self, socket: Socket) -> None:
        if socket.expiry is not None:
            socket.expiry.cancel()
        left = seconds_until(socket.caller.expires_at, self._clock) + SKEW.total_seconds()
        loop = asyncio.get_running_loop()
        socket.expiry = loop.call_later(left, lambda: self._spawn(self._drop(socket.sid, "token-expired")))

    def _revoked(self, entry: Revocation) -> None:
        for sid in list(self._by_user.get(entry.user_id, ())):
            caller = self._sockets[sid].caller
            if entry.session_id in (None, str(caller.session_id)) and caller.issued_at <= entry.not_before:
                self._spawn(self._drop(sid, "session-ended"))

    async def _drop(self, sid: str, reason: str) -> None:
        """Tell a socket why, then close it."""
        socket = self._sockets.get(sid)
        if socket is None:
            return
        await self.server.emit("session_ended", SessionEnded(reason=reason).model_dump(mode="json"), to=sid)
        await self.server.disconnect(sid)
        await self._close(socket.eio_sid)

    async def close_all(self) -> None:
        """Close every socket of this replica; clients reconnect elsewhere and `sync`."""
        await asyncio.gather(*(self._close(socket.eio_sid) for socket in list(self._sockets.values())))

    async def _close(self, eio_sid: str) -> None:
        """End an engine.io session, also one that reads nothing, for which the library would wait for ever."""
        engine = self.server.eio.sockets.get(eio_sid)
        with suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_WITHIN_S):
                await self.server.eio.disconnect(eio_sid)
        if engine is not None:
            engine.queue.put_nowait(None)  # ends the writer, which closes the WebSocket of a client that does not
        self.server.eio.sockets.pop(eio_sid, None)

    def _spawn(self, work: Any) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def refused(error: ProblemError) -> Refused:
    """The acknowledgement of a refused event."""
    return Refused(problem=error.body())


def seconds_until(moment: datetime, clock: Clock) -> float:
    """How long until `moment`, at least 0."""
    return max(0.0, (moment - clock.now()).total_seconds())
