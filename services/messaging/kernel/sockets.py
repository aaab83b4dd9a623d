"""Socket.IO for one service: who is connected, checked at CONNECT and while connected, and emits to people.

A client's events are handed to their handlers in order and without waiting: engine.io awaits whatever its receive loop
calls, so a handler that waited there would hold up pongs, and a database that stands still would close every socket.

An event is encoded once for all its receivers and goes out by `engine.py` and `links.py`. A socket that reads too
slowly is dropped and catches up by `sync`.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, KeysView
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

import structlog
from messaging_wire import problems
from messaging_wire.auth import Revocation
from messaging_wire.ids import UserId
from messaging_wire.realtime import Acknowledged, RefreshEvent, Refused, SessionEnded
from prometheus_client import Gauge
from pydantic import BaseModel
from socketio.exceptions import ConnectionRefusedError as Refusal

from messaging.kernel.clock import Clock
from messaging.kernel.engine import EngineSocket, Pings
from messaging.kernel.errors import ProblemError
from messaging.kernel.problems import to_problem
from messaging.kernel.revocations import RevocationList
from messaging.kernel.socketio_server import Outgoing, Server, read_event
from messaging.kernel.tokens import SKEW, Caller, CallerVerifier, invalid_token

log = structlog.get_logger(__name__)

MAX_UNANSWERED = 256
"""Events of one socket that may be under way at once; more are refused as unavailable."""
CONNECT_WITHIN_S = 5.0
CLOSE_WITHIN_S = 1.0

CONNECTED = Gauge("messaging_sockets_connected", "Open sockets", ["service"])
CROWD = 256
"""An event for more sockets than these is written in slices, between which others have their turn."""


class Answer(Protocol):
    """What an event is acknowledged with, where it is no model."""

    def acknowledgement(self) -> bytes:
        """The acknowledgement as JSON."""
        ...


@dataclass(slots=True)
class Socket:
    """One connected socket; `caller` is renewed by the event `refresh`."""

    sid: str
    engine: EngineSocket
    caller: Caller
    expiry: asyncio.TimerHandle | None = None
    unanswered: int = 0

    def put(self, outgoing: Outgoing, *, crowd: bool = False) -> None:
        """Send an event, in the order of the calls; `crowd` where very many get it."""
        self.engine.put_frame(outgoing.frame, outgoing.payload, crowd=crowd)


Handler = Callable[[Socket, Any], Awaitable[BaseModel | Answer]]
"""Answers a client event with its acknowledgement; raises ProblemError to refuse.

