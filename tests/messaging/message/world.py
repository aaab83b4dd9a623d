"""A served message service and people who talk through it, by REST and by real sockets."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Self, TypeVar
from uuid import UUID, uuid4

import httpx
import socketio
from messaging.kernel.bus import Bus, Consumer
from messaging.kernel.bus_memory import MemoryBus
from messaging.kernel.clock import Clock
from messaging.kernel.topology import Queue
from messaging.message.app import build
from messaging.message.settings import MessageSettings
from messaging_wire.events import BY_ROUTING_KEY, Envelope, Event

from tests.support.serve import served
from tests.support.services import IssuerTrust, RunningService, running_service
from tests.support.tokens import ISSUER, Issuer, Person

Json = dict[str, Any]
PATH = "/api/message/socket.io"
WAIT_S = 10.0
EventT = TypeVar("EventT", bound=Event)
EPOCH = "the-only-history"


class Epoch(IssuerTrust):
    """Trust that names an epoch, as auth does."""

    async def after(self, position: int) -> Any:
        """The feed with the epoch beside it."""
        return (await super().after(position)).model_copy(update={"epoch": EPOCH})


@dataclass
class World:
    """One served replica."""

    issuer: Issuer
    trust: IssuerTrust
    service: RunningService
    url: str
    ear: "Ear"

    async def published(self, kind: type[EventT], conversation_id: str, count: int) -> list[EventT]:
        """Wait for so many events of a conversation on the bus; ordered by their versions."""
        await until(lambda: len(self.ear.events(kind, conversation_id)) >= count, f"{kind.__name__} was not published")
        found = self.ear.events(kind, conversation_id)
        assert len(found) == count, found
        return found

    def user(self, name: str) -> "User":
        """Somebody new with a valid token."""
        return User(self, self.issuer.person(name))

    async def group(self, owner: "User", *others: "User", title: str = "Engines") -> Json:
        """Make a group that the others have joined; returned as the owner sees it."""
        made = await owner.post("/conversation", {"title": title}, expect=201)
        for other in others:
            await other.post("/conversation/join", {"join_code": made["join_code"]})
        result: Json = await owner.get(f"/conversation/{made['id']}")
        return result


@dataclass
class Ear:
    """A consumer of the tests' own that keeps what the service publishes."""

    heard: list[Envelope] = field(default_factory=list)

    async def handle(self, envelopes: Sequence[Envelope]) -> None:
        """Take events from the bus."""
        self.heard += envelopes

    def consumer(self) -> Consumer:
        """How the bus is to call it."""
        return Consumer(Queue("tests", tuple(BY_ROUTING_KEY)), self.handle)

    def events(self, kind: type[EventT], conversation_id: str) -> list[EventT]:
        """The events of one conversation by version."""
        bodies = [envelope.body for envelope in self.heard if envelope.routing_key == kind.routing_key]
        found = [kind.model_validate(body) for body in bodies if body.get("conversation_id") == conversation_id]
        return sorted(found, key=lambda event: event.version)


@dataclass
class User:
    """A person; speaks REST as the gateway hands it on."""

    world: World
    person: Person

    @property
    def id(self) -> str:
        """Their id as it travels."""
        return str(self.person.id)

    @property
    def name(self) -> str:
        """Their user name."""
        return self.person.username

    async def ask(self, method: str, path: str, **options: Any) -> httpx.Response:
        """Any request."""
        return await self.world.service.public.request(method, f"/api{path}", headers=self.person.headers, **options)

    async def get(self, path: str, **query: Any) -> Any:
        """A GET that succeeds."""
        return expect(await self.ask("GET", path, params=query), 200)

    async def post(self, path: str, body: Json | None = None, *, expect: int = 200) -> Any:
        """A POST with that answer."""
        return _expect(await self.ask("POST", path, json=body), expect)

    async def put(self, path: str, body: Json, *, expect: int = 200) -> Any:
        """A PUT with that answer."""
        return _expect(await self.ask("PUT", path, json=body), expect)

    async def delete(self, path: str, *, expect: int = 204) -> Any:
        """A DELETE with that answer."""
        return _expect(await self.ask("DELETE", path), expect)

    async def send(self, conversation_id: str, content: str = "hello", **fields: Any) -> Json:
        """Send a new message and return it."""
        result: Json = await self.post("/message", body_of(conversation_id, content, **fields), expect=201)
        return result

    def live(self) -> "Live":
        """A socket of theirs, to be connected."""
        return Live(self)


