"""One Socket.IO connection over WebSocket, from CONNECT to its end: typed calls out, typed events in."""

import asyncio
import contextlib
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar

import aiohttp
import socketio
from messaging_wire.base import Request
from messaging_wire.conversation import Receipt
from messaging_wire.message import Message
from messaging_wire.problems import Problem
from messaging_wire.realtime import (
    MESSAGE_PATH,
    Acknowledged,
    ConversationChanged,
    InvitationMade,
    Refused,
    Resync,
    SessionEnded,
    Typing,
)
from pydantic import BaseModel, ValidationError

from messaging_client.errors import BadAnswerError, ClientError, UnreachableError, problem_error

AnswerModel = TypeVar("AnswerModel", bound=BaseModel)

Event = Message | Receipt | Typing | ConversationChanged | InvitationMade | Resync | SessionEnded

EVENTS: dict[str, type[Event]] = {
    "message": Message,
    "message_updated": Message,
    "receipt": Receipt,
    "typing": Typing,
    "conversation": ConversationChanged,
    "invitation": InvitationMade,
    "resync": Resync,
    "session_ended": SessionEnded,
}
"""The server's events that this client knows; others are ignored, as events may be added."""

CALL_TIMEOUT = timedelta(seconds=30)
CONNECT_TIMEOUT = timedelta(seconds=10)


class ConnectionLostError(UnreachableError):
    """The connection ended; what was under way may or may not have been carried out."""


@dataclass(frozen=True)
class _Ended:
    reason: str


class Connection:
    """Open by `open`, then read events by `next_event` and make calls; ends by `close` or by ConnectionLostError."""

    def __init__(self) -> None:
        self._events: asyncio.Queue[Event | _Ended] = asyncio.Queue()
        self._lost = asyncio.Event()
        self._refusal: object = None
        self._http: aiohttp.ClientSession | None = None
        self._client: Any = None

    async def open(self, base_url: str, token: str, *, path: str = MESSAGE_PATH) -> None:
        """Connect; from now on every event is kept until it is read. Never reconnects by itself.

        Raises:
            UnreachableError: the server does not answer.
            ProblemError: the server refused the token.
        """
        self._http = aiohttp.ClientSession(trust_env=True)
        self._client = socketio.AsyncClient(reconnection=False, handle_sigint=False, http_session=self._http)
        # Plain functions: the library calls them in the order of the frames.
        self._client.on("*", self._receive)
        self._client.on("disconnect", self._end)
        self._client.on("connect_error", self._refuse)
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT.total_seconds()):
                await self._client.connect(
                    base_url,
                    auth={"token": token},
                    transports=["websocket"],
                    socketio_path=path,
                    wait_timeout=CONNECT_TIMEOUT.total_seconds(),
                )
        except (socketio.exceptions.SocketIOError, TimeoutError) as error:
            raise self._refused(error) from error

    async def call(self, event: str, payload: Request, answer: type[AnswerModel]) -> AnswerModel:
        """Emit an event and return its acknowledgement.

        Raises:
            ConnectionLostError: the connection ended, or no acknowledgement came in time.
            ProblemError: the platform refused.
        """
        reply: asyncio.Future[Any] = asyncio.get_running_loop().create_future()

        def settle(*arguments: object) -> None:
            if not reply.done():
                reply.set_result(arguments[0] if arguments else None)

        try:
            await self._client.emit(event, payload.model_dump(mode="json", exclude_unset=True), callback=settle)
        except socketio.exceptions.SocketIOError as error:
            raise ConnectionLostError(f"the connection ended before {event} was sent") from error
        await self._either(reply, event)
        return _acknowledged(reply.result(), answer)

    async def next_event(self) -> Event:
        """Wait for the next event; raises ConnectionLostError at the end of the connection."""
        event = await self._events.get()
        if isinstance(event, _Ended):
            self._events.put_nowait(event)
            raise ConnectionLostError(event.reason)
        return event

    async def close(self) -> None:
        """Leave; may be called again."""
        if self._client is not None:
            with contextlib.suppress(socketio.exceptions.SocketIOError):
                await self._client.disconnect()
        if self._http is not None:
            await self._http.close()

    async def _either(self, reply: "asyncio.Future[Any]", event: str) -> None:
        lost = asyncio.ensure_future(self._lost.wait())
        try:
            await asyncio.wait({reply, lost}, timeout=CALL_TIMEOUT.total_seconds(), return_when=asyncio.FIRST_COMPLETED)
        finally:
            lost.cancel()
        if not reply.done():
            raise ConnectionLostError(f"{event} was not acknowledged")

    def _receive(self, event: str, *arguments: object) -> None:
        model = EVENTS.get(event)
        if model is None:
            return
        try:
            self._events.put_nowait(model.model_validate(arguments[0] if arguments else None))
        except ValidationError:
            # What cannot be read may have been news: ask for it instead of trusting that it was not.
            self._events.put_nowait(Resync())

    def _end(self, *reason: object) -> None:
        self._lost.set()
        self._events.put_nowait(_Ended(f"the connection ended: {reason[0] if reason else 'unknown reason'}"))

    def _refuse(self, *reason: object) -> None:
        self._refusal = reason[0] if reason else None

    def _refused(self, error: Exception) -> ClientError:
        refusal = self._refusal
        if isinstance(refusal, dict):
            with contextlib.suppress(ValidationError):
                return problem_error(Problem.model_validate(refusal.get("data")))
        return UnreachableError(f"no real-time connection: {error or 'no answer in time'}")


def _acknowledged(reply: object, answer: type[AnswerModel]) -> AnswerModel:
    try:
        if isinstance(reply, dict) and reply.get("ok") is False:
            raise problem_error(Refused.model_validate(reply).problem)
        Acknowledged.model_validate(reply)
        return answer.model_validate(reply)
    except ValidationError as error:
        raise BadAnswerError("an acknowledgement is not one of the messaging platform") from error
