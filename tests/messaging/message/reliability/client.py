"""A person's client as good clients are: repeats what is not acknowledged, merges by `seq` and `rev`, asks by `sync`.

Its state is the shipped client's own (`messaging_client.state`), its socket a real one to whichever replica it likes.
"""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
from messaging_client.state.book import Book
from messaging_wire.ids import ConversationId
from messaging_wire.message import Message
from messaging_wire.realtime import ConversationChanged, SyncAnswer

from e2e.scenarios.checks import ScenarioError
from e2e.scenarios.live import Live, NotAcknowledgedError
from tests.messaging.message.world import PATH, Json
from tests.support.tokens import Person

FOR_GOOD = frozenset({403, 404, 409, 422})
"""Statuses after which the same send is given up."""
WITHIN = timedelta(seconds=20)


@dataclass
class Draft:
    """A send that may have to be repeated, always under its key."""

    conversation_id: str
    content: str
    key: UUID = field(default_factory=uuid4)

    @property
    def body(self) -> Json:
        """The body of POST /message and of `send_message`."""
        return {
            "conversation_id": self.conversation_id,
            "client_message_id": str(self.key),
            "content": self.content,
        }


@dataclass
class Client:
    """One person at one device."""

    person: Person
    book: Book = field(default_factory=lambda: Book(start_at=lambda _conversation: 0))
    connections: list[Live] = field(default_factory=list)
    drafts: list[Draft] = field(default_factory=list)
    """Sends that nothing final is known of."""
    attempted: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    acknowledged: dict[str, list[Json]] = field(default_factory=lambda: defaultdict(list))
    deleted: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    _digested: int = 0

    @property
    def name(self) -> str:
        """The user name."""
        return self.person.username

    @property
    def socket(self) -> Live | None:
        """The open connection."""
        return self.connections[-1] if self.connections and self.connections[-1].is_open else None

    async def connect(self, url: str) -> None:
        """Open a connection to a replica, instead of the one that is open."""
        await self.disconnect()
        socket = Live(within=WITHIN)
        await socket.open(url, PATH, self.person.token)
        self.connections.append(socket)
        self._digested = 0

    async def disconnect(self) -> None:
        """Leave; what came until then is kept."""
        if self.connections:
            await self.connections[-1].close()
            self.digest()

    def digest(self) -> None:
        """Merge what the connection has brought since the last time."""
        if not self.connections:
            return
        heard = self.connections[-1].heard
        fresh, self._digested = heard[self._digested :], len(heard)
        for event, payload in fresh:
            if event in ("message", "message_updated"):
                self.book.take_message(Message.model_validate(payload))
            elif event == "conversation":
                self._take_conversation(ConversationChanged.model_validate(payload))

    def _take_conversation(self, change: ConversationChanged) -> None:
        if change.reason in ("left", "deleted"):
            self.book.drop(change.conversation.id)
        else:
            self.book.take_conversation(change.conversation)

    async def sync(self) -> None:
        """Ask until nothing is missing; raises NotAcknowledgedError at the end of the connection."""
        while True:
            self.digest()
            socket = self.socket
            if socket is None:
                return
            positions = {str(key): position.model_dump() for key, position in self.book.positions().items()}
            known = set(self.book.timelines)
            answer = await socket.call("sync", {"epoch": self.book.epoch, "conversations": positions})
            if not answer["ok"]:
                raise NotAcknowledgedError(str(answer))
            self.digest()
            taken = SyncAnswer.model_validate(answer)
            self.book.take_sync(taken)
            if set(self.book.timelines) <= known and not any(part.more for part in taken.conversations.values()):
                return

    def draft(self, conversation_id: str, content: str) -> Draft:
        """Begin a send; it counts as tried from now on."""
        draft = Draft(conversation_id, content)
        self.drafts.append(draft)
        self.attempted[conversation_id].add(content)
        return draft

    async def send(self, draft: Draft, rest: httpx.AsyncClient) -> Json | None:
        """Try once, by the socket where one is open, else by REST; None where nothing final came back."""
        socket = self.socket
        try:
            if socket is not None:
                answer = await socket.call("send_message", draft.body)
                return self.settle(draft, answer.get("message") or answer["problem"], ok=answer["ok"])
            response = await rest.post("/api/message", json=draft.body, headers=self.person.headers)
        except (NotAcknowledgedError, httpx.TransportError):
            return None
        return self.settle(draft, response.json(), ok=response.is_success)

    def settle(self, draft: Draft, answer: Json, *, ok: bool) -> Json | None:
        """Note what became of a send; a failure of the service itself is none that a client may ever see."""
        if ok:
            self.acknowledged[draft.conversation_id].append(answer)
        elif answer["status"] not in FOR_GOOD:
            assert answer["status"] in (429, 503), answer
            return None
        if draft in self.drafts:
            self.drafts.remove(draft)
        return answer if ok else None

    async def insist(self, rest: httpx.AsyncClient) -> None:
        """Repeat everything that nothing final is known of, until something is."""
        async with asyncio.timeout(WITHIN.total_seconds()):
            while self.drafts:
                for draft in list(self.drafts):
                    await self.send(draft, rest)

    def had(self, conversation_id: str) -> dict[str, Json]:
        """What it has of a conversation, by message id."""
        timeline = self.book.timelines.get(ConversationId(UUID(conversation_id)))
        messages = timeline.messages() if timeline is not None else ()
        return {str(message.id): message.model_dump(mode="json") for message in messages}

    def floor(self, conversation_id: str) -> int:
        """The `seq` up to which it never asked."""
        timeline = self.book.timelines.get(ConversationId(UUID(conversation_id)))
        return timeline.floor if timeline is not None else 0

    def heard(self, event: str, conversation_id: str) -> list[list[Json]]:
        """Of each connection the messages of one event, in order of arrival."""
        return [
            [payload for payload in socket.payloads(event) if payload["conversation_id"] == conversation_id]
            for socket in self.connections
        ]


async def quietly(work: Awaitable[Any]) -> None:
    """Let a connection be lost under something that is repeated later."""
    try:
        await work
    except (ScenarioError, httpx.TransportError):
        return
