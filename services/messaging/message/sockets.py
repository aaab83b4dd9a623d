"""What a client can say on its socket, at `/api/message/socket.io`."""

from collections.abc import Awaitable
from typing import Any

from messaging_wire import problems
from messaging_wire.message import SendRequest
from messaging_wire.realtime import Acknowledged, ReceiptEvent, SyncRequest, TypingEvent
from pydantic import BaseModel

from messaging.kernel.errors import ProblemError
from messaging.kernel.sockets import Socket, SocketHub
from messaging.message.news import TypingNow
from messaging.message.parts import MessageParts
from messaging.message.rates import Allowance
from messaging.message.service.sending import Sent
from messaging.message.store.members import SMALL

PATH = "/api/message/socket.io"
TYPING_PER_S = 1.0
PAIR = 2
"""So many are in a direct conversation, where blocks hold."""


class MessageSockets:
    """Answers the events of message sockets."""

    def __init__(self, hub: SocketHub, parts: MessageParts) -> None:
        self._parts = parts
        self._typing = Allowance(rate_per_s=TYPING_PER_S, burst=1)
        hub.on("send_message", self._send)
        hub.on("sync", self._sync)
        hub.on("receipt", self._receipt)
        hub.on("typing", self._type)

    def _send(self, socket: Socket, payload: Any) -> Awaitable[Sent]:
        """Queue at once, in the socket's order; the acknowledgement follows the commit."""
        return self._parts.send(socket.caller, SendRequest.model_validate(payload))

    async def _sync(self, socket: Socket, payload: Any) -> BaseModel:
        return await self._parts.catch_up.sync(socket.caller, SyncRequest.model_validate(payload or {}))

    async def _receipt(self, socket: Socket, payload: Any) -> BaseModel:
        event = ReceiptEvent.model_validate(payload)
        await self._parts.receipts.mark(
            socket.caller.user_id,
            event.conversation_id,
            delivered_seq=event.delivered_seq,
            read_seq=event.read_seq,
        )
        return Acknowledged()

    async def _type(self, socket: Socket, payload: Any) -> BaseModel:
        """Tell the others; more often than once a second, or among many, it is acknowledged and not told."""
        conversation_id, user_id = TypingEvent.model_validate(payload).conversation_id, socket.caller.user_id
        members = await self._parts.delivery.members_of(conversation_id)
        if user_id not in members:
            raise ProblemError(problems.NOT_FOUND)
        if len(members) > SMALL or self._typing.try_to_take((conversation_id, user_id)) is not None:
            return Acknowledged()
        if len(members) <= PAIR:
            await self._parts.conversations.require_may_write(user_id, conversation_id)
        self._parts.delivery.publish([TypingNow(conversation_id=conversation_id, user_id=user_id)])
        return Acknowledged()
