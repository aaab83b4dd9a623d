"""Replicas of the message service on one database, the notification service, the network between, and the judgement."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from messaging.kernel.bus import Bus
from messaging.notification.app import build
from messaging.notification.settings import NotificationSettings

from e2e.checker import Findings, Observation, check
from tests.messaging.message.reliability.client import Client
from tests.messaging.message.reliability.network import Network
from tests.messaging.message.world import WAIT_S, Json, User, World, open_world
from tests.support.clock import SetClock
from tests.support.services import IssuerTrust, RunningService, running_service
from tests.support.tokens import Issuer, Person

LIFETIME = timedelta(days=30)
SAFE_JUMP = timedelta(days=5)
"""How far clocks may jump in either direction without a token's life ending."""


class Cluster:
    """What a test harms. No dataclass: hypothesis would print all that is in it with every failure."""

    def __init__(
        self,
        replicas: Sequence[World],
        notification: RunningService,
        *,
        network: Network,
        issuer: Issuer,
        clock: SetClock,
    ) -> None:
        self.replicas = replicas
        self.notification = notification
        self.network = network
        self.issuer = issuer
        self.clock = clock
        self.keepers: dict[str, User] = {}
        """Of each conversation its owner, who stays in and has no socket."""

    def person(self, name: str) -> Person:
        """Somebody new, whose token outlives every jump of the clocks."""
        return self.issuer.person(name, lifetime=LIFETIME)

    async def group(self, keeper: Person, people: Iterable[Person]) -> Json:
        """Make a group of the keeper's that people have joined; as the keeper sees it."""
        world = self.replicas[0]
        owner = User(world, keeper)
        group = await world.group(owner, *(User(world, person) for person in people))
        self.keepers[group["id"]] = owner
        return group

    async def history(self, conversation_id: str) -> list[Json]:
        """Every message as it is stored."""
        found: list[Json] = []
        while True:
            after = found[-1]["seq"] if found else 0
            page = await self._get(conversation_id, "/messages", after_seq=after, limit=200)
            found += page["items"]
            if not page["more"]:
                return found

    async def members(self, conversation_id: str) -> set[str]:
        """The ids of those who are in."""
        page = await self._get(conversation_id, "/members", limit=200)
        return {member["user_id"] for member in page["items"]}

    async def _get(self, conversation_id: str, path: str, **query: Any) -> Any:
        return await self.keepers[conversation_id].get(f"/conversation/{conversation_id}{path}", **query)

    async def judge(self, conversation_id: str, clients: Sequence[Client]) -> Findings:
        """Compare what clients saw and have with what is stored."""
        stored, inside = await self.history(conversation_id), await self.members(conversation_id)
        members = [client for client in clients if str(client.person.id) in inside]
        outside = [client for client in clients if client not in members]
        return check(
            Observation(
                conversation_id=conversation_id,
                attempted=frozenset(text for client in clients for text in client.attempted[conversation_id]),
                acknowledged=[message for client in clients for message in client.acknowledged[conversation_id]],
                deleted=frozenset(key for client in clients for key in client.deleted[conversation_id]),
                stored=stored,
                arrivals={client.name: client.heard("message", conversation_id) for client in clients},
                updates={client.name: client.heard("message_updated", conversation_id) for client in clients},
                had={client.name: client.had(conversation_id) for client in members},
                floors={client.name: client.floor(conversation_id) for client in members},
                left_at_rev={client.name: left_at_rev(stored, client.name) for client in outside},
            )
        )

    async def events_published(self) -> None:
        """Wait until every replica's outbox is empty."""
        for world in self.replicas:
            outbox = world.service.host.runtime.outbox
            async with asyncio.timeout(WAIT_S):
                while await outbox.backlog():
                    outbox.wake()
                    await asyncio.sleep(0.01)

    async def notified(self, person: Person, conversation_id: str) -> int:
        """How many messages of a conversation somebody's open notifications count."""
        answer = await self.notification.public.get(
            "/api/notification", params={"unread": True, "limit": 200}, headers=person.headers
        )
        items = answer.json()["items"]
        return sum(item["count"] for item in items if item["conversation_id"] == conversation_id)

    async def unread_texts(self, person: Person, conversation_id: str) -> int:
        """How many messages a member has not read: what the notifications should count; 0 for who is no member."""
        user = User(self.replicas[0], person)
        answer = await user.ask("GET", f"/conversation/{conversation_id}")
        if answer.status_code == 404:
            return 0
        read_seq = answer.json()["me"]["read_seq"]
        stored = await self.history(conversation_id)
        return sum(1 for message in stored if message["kind"] == "text" and message["seq"] > read_seq)


def left_at_rev(stored: Iterable[Json], name: str) -> int:
    """The rev of the latest message that tells of somebody's leaving; 0 for who was never in."""
    told = [message["rev"] for message in stored if message["kind"] == "system" and _tells_of_leaving(message, name)]
    return max(told, default=0)


def _tells_of_leaving(message: Json, name: str) -> bool:
    content = str(message["content"])
    return content == f"{name} left" or content.endswith(f" removed {name}")


@asynccontextmanager
async def open_cluster(
    message_place: Json, notification_place: Json, *, replicas: int, bus_of: Callable[[str], Bus] | None = None
) -> AsyncIterator[Cluster]:
    """Run everything on these databases; `bus_of` makes a service's bus, or all are on the tests' own network."""
    clock, network = SetClock(), Network()
    make_bus = bus_of or (lambda _service: network.port())
    issuer = Issuer(clock=SetClock(clock.moment - LIFETIME / 2))
    async with AsyncExitStack() as stack:
        worlds = [
            await stack.enter_async_context(
                open_world(
                    message_place, issuer=issuer, bus=make_bus("message"), clock=clock, join_attempts_per_min=100_000
                )
            )
            for _ in range(replicas)
        ]
        notification = await stack.enter_async_context(
            running_service(
                "notification",
                NotificationSettings(**notification_place),
                build,
                source=IssuerTrust(issuer),
                bus=make_bus("notification"),
                clock=clock,
            )
        )
        yield Cluster(worlds, notification, network=network, issuer=issuer, clock=clock)


def sqlite_place(folder: Path, name: str) -> Json:
    """Settings of a SQLite database in a folder of its own."""
    place = folder / name
    place.mkdir(exist_ok=True)
    return {"data_dir": place, "database_host": ""}
