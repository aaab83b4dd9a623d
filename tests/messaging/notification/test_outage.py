"""MySQL goes away and comes back: no process needs a restart, sockets stay open, and what was due is made up for."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from messaging.kernel.bus_rabbit import RabbitBus
from messaging.kernel.settings import ServiceSettings
from messaging.notification.app import build
from messaging.notification.settings import NotificationSettings

from tests.messaging.notification.story import Story, envelope
from tests.messaging.notification.test_sockets import listening, of
from tests.support.databases import broker_settings, mysql_settings
from tests.support.mysql import MySQLServer
from tests.support.rabbitmq import RabbitMQServer
from tests.support.serve import served
from tests.support.services import IssuerTrust, running_service
from tests.support.tokens import Issuer

WAIT_S = 60
AWAY_S = 3


@pytest.fixture(scope="module")
def own_mysql(container_engine: None) -> Iterator[MySQLServer]:
    """A server of this module's own, whose data outlives a stop."""
    with MySQLServer(durable=True) as server:
        yield server


@asynccontextmanager
async def publishing(broker: dict[str, Any]) -> AsyncIterator[RabbitBus]:
    """Message's connection to the broker."""
    bus = RabbitBus(ServiceSettings(**broker), "message")
    task = asyncio.create_task(bus.run())
    async with asyncio.timeout(WAIT_S):
        while bus.not_ready() is not None:
            await asyncio.sleep(0.02)
    yield bus
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_after_an_outage_of_the_database_everything_is_made_up_for(
    own_mysql: MySQLServer, rabbitmq_server: RabbitMQServer
) -> None:
    issuer, story = Issuer(), Story()
    ada, ben = issuer.person("ada"), issuer.person("ben")
    broker = broker_settings(rabbitmq_server.fresh_broker("notification"))
    settings = NotificationSettings(**mysql_settings(own_mysql.fresh_database("notification")), **broker)
    bus = RabbitBus(settings, "notification")
    async with (
        publishing(broker) as publisher,
        running_service("notification", settings, build, source=IssuerTrust(issuer), bus=bus) as service,
        served(service.host.public) as url,
        listening(url, ben) as socket,
    ):
        await publisher.publish([envelope(story.begins_with(ada.id, ben.id))])
        wish = {"message": "tea", "at": (datetime.now(UTC) + timedelta(seconds=1)).isoformat()}
        assert (await service.public.post("/api/notification", json=wish, headers=ben.headers)).status_code == 201

        await asyncio.to_thread(own_mysql.container.kill)
        await publisher.publish([envelope(story.sends(ada.id)) for _ in range(10)])
        await asyncio.sleep(AWAY_S)
        answer = await service.public.get("/api/notification", headers=ben.headers)
        await asyncio.to_thread(own_mysql.container.start)

        assert (answer.status_code, answer.headers["content-type"]) == (503, "application/problem+json")
        assert int(answer.headers["retry-after"]) >= 1
        await socket.wait_for("notification", lambda item: item["kind"] == "reminder", within_s=WAIT_S)
        await socket.wait_for("notification", lambda item: of(story)(item) and item["count"] == 10, within_s=WAIT_S)
        assert socket.client.connected
