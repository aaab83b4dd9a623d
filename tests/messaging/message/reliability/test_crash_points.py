"""A replica dies by SIGKILL at its first, second, third … await under an operation, until the operation ends unhit.

After each death another replica on the same database serves; clients repeat what was not acknowledged and `sync`; the
checker finds nothing, and notifications count what is unread. `RELIABILITY_STRIDE=1` tries every await of requests too.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass

import httpx
import pytest

from tests.messaging.message.reliability.client import Client, quietly
from tests.messaging.message.reliability.cluster import Cluster, open_cluster, sqlite_place
from tests.messaging.message.reliability.mother import Mother, Victim, mother_of
from tests.messaging.message.world import Json
from tests.support.databases import mysql_settings
from tests.support.mysql import MySQLServer

MOST = 2000
"""No operation suspends so often: a sweep that comes this far does not end by itself."""
STRIDE = int(os.environ.get("RELIABILITY_STRIDE", "5"))
"""Which awaits are tried of operations other than the sends by socket, of which all are: each, every second …"""
TOGETHER = 25
"""So many deaths the same people see in one conversation, before others meet in a new one."""
Record = Callable[[str, object], None]


@dataclass
class Company:
    """Three people in a group."""

    cluster: Cluster
    group: Json
    clients: list[Client]

    @classmethod
    async def meet(cls, cluster: Cluster) -> "Company":
        """Bring new people together."""
        people = [cluster.person(name) for name in ("ada", "ben", "carol")]
        group = await cluster.group(cluster.person("keeper"), people)
        return cls(cluster, group, [Client(person) for person in people])

    @property
    def id(self) -> str:
        """The group's id."""
        return str(self.group["id"])

    async def part(self) -> None:
        """Close all sockets."""
        for client in self.clients:
            await client.disconnect()


@dataclass
class Scene:
    """One death: ada and ben are at the replica that is going to die, carol is at the one that stays."""

    company: Company
    number: int
    rest: httpx.AsyncClient
    """Requests to whichever replica serves now."""
    before: Json
    """A message of ada's from before."""

    @property
    def id(self) -> str:
        """The group's id."""
        return self.company.id

    @property
    def clients(self) -> list[Client]:
        """Ada, ben and carol."""
        return self.company.clients

    async def ask(self, client: Client, method: str, path: str, body: Json | None = None) -> httpx.Response:
        """A request of somebody's."""
        return await self.rest.request(method, f"/api{path}", headers=client.person.headers, json=body)

    def begin(self, client: Client, text: str) -> None:
        """Begin a send of this scene, unless it was begun already."""
        content = f"{text} {self.number}"
        if content not in client.attempted[self.id]:
            client.draft(self.id, content)


Operation = Callable[[Scene], Awaitable[None]]
"""What is going on when the replica dies; played again afterwards, so that each part of it must be repeatable."""


async def send_by_socket(scene: Scene) -> None:
    """Ada and ben send at once."""
    for client in scene.clients[:2]:
        scene.begin(client, f"{client.name} sends")
    await asyncio.gather(
        *(client.send(draft, scene.rest) for client in scene.clients[:2] for draft in list(client.drafts))
    )


async def send_by_rest(scene: Scene) -> None:
    """Carol, whose socket is elsewhere, sends by a request."""
    carol = scene.clients[2]
    scene.begin(carol, "carol sends")
    for draft in list(carol.drafts):
        response = await scene.ask(carol, "POST", "/message", draft.body)
        carol.settle(draft, response.json(), ok=response.is_success)


async def edit(scene: Scene) -> None:
    """Ada edits her message."""
    ada, text = scene.clients[0], f"edited {scene.number}"
    ada.attempted[scene.id].add(text)
    response = await scene.ask(ada, "PUT", f"/message/{scene.before['id']}", {"content": text})
    if response.is_success:
        ada.acknowledged[scene.id].append(response.json())


async def delete(scene: Scene) -> None:
    """Ada deletes her message."""
    ada = scene.clients[0]
    if (await scene.ask(ada, "DELETE", f"/message/{scene.before['id']}")).is_success:
        ada.deleted[scene.id].add(scene.before["id"])


async def leave(scene: Scene) -> None:
    """Ben leaves."""
    ben = scene.clients[1]
    await scene.ask(ben, "DELETE", f"/conversation/{scene.id}/members/{ben.person.id}")


OPERATIONS: dict[str, Operation] = {
    "send by REST": send_by_rest,
    "edit": edit,
    "delete": delete,
    "leave": leave,
}