@dataclass
class Live:
    """A connected socket that notes what it hears."""

    user: User
    heard: list[tuple[str, Json]] = field(default_factory=list)
    closed: asyncio.Event = field(default_factory=asyncio.Event)
    client: socketio.AsyncClient = field(default_factory=lambda: socketio.AsyncClient(reconnection=False))

    async def __aenter__(self) -> Self:
        self.client.on("*", self._hear)
        self.client.on("disconnect", self._close)
        await self.client.connect(
            self.user.world.url,
            socketio_path=PATH,
            auth=self.user.person.auth,
            transports=["websocket"],
            wait_timeout=WAIT_S,
        )
        return self

    async def __aexit__(self, *_error: object) -> None:
        await self.client.disconnect()

    async def call(self, event: str, payload: Any) -> Json:
        """Emit and wait for the acknowledgement."""
        answer: Json = await self.client.call(event, payload, timeout=WAIT_S)
        return answer

    async def accepted(self, event: str, payload: Any) -> Json:
        """Emit; it must succeed."""
        answer = await self.call(event, payload)
        assert answer["ok"] is True, answer
        return answer

    async def refused(self, event: str, payload: Any) -> int:
        """Emit; it must be refused; returns the problem's status."""
        answer = await self.call(event, payload)
        assert answer["ok"] is False, answer
        return int(answer["problem"]["status"])

    def events(self, name: str) -> list[Json]:
        """What was heard of one kind."""
        return [payload for event, payload in self.heard if event == name]

    def seqs(self, conversation_id: str) -> list[int]:
        """The numbers of the messages that were heard of a conversation."""
        return [message["seq"] for message in self.events("message") if message["conversation_id"] == conversation_id]

    async def wait_for(self, name: str, wanted: Callable[[Json], bool] = lambda _payload: True) -> Json:
        """Wait until such an event has been heard."""
        await until(lambda: any(wanted(payload) for payload in self.events(name)), f"{name} was not heard")
        return next(payload for payload in self.events(name) if wanted(payload))

    async def _hear(self, event: str, payload: Any) -> None:
        self.heard.append((event, payload))

    async def _close(self, *_reason: Any) -> None:
        self.closed.set()


@asynccontextmanager
async def open_world(
    place: Json,
    *,
    issuer: Issuer | None = None,
    bus: Bus | None = None,
    clock: Clock | None = None,
    **settings: Any,
) -> AsyncIterator[World]:
    """Serve a replica on that database."""
    issuer, ear = issuer or Issuer(), Ear()
    if bus is None:
        bus = MemoryBus()
        bus.consume(ear.consumer())
    trust = Epoch(issuer)
    defaults = {"send_rate_per_s": 10_000, "send_burst": 10_000}
    chosen = MessageSettings(**(place | {"external_url": ISSUER} | defaults | settings))
    async with AsyncExitStack() as stack:
        service = await stack.enter_async_context(
            running_service("message", chosen, build, source=trust, bus=bus, clock=clock)
        )
        url = await stack.enter_async_context(served(service.host.public))
        yield World(issuer, trust, service, url, ear)
        assert service.host.parts.sockets is not None
        await service.host.parts.sockets.close_all()


def body_of(conversation_id: str, content: str = "hello", key: UUID | None = None, **fields: Any) -> Json:
    """The body of POST /message and of `send_message`."""
    return {
        "conversation_id": conversation_id,
        "client_message_id": str(key or uuid4()),
        "content": content,
        **fields,
    }


async def until(true: Callable[[], bool], what: str, within_s: float = WAIT_S) -> None:
    """Wait until something holds."""
    try:
        async with asyncio.timeout(within_s):
            while not true():
                await asyncio.sleep(0.005)
    except TimeoutError:
        raise AssertionError(what) from None


def expect(answer: httpx.Response, status: int) -> Any:
    """Demand a status; return the body."""
    assert answer.status_code == status, (answer.status_code, answer.text)
    return answer.json() if answer.content else None


_expect = expect
