"""One Socket.IO connection over WebSocket that keeps every event it heard, in order of arrival."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import socketio

from e2e.scenarios.checks import Json, ScenarioError

MESSAGE_PATH = "/message/socket.io/"
NOTIFICATION_PATH = "/notification/socket.io/"


class ConnectionRefusedByServerError(ScenarioError):
    """The server refused CONNECT; `reason` is what it said."""

    def __init__(self, reason: object) -> None:
        super().__init__(f"the socket was refused: {reason!r}")
        self.reason = reason


class NotAcknowledgedError(ScenarioError):
    """No acknowledgement came: in time, or before the connection ended."""


class Live:
    """An open socket of one person. Events go to `listener` where there is one, and are not kept then."""

    def __init__(self, *, within: timedelta, listener: Callable[[str, Any], None] | None = None) -> None:
        self.heard: list[tuple[str, Any]] = []
        """Every event with its payload, in order of arrival."""
        self._listener = listener
        self.ended = asyncio.Event()
        self._within = within
        self._changed = asyncio.Event()
        self._refusal: object = None
        self._client = socketio.AsyncClient(reconnection=False, handle_sigint=False)
        # Plain functions, so that the library calls them in the order in which the frames came.
        self._client.on("*", self._hear)
        self._client.on("disconnect", self._end)
        self._client.on("connect_error", self._refuse)

    @property
    def is_open(self) -> bool:
        """Whether the server still holds the connection."""
        return not self.ended.is_set()

    async def open(self, base_url: str, path: str, token: str) -> None:
        """Connect with a token; raises ConnectionRefusedByServerError."""
        try:
            await self._client.connect(
                base_url,
                auth={"token": token},
                transports=["websocket"],
                socketio_path=path,
                wait_timeout=self._within.total_seconds(),
            )
        except socketio.exceptions.ConnectionError as error:
            raise ConnectionRefusedByServerError(self._refusal or str(error)) from error

    async def call(self, event: str, payload: object) -> Json:
        """Emit an event and return its acknowledgement; raises NotAcknowledgedError when none comes."""
        calling = asyncio.ensure_future(self._client.call(event, payload, timeout=self._within.total_seconds()))
        ending = asyncio.ensure_future(self.ended.wait())
        await asyncio.wait({calling, ending}, return_when=asyncio.FIRST_COMPLETED)
        ending.cancel()
        if not calling.done():
            calling.cancel()
            raise NotAcknowledgedError(f"{event}: the connection ended before it was acknowledged")
        try:
            answer = calling.result()
        except socketio.exceptions.SocketIOError as error:
            raise NotAcknowledgedError(f"{event} was not acknowledged: {error!r}") from error
        if not isinstance(answer, dict):
            raise ScenarioError(f"the acknowledgement of {event} is no object: {answer!r}")
        return answer

    def payloads(self, event: str) -> list[Json]:
        """The payloads of one kind of event, in order of arrival."""
        return [payload for name, payload in self.heard if name == event]

    def messages(self, conversation_id: str) -> list[Json]:
        """The messages of one conversation that `message` brought, in order of arrival, repeats included."""
        return [message for message in self.payloads("message") if message["conversation_id"] == conversation_id]

    async def wait_for(self, event: str, holds: Callable[[Json], object] = bool) -> Json:
        """Return the first payload of `event` that `holds` accepts, heard already or later."""
        await self.until(
            lambda: any(holds(payload) for payload in self.payloads(event)),
            what=f"no fitting event {event!r}",
        )
        return next(payload for payload in self.payloads(event) if holds(payload))

    async def until(self, condition: Callable[[], object], *, what: str) -> None:
        """Wait until a condition over what was heard holds; raises ScenarioError when the time is up."""
        try:
            async with asyncio.timeout(self._within.total_seconds()):
                while not condition():
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            tail = [(name, str(payload)[:160]) for name, payload in self.heard[-5:]]
            raise ScenarioError(f"{what} within {self._within.total_seconds():g} s; heard last: {tail}") from None

    async def close(self) -> None:
        """Leave; safe to call again and after the server closed it."""
        await self._client.disconnect()

    def _hear(self, event: str, *arguments: object) -> None:
        payload = arguments[0] if arguments else None
        if self._listener is not None:
            self._listener(event, payload)
            return
        self.heard.append((event, payload))
        self._changed.set()

    def _end(self, *_reason: object) -> None:
        self.ended.set()
        self._changed.set()

    def _refuse(self, *reason: object) -> None:
        self._refusal = reason[0] if reason else None
