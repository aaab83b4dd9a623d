"""Fixtures of the client's tests: a real platform in one process, and people on it."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from secrets import token_hex

import pytest
from messaging_client.net.rest import Rest
from messaging_client.net.session import Session
from messaging_client.net.tokens import MemoryStore
from messaging_client.net.transport import Transport
from messaging_wire.auth import Account, SignUpRequest
from messaging_wire.conversation import ConversationCreate
from messaging_wire.ids import ConversationId

from tests.support.standalone import Standalone

PASSWORD = "a long enough password"


@pytest.fixture(scope="package")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Standalone]:
    """A running platform; a test that stops it starts it again."""
    unlimited = {"MESSAGING_SEND_RATE_PER_S": "10000", "MESSAGING_SEND_BURST": "10000"}
    with Standalone(tmp_path_factory.mktemp("client-platform"), environment=unlimited) as running:
        yield running


@dataclass(frozen=True)
class Someone:
    """A signed-in person with what the tests look into."""

    rest: Rest
    store: MemoryStore
    account: Account

    @property
    def session(self) -> Session:
        """Their session."""
        return self.rest.session

    async def group(self, *others: "Someone", title: str = "Reading circle") -> ConversationId:
        """Make a group that others join; return its id."""
        made = await self.rest.create(ConversationCreate(title=title))
        for other in others:
            await other.rest.join(made.join_code or "")
        return made.id


Join = Callable[[str], Awaitable[Someone]]
Reach = Callable[[str], Transport]


@pytest.fixture
async def reach() -> AsyncIterator[Reach]:
    """Make transports to servers, closed at the end of the test: `transport = reach(platform.url)`."""
    transports: list[Transport] = []

    def _reach(url: str) -> Transport:
        transports.append(Transport(url))
        return transports[-1]

    yield _reach
    for transport in transports:
        await transport.close()


@pytest.fixture
async def join(platform: Standalone, reach: Reach) -> Join:
    """Sign a person up: `ada = await join("ada")`."""

    async def _join(name: str) -> Someone:
        store, transport = MemoryStore(), reach(platform.url)
        rest = Rest(transport, Session(transport, store))
        username = f"{name}.{token_hex(4)}"
        request = SignUpRequest.model_validate(
            {"username": username, "email": f"{username}@example.org", "password": PASSWORD}
        )
        return Someone(rest, store, (await rest.sign_up(request)).user)

    return _join
