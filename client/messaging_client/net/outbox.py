"""Messages on their way: each keeps its `client_message_id` until the platform has acknowledged or refused it.

So a message may be sent again after any trouble and is stored once.
"""

import asyncio
from collections import deque
from dataclasses import dataclass, field
from uuid import uuid4

from messaging_wire.ids import ClientMessageId, ConversationId, MessageId
from messaging_wire.message import Message, SendRequest

from messaging_client.errors import ProblemError


@dataclass(frozen=True)
class Pending:
    """A message that is not acknowledged yet; await `outcome` for it as stored, or for the refusal."""

    request: SendRequest
    outcome: "asyncio.Future[Message]" = field(compare=False)


class Outbox:
    """First in, first out; the first one stays in front until it is settled, so that order survives trouble."""

    def __init__(self) -> None:
        self._pending: deque[Pending] = deque()
        self._filled = asyncio.Event()

    def __len__(self) -> int:
        return len(self._pending)

    def add(self, conversation_id: ConversationId, content: str, *, reply_to: MessageId | None = None) -> Pending:
        """Put a message at the end; raises pydantic's ValidationError for a text that may not be sent."""
        fields = {
            "conversation_id": conversation_id,
            "client_message_id": ClientMessageId(uuid4()),
            "content": content,
        }
        if reply_to is not None:
            fields["reply_to"] = reply_to
        request = SendRequest.model_validate(fields)
        pending = Pending(request, asyncio.get_running_loop().create_future())
        self._pending.append(pending)
        self._filled.set()
        return pending

    async def first(self) -> Pending:
        """Wait for a message that is to be sent and return it; it stays in the outbox."""
        while not self._pending:
            self._filled.clear()
            await self._filled.wait()
        return self._pending[0]

    def acknowledge(self, message: Message) -> None:
        """The first one is stored."""
        pending = self._pending.popleft()
        if not pending.outcome.done():
            pending.outcome.set_result(message)

    def refuse(self, error: ProblemError) -> None:
        """The first one will never be stored."""
        pending = self._pending.popleft()
        if not pending.outcome.done():
            pending.outcome.set_exception(error)
