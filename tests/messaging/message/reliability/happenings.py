"""What may happen to a cluster and its clients, drawn by hypothesis and played against real services.

Each `Happening` is one of the names in `PLAYS` with numbers that choose people, replicas, messages; who cannot do a
thing at that moment does nothing. What `waits` not is under way while the next things happen.
"""

import asyncio
import random
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

import httpx
from hypothesis import strategies as st

from tests.messaging.message.reliability.client import Client, quietly
from tests.messaging.message.reliability.cluster import SAFE_JUMP, Cluster
from tests.messaging.message.reliability.network import Weather
from tests.messaging.message.world import Json, User

PEOPLE = 4
WEATHERS: tuple[Weather, ...] = (
    ("pass",),
    ("lose",),
    ("pass", "lose", "double", "hold"),
    ("pass", "pass", "double", "hold"),
)
ALLOWED = frozenset({200, 201, 204, 403, 404, 409, 429, 503})


@dataclass(frozen=True)
class Happening:
    """One thing that happens."""

    what: str
    who: int
    where: int
    number: int
    waits: bool


@dataclass
class Story:
    """A cluster, people with clients, their conversations, and what is under way."""

    cluster: Cluster
    clients: list[Client]
    conversations: list[Json]
    chance: random.Random
    texts: int = 0
    under_way: list[asyncio.Task[None]] = field(default_factory=list)

    async def play(self, happening: Happening) -> None:
        """Let it happen."""
        work = PLAYS[happening.what](self, happening)
        if happening.waits:
            await work
        else:
            self.under_way.append(asyncio.create_task(work))
            await asyncio.sleep(0)

    async def settle(self) -> None:
        """Wait until nothing is under way; raises what went wrong in it."""
        under_way, self.under_way = self.under_way, []
        await asyncio.gather(*under_way)

    def client(self, happening: Happening) -> Client:
        """Who does it."""
        return self.clients[happening.who]

    def conversation(self, happening: Happening) -> str:
        """Where."""
        return str(self.conversations[happening.number % len(self.conversations)]["id"])

    def rest(self, happening: Happening) -> httpx.AsyncClient:
        """The replica that takes the request."""
        return self.cluster.replicas[happening.where % len(self.cluster.replicas)].service.public

    def text(self) -> str:
        """A text that nothing else has."""
        self.texts += 1
        return f"text {self.texts}"

    async def ask(self, happening: Happening, method: str, path: str, body: Json | None = None) -> httpx.Response:
        """A request of somebody's that may be refused, and never for a reason of the service's own."""
        answer = await self.rest(happening).request(
            method, f"/api{path}", headers=self.client(happening).person.headers, json=body
        )
        assert answer.status_code in ALLOWED, (method, path, answer.status_code, answer.text)
        return answer


async def _connect(story: Story, happening: Happening) -> None:
    world = story.cluster.replicas[happening.where % len(story.cluster.replicas)]
    await quietly(story.client(happening).connect(world.url))
    await quietly(story.client(happening).sync())


async def _disconnect(story: Story, happening: Happening) -> None:
    await story.client(happening).disconnect()


async def _sync(story: Story, happening: Happening) -> None:
    await quietly(story.client(happening).sync())


async def _send(story: Story, happening: Happening) -> None:
    client = story.client(happening)
    await client.send(client.draft(story.conversation(happening), story.text()), story.rest(happening))


async def _send_unheard(story: Story, happening: Happening) -> None:
    """The acknowledgement is lost: the client knows nothing and repeats later, maybe elsewhere."""
    draft = story.client(happening).draft(story.conversation(happening), story.text())
    await story.ask(happening, "POST", "/message", draft.body)


async def _send_and_give_up(story: Story, happening: Happening) -> None:
    """The request is cancelled at some await."""
    draft = story.client(happening).draft(story.conversation(happening), story.text())
    request = asyncio.create_task(story.ask(happening, "POST", "/message", draft.body))
    for _ in range(happening.number * 3):
        await asyncio.sleep(0)
    request.cancel()
    await asyncio.wait([request])


async def _all_send(story: Story, happening: Happening) -> None:
    """Several messages of everybody's at once, each by the socket or the replica that they have."""
    await asyncio.gather(
        *(
            client.send(client.draft(story.conversation(happening), story.text()), story.rest(happening))
            for client in story.clients
            for _ in range(3)
        )
    )


async def _repeat(story: Story, happening: Happening) -> None:
    client = story.client(happening)
    for draft in list(client.drafts):
        await client.send(draft, story.rest(happening))


async def _edit(story: Story, happening: Happening) -> None:
    client, conversation_id = story.client(happening), story.conversation(happening)
    mine = client.acknowledged[conversation_id]
    if mine:
        text = story.text()
        client.attempted[conversation_id].add(text)
        chosen = mine[happening.number % len(mine)]
        answer = await story.ask(happening, "PUT", f"/message/{chosen['id']}", {"content": text})
        if answer.is_success:
            mine.append(answer.json())