@pytest.fixture(scope="module")
async def on_sqlite(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Mother]:
    folder = tmp_path_factory.mktemp("crash")
    place = sqlite_place(folder, "message")
    async with (
        open_cluster(place, sqlite_place(folder, "notification"), replicas=1) as cluster,
        mother_of(cluster, place, folder / "log") as mother,
    ):
        yield mother


@pytest.fixture(scope="module")
async def on_mysql(mysql_server: MySQLServer, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Mother]:
    folder = tmp_path_factory.mktemp("crash")
    place = {"data_dir": folder} | mysql_settings(mysql_server.fresh_database("message"))
    async with (
        open_cluster(place, sqlite_place(folder, "notification"), replicas=1) as cluster,
        mother_of(cluster, place, folder / "log") as mother,
    ):
        yield mother


async def test_wherever_a_replica_dies_under_sends_on_sqlite_nothing_is_lost(
    on_sqlite: Mother, record_property: Record
) -> None:
    record_property("crash points", await sweep(on_sqlite, send_by_socket))


async def test_wherever_a_replica_dies_under_sends_on_mysql_nothing_is_lost(
    on_mysql: Mother, record_property: Record
) -> None:
    record_property("crash points", await sweep(on_mysql, send_by_socket))


@pytest.mark.parametrize("name", OPERATIONS)
async def test_wherever_a_replica_dies_under_a_request_nothing_is_lost(
    on_sqlite: Mother, name: str, record_property: Record
) -> None:
    record_property("crash points", await sweep(on_sqlite, OPERATIONS[name], stride=STRIDE))


async def sweep(mother: Mother, operation: Operation, *, stride: int = 1) -> int:
    """Kill at every await of an operation, or at every so many-th; return how many there were."""
    company = await Company.meet(mother.cluster)
    for number, kill_at in enumerate(range(1, MOST, stride), 1):
        if not await hit(mother, company, operation, kill_at):
            await company.part()
            return kill_at - stride
        if number % TOGETHER == 0:
            await company.part()
            company = await Company.meet(mother.cluster)
    raise AssertionError("the operation does not end")


async def hit(mother: Mother, company: Company, operation: Operation, kill_at: int) -> bool:
    """Play an operation under which a replica dies, then see that all is well; tell whether it was hit at all."""
    victim = await mother.victim(kill_at=kill_at)
    async with httpx.AsyncClient(base_url=victim.url, trust_env=False) as rest:
        scene = await set_scene(company, victim, rest, number=kill_at)
        await victim.arm()
        await quietly(operation(scene))
        await ended(company.cluster, victim)
        was_hit = not victim.is_alive
        assert was_hit or not any(client.drafts for client in company.clients), "neither hit nor acknowledged"
        await victim.kill()
    await recover(scene, operation)
    return was_hit


async def set_scene(company: Company, victim: Victim, rest: httpx.AsyncClient, *, number: int) -> Scene:
    """Let everybody be in and connected, and ada have sent something."""
    (survivor,) = company.cluster.replicas
    ada, ben, carol = company.clients
    body = {"join_code": company.group["join_code"]}
    await survivor.service.public.post("/api/conversation/join", headers=ben.person.headers, json=body)
    for client, url in ((ada, victim.url), (ben, victim.url), (carol, survivor.url)):
        await client.connect(url)
        await client.sync()
    before = await ada.send(ada.draft(company.id, f"before {number}"), rest)
    assert before is not None
    return Scene(company, number, rest, before)


async def ended(cluster: Cluster, victim: Victim) -> None:
    """Wait until the replica is dead, or has nothing left to do."""
    outbox = cluster.replicas[0].service.host.runtime.outbox
    while victim.is_alive and await outbox.backlog():
        await asyncio.sleep(0.01)


async def recover(scene: Scene, operation: Operation) -> None:
    """Everybody goes to the replica that is left, repeats and asks; then nothing may be wrong."""
    cluster, clients = scene.company.cluster, scene.clients
    (survivor,) = cluster.replicas
    scene.rest = survivor.service.public
    for client in clients[:2]:
        await client.connect(survivor.url)
    await operation(scene)
    for client in clients:
        await client.insist(scene.rest)
        await client.sync()
    await cluster.events_published()
    await cluster.network.deliver()
    findings = await cluster.judge(scene.id, clients)
    assert findings.good, str(findings)
    for client in clients:
        counted = await cluster.notified(client.person, scene.id)
        assert counted == await cluster.unread_texts(client.person, scene.id)