Called in the order of the socket's events. What must happen in that order is done before it returns its awaitable: a
coroutine function does nothing in order, a function that queues and returns a future does.
"""


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
        self._by_user: dict[UserId, list[Socket]] = {}
        self._pings = Pings()
        self._tasks: set[asyncio.Future[Any]] = set()
        self.on_connected: Callable[[Socket], Awaitable[None]] | None = None
        self.on_disconnected: Callable[[Socket], Awaitable[None]] | None = None
        self._handlers: dict[str, Handler] = {}
        self.server = Server(self._sockets, self._dispatch)
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

    def _take_event(self, socket: Socket, packet: bytes) -> bool:
        """Take an event at once; other packets, and what cannot be read, are the library's."""
        event = read_event(packet)
        if event is None:
            return False
        self._dispatch(socket, *event)
        return True

    def _dispatch(self, socket: Socket, ack_id: int | None, data: Any) -> None:
        """Start the work that an event asks for; its acknowledgement follows when that is done."""
        try:
            work = asyncio.ensure_future(self._start(socket, data))
        except Exception as error:
            self._acknowledge(socket, ack_id, refused(to_problem(error)))
            return
        socket.unanswered += 1
        self._tasks.add(work)
        work.add_done_callback(lambda done: self._finish(socket, ack_id, done))

    def _start(self, socket: Socket, data: Any) -> Awaitable[BaseModel | Answer]:
        name, payload = (data[0], data[1] if len(data) > 1 else None) if isinstance(data, list) and data else ("", None)
        handler = self._handlers.get(name) if isinstance(name, str) else None
        if handler is None:
            raise ProblemError(problems.NOT_FOUND, "no such event")
        if socket.unanswered >= MAX_UNANSWERED:
            raise ProblemError(problems.UNAVAILABLE, "too many events of this socket are under way")
        return handler(socket, payload)

    def _finish(self, socket: Socket, ack_id: int | None, done: "asyncio.Future[BaseModel | Answer]") -> None:
        self._tasks.discard(done)
        socket.unanswered -= 1
        if done.cancelled():
            answer: BaseModel | Answer = refused(ProblemError(problems.UNAVAILABLE, "the service is stopping"))
        else:
            error = done.exception()
            answer = refused(to_problem(error)) if isinstance(error, Exception) else done.result()
        self._acknowledge(socket, ack_id, answer)

    def _acknowledge(self, socket: Socket, ack_id: int | None, answer: BaseModel | Answer) -> None:
        if ack_id is None:
            return
        body = answer.model_dump_json().encode() if isinstance(answer, BaseModel) else answer.acknowledgement()
        socket.put(Outgoing.acknowledgement(ack_id, body))

    def connected_users(self) -> KeysView[UserId]:
        """The people with at least one socket here."""
        return self._by_user.keys()

    def is_connected(self, user_id: UserId) -> bool:
        """Tell whether the person has a socket here."""
        return user_id in self._by_user

    def sockets_of(self, users: Iterable[UserId]) -> list[Socket]:
        """All sockets of those people on this replica."""
        by_user = self._by_user
        return [socket for user in users if user in by_user for socket in by_user[user]]

    def emit(self, users: Iterable[UserId], event: str, payload: BaseModel) -> None:
        """Send an event to all sockets of `users` on this replica, in the order of the calls."""
        targets = self.sockets_of(users)
        if targets:
            outgoing, crowd = encode(event, payload), len(targets) > CROWD
            for socket in targets:
                socket.put(outgoing, crowd=crowd)

    async def _engine_connect(self, eio_sid: str, environ: dict[str, Any]) -> Any:
        """Close an engine.io session that sends no CONNECT in time."""
        EngineSocket.of(self.server.eio.sockets[eio_sid], self._pings)
        asyncio.get_running_loop().call_later(CONNECT_WITHIN_S, self._close_silent, eio_sid)
        return await self.server._handle_eio_connect(eio_sid, environ)  # noqa: SLF001 - see the module's docstring

    def _close_silent(self, eio_sid: str) -> None:
        engine = self.server.eio.sockets.get(eio_sid)
        if engine is not None and engine.take_event is None:
            self._spawn(self._close(engine))

    async def _connect(self, sid: str, _environ: dict[str, Any], auth: Any = None) -> None:
        token = auth.get("token") if isinstance(auth, dict) else None
        try:
            if not isinstance(token, str):
                raise invalid_token("CONNECT needs auth {token}")
            caller = self._verifier.caller(token, remember=False)
        except ProblemError as error:
            raise Refusal(error.problem.urn, error.body().model_dump(mode="json")) from None
        engine = self.server.eio.sockets[self.server.manager.eio_sid_from_sid(sid, "/")]
        socket = Socket(sid=sid, engine=engine, caller=caller)
        engine.take_event = lambda packet: self._take_event(socket, packet)
        self._sockets[sid] = socket
        self._by_user.setdefault(caller.user_id, []).append(socket)
        self._watch_expiry(socket)
        CONNECTED.labels(self.service).inc()
        if self.on_connected is not None:
            await self.on_connected(socket)

    async def _disconnect(self, sid: str, _reason: str = "") -> None:
        socket = self._sockets.pop(sid, None)
        if socket is None:
            return
        socket.engine.take_event = None
        if socket.expiry is not None:
            socket.expiry.cancel()
        left = self._by_user[socket.caller.user_id]
        left.remove(socket)
        if not left:
            del self._by_user[socket.caller.user_id]
        CONNECTED.labels(self.service).dec()
        if self.on_disconnected is not None:
            await self.on_disconnected(socket)

    async def _refresh(self, socket: Socket, payload: Any) -> BaseModel:
        caller = self._verifier.caller(RefreshEvent.model_validate(payload).token, remember=False)
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
        socket.expiry = loop.call_later(left, lambda: self._spawn(self._drop(socket, "token-expired")))

    def _revoked(self, entry: Revocation) -> None:
        for socket in self.sockets_of([entry.user_id]):
            caller = socket.caller
            if entry.session_id in (None, str(caller.session_id)) and caller.issued_at <= entry.not_before:
                self._spawn(self._drop(socket, "session-ended"))

    async def _drop(self, socket: Socket, reason: str) -> None:
        """Tell a socket why, then close it."""
        if socket.sid not in self._sockets:
            return
        socket.put(encode("session_ended", SessionEnded(reason=reason)))
        await self.server.disconnect(socket.sid)
        await self._close(socket.engine)

    async def close_all(self) -> None:
        """Close every socket of this replica; clients reconnect elsewhere and `sync`."""
        await asyncio.gather(*(self._close(socket.engine) for socket in list(self._sockets.values())))

    async def _close(self, engine: EngineSocket) -> None:
        """End an engine.io session, also one that reads nothing, for which the library would wait for ever."""
        with suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_WITHIN_S):
                await self.server.eio.disconnect(engine.sid)
        engine.end()
        self.server.eio.sockets.pop(engine.sid, None)

    def _spawn(self, work: Any) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def encode(event: str, payload: BaseModel) -> Outgoing:
    """Encode an event once, for any number of sockets."""
    return Outgoing.event(event, payload.model_dump_json().encode())


def refused(error: ProblemError) -> Refused:
    """The acknowledgement of a refused event."""
    return Refused(problem=error.body())


def seconds_until(moment: datetime, clock: Clock) -> float:
    """How long until `moment`, at least 0."""
    return max(0.0, (moment - clock.now()).total_seconds())