async def _delete(story: Story, happening: Happening) -> None:
    client, conversation_id = story.client(happening), story.conversation(happening)
    mine = client.acknowledged[conversation_id]
    if mine:
        chosen = mine[happening.number % len(mine)]
        answer = await story.ask(happening, "DELETE", f"/message/{chosen['id']}")
        if answer.is_success:
            client.deleted[conversation_id].add(chosen["id"])


async def _join(story: Story, happening: Happening) -> None:
    group = story.conversations[happening.number % len(story.conversations)]
    await story.ask(happening, "POST", "/conversation/join", {"join_code": group["join_code"]})


async def _leave(story: Story, happening: Happening) -> None:
    person = story.client(happening).person
    await story.ask(happening, "DELETE", f"/conversation/{story.conversation(happening)}/members/{person.id}")


async def _remove(story: Story, happening: Happening) -> None:
    """The owner puts somebody out."""
    conversation_id, person = story.conversation(happening), story.client(happening).person
    keeper = story.cluster.keepers[conversation_id].person
    owner = User(story.cluster.replicas[happening.where % len(story.cluster.replicas)], keeper)
    answer = await owner.ask("DELETE", f"/conversation/{conversation_id}/members/{person.id}")
    assert answer.status_code in ALLOWED, answer.text


async def _read(story: Story, happening: Happening) -> None:
    body = {"read_seq": happening.number}
    await story.ask(happening, "PUT", f"/conversation/{story.conversation(happening)}/receipt", body)


async def _clocks_jump(story: Story, happening: Happening) -> None:
    clock, start = story.cluster.clock, type(story.cluster.clock)().moment
    clock.moment = start + SAFE_JUMP * (happening.number / 15 - 1)


async def _weather_changes(story: Story, happening: Happening) -> None:
    story.cluster.network.weather = WEATHERS[happening.number % len(WEATHERS)]


async def _hints_arrive(story: Story, _happening: Happening) -> None:
    weather = story.cluster.network.weather
    story.cluster.network.calm()
    story.cluster.network.weather = weather


async def _broker_comes_or_goes(story: Story, _happening: Happening) -> None:
    network = story.cluster.network
    network.is_down = not network.is_down
    if not network.is_down:
        for world in story.cluster.replicas:
            world.service.host.runtime.bus.reconnect()  # type: ignore[attr-defined]


async def _events_arrive(story: Story, _happening: Happening) -> None:
    await story.cluster.network.deliver()


async def _replica_drops_its_sockets(story: Story, happening: Happening) -> None:
    sockets = story.cluster.replicas[happening.where % len(story.cluster.replicas)].service.host.parts.sockets
    assert sockets is not None
    await sockets.close_all()


async def _everything_settles(story: Story, _happening: Happening) -> None:
    await asyncio.sleep(0.01)


Play = Callable[[Story, Happening], Coroutine[Any, Any, None]]
PLAYS: dict[str, Play] = {
    "connect": _connect,
    "disconnect": _disconnect,
    "sync": _sync,
    "send": _send,
    "send unheard": _send_unheard,
    "send and give up": _send_and_give_up,
    "all send": _all_send,
    "repeat": _repeat,
    "edit": _edit,
    "delete": _delete,
    "join": _join,
    "leave": _leave,
    "remove": _remove,
    "read": _read,
    "clocks jump": _clocks_jump,
    "weather changes": _weather_changes,
    "hints arrive": _hints_arrive,
    "broker comes or goes": _broker_comes_or_goes,
    "events arrive": _events_arrive,
    "replica drops its sockets": _replica_drops_its_sockets,
    "everything settles": _everything_settles,
}
OFTEN = ("connect", "send", "send", "all send", "all send", "edit", "send unheard", "remove", "join", "hints arrive")
BEGINNING = tuple(Happening("connect", who, who, 0, waits=True) for who in range(PEOPLE))

happenings: st.SearchStrategy[list[Happening]] = st.lists(
    st.builds(
        Happening,
        what=st.sampled_from([*PLAYS, *OFTEN]),
        who=st.integers(0, PEOPLE - 1),
        where=st.integers(0, 2),
        number=st.integers(0, 30),
        waits=st.booleans(),
    ),
    min_size=20,
    max_size=60,
)
weathers = st.sampled_from(WEATHERS)


async def end(story: Story) -> None:
    """Let the weather clear up, everything come to its end, and everybody ask for what they lack."""
    network = story.cluster.network
    await story.settle()
    if network.is_down:
        await _broker_comes_or_goes(story, Happening("", 0, 0, 0, waits=True))
    network.calm()
    for number, client in enumerate(story.clients):
        await client.insist(story.cluster.replicas[number % len(story.cluster.replicas)].service.public)
    await asyncio.gather(*(_connected_and_synced(story, number) for number in range(len(story.clients))))
    await story.cluster.events_published()
    await network.deliver()


async def _connected_and_synced(story: Story, number: int) -> None:
    client = story.clients[number]
    if client.socket is None:
        await client.connect(story.cluster.replicas[number % len(story.cluster.replicas)].url)
    await client.sync()
