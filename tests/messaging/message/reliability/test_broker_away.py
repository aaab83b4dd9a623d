"""RabbitMQ is away: sends go on at every replica, and once it is back everybody is told to ask and misses nothing."""

import asyncio
import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from urllib.parse import quote

import httpx
import pytest
from messaging.kernel.bus_rabbit import RabbitBus
from messaging.kernel.settings import ServiceSettings

from tests.messaging.message.reliability.client import Client
from tests.messaging.message.reliability.cluster import Cluster, open_cluster
from tests.messaging.message.world import WAIT_S, until
from tests.support.databases import broker_settings, mysql_settings
from tests.support.mysql import MySQLServer
from tests.support.rabbitmq import Broker, RabbitMQServer

pytestmark = [  # aiormq drops the coroutine that would close a connection which the broker has refused
    pytest.mark.filterwarnings("ignore:coroutine 'Connection.close' was never awaited:RuntimeWarning"),
    pytest.mark.filterwarnings("ignore:.*Connection.close:pytest.PytestUnraisableExceptionWarning"),
]
EACH = 20
BACK_WITHIN_S = 30.0


@dataclass
class Town:
    """Two replicas and the notification service on one broker."""

    cluster: Cluster
    broker: Broker
    server: RabbitMQServer

    @asynccontextmanager
    async def broker_away(self) -> AsyncIterator[None]:
        """Close every connection and let nobody in until the end of the block."""
        rights = f"/permissions/{self.broker.vhost}/{self.broker.username}"
        everything = {"configure": ".*", "write": ".*", "read": ".*"}
        await asyncio.to_thread(self.server.request, "DELETE", rights)
        try:
            async with asyncio.timeout(WAIT_S):
                while any(bus.not_ready() is None for bus in self._buses()):
                    await asyncio.to_thread(self._close_connections)
            yield
        finally:
            await asyncio.to_thread(self.server.request, "PUT", rights, everything)
        await until(lambda: all(bus.not_ready() is None for bus in self._buses()), "no broker", within_s=BACK_WITHIN_S)
        gc.collect()  # what the library has dropped is complained of here and not in a later test

    def _buses(self) -> list[RabbitBus]:
        services = [*(world.service for world in self.cluster.replicas), self.cluster.notification]
        return [bus for service in services if isinstance(bus := service.host.runtime.bus, RabbitBus)]

    def _close_connections(self) -> None:
        for connection in self.server.request("GET", f"/vhosts/{self.broker.vhost}/connections").json():
            with suppress(httpx.HTTPStatusError):  # it has gone by itself
                self.server.request("DELETE", f"/connections/{quote(connection['name'], safe='')}")


@pytest.fixture
async def town(
    mysql_server: MySQLServer, rabbitmq_server: RabbitMQServer, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Town]:
    broker = rabbitmq_server.fresh_broker("message")
    folder = tmp_path_factory.mktemp("away")
    places = [
        {"data_dir": folder} | mysql_settings(mysql_server.fresh_database(name)) for name in ("message", "notification")
    ]
    settings = ServiceSettings(**broker_settings(broker), data_dir=folder)
    async with open_cluster(
        places[0], places[1], replicas=2, bus_of=lambda service: RabbitBus(settings, service)
    ) as cluster:
        yield Town(cluster, broker, rabbitmq_server)


async def test_while_the_broker_is_away_sends_go_on_and_afterwards_nobody_lacks_anything(town: Town) -> None:
    cluster = town.cluster
    people = [cluster.person(name) for name in ("ada", "ben", "carol", "dan")]
    group = await cluster.group(cluster.person("keeper"), people)
    clients = [Client(person) for person in people]
    for number, client in enumerate(clients):
        await client.connect(cluster.replicas[number % 2].url)
        await client.sync()

    async with town.broker_away():
        sent = await asyncio.gather(*(_send(cluster, client, group["id"]) for client in clients))
        assert [len(one) for one in sent] == [EACH] * len(clients), "sends do not wait for the broker"
        await _change_some(cluster, clients, group["id"])
    for client in clients:
        await until(lambda client=client: client.socket.payloads("resync") != [], "no resync", within_s=BACK_WITHIN_S)  # type: ignore[misc]
        await client.sync()

    findings = await cluster.judge(group["id"], clients)
    assert findings.good, str(findings)
    for client in clients:
        await _counted(cluster, client, group["id"])
        await client.disconnect()


async def _send(cluster: Cluster, client: Client, conversation_id: str) -> list[object]:
    rest = cluster.replicas[0].service.public
    drafts = [client.draft(conversation_id, f"{client.name} says {number}") for number in range(EACH)]
    answers = [await client.send(draft, rest) for draft in drafts]
    return [answer for answer in answers if answer is not None]


async def _change_some(cluster: Cluster, clients: list[Client], conversation_id: str) -> None:
    """Each edits one message and deletes another, at the replica where they are not connected."""
    for number, client in enumerate(clients):
        rest = cluster.replicas[(number + 1) % 2].service.public
        first, second, *_ = client.acknowledged[conversation_id]
        text = f"{client.name} changed"
        client.attempted[conversation_id].add(text)
        edited = await rest.put(f"/api/message/{first['id']}", json={"content": text}, headers=client.person.headers)
        client.acknowledged[conversation_id].append(edited.raise_for_status().json())
        gone = await rest.delete(f"/api/message/{second['id']}", headers=client.person.headers)
        gone.raise_for_status()
        client.deleted[conversation_id].add(second["id"])


async def _counted(cluster: Cluster, client: Client, conversation_id: str) -> None:
    """Wait until what had to wait for the broker has been told and counted."""
    unread = await cluster.unread_texts(client.person, conversation_id)
    async with asyncio.timeout(BACK_WITHIN_S):
        while await cluster.notified(client.person, conversation_id) != unread:
            await asyncio.sleep(0.1)
