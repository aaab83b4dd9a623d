"""Two replicas on one MySQL and one RabbitMQ: they share the events, and either tells the sockets of both."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from messaging.kernel.bus_rabbit import RabbitBus
from messaging.kernel.ids import new_id
from messaging.kernel.settings import ServiceSettings
from messaging.notification.app import build
from messaging.notification.settings import NotificationSettings
from messaging.notification.store.crowds import CROWD
from messaging_wire.events import Event
from messaging_wire.ids import UserId

from tests.messaging.notification.story import Story, envelope
from tests.messaging.notification.test_sockets import listening, of
from tests.support.databases import broker_settings, mysql_settings
from tests.support.mysql import MySQLServer
from tests.support.rabbitmq import RabbitMQServer
from tests.support.serve import served
from tests.support.services import IssuerTrust, RunningService, running_service
from tests.support.tokens import Issuer, Person

WAIT_S = 20


@dataclass
class Replicas:
    """Two running services, where they are served, and a bus that speaks to both."""

    services: list[RunningService]
    urls: list[str]
    bus: RabbitBus
    issuer: Issuer

    async def publish(self, *events: Event) -> None:
        """Hand events to the broker, which gives each to one of the two."""
        await self.bus.publish([envelope(event) for event in events])

    async def counts(self, person: Person) -> list[int]:
        """What is open for somebody, asked of the first."""
        path = "/api/notification?unread=true"
        answer = await self.services[0].public.get(path, headers=person.headers)
        return [item["count"] for item in answer.json()["items"]]

    async def counts_become(self, person: Person, expected: list[int]) -> None:
        """Wait until somebody is told so."""
        async with asyncio.timeout(WAIT_S):
            while await self.counts(person) != expected:
                await asyncio.sleep(0.05)


@pytest.fixture(scope="module")
async def replicas(mysql_server: MySQLServer, rabbitmq_server: RabbitMQServer) -> AsyncIterator[Replicas]:
    """Two replicas of the service."""
    broker = broker_settings(rabbitmq_server.fresh_broker("notification"))
    settings = NotificationSettings(**mysql_settings(mysql_server.fresh_database("notification")), **broker)
    issuer = Issuer()
    services, urls = [], []
    async with AsyncExitStack() as stack:
        for _ in range(2):
            bus = RabbitBus(settings, "notification")
            running = running_service("notification", settings, build, source=IssuerTrust(issuer), bus=bus)
            services.append(await stack.enter_async_context(running))
            urls.append(await stack.enter_async_context(served(services[-1].host.public)))
        bus = RabbitBus(ServiceSettings(**broker), "message")
        task = asyncio.create_task(bus.run())
        async with asyncio.timeout(WAIT_S):
            while bus.not_ready() is not None:
                await asyncio.sleep(0.02)
        yield Replicas(services, urls, bus, issuer)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_a_stream_that_both_work_off_is_counted_right(replicas: Replicas) -> None:
    ada, story = replicas.issuer.person("ada"), Story()
    crowd = [replicas.issuer.person(f"member-{number}") for number in range(50)]
    await replicas.publish(story.begins_with(ada.id, *(person.id for person in crowd)))
    for _ in range(40):
        await replicas.publish(*(story.sends(ada.id) for _ in range(10)))
    await replicas.publish(story.reads_up_to(crowd[0].id, 150), story.reads_up_to(crowd[1].id, 400))
    await replicas.counts_become(crowd[0], [250])
    await replicas.counts_become(crowd[1], [])
    for person in crowd[2:]:
        await replicas.counts_become(person, [400])


async def test_whichever_works_an_event_off_both_tell_their_sockets(replicas: Replicas) -> None:
    ada, ben = replicas.issuer.person("ada"), replicas.issuer.person("ben")
    async with listening(replicas.urls[0], ben) as first, listening(replicas.urls[1], ben) as second:
        for story in [Story() for _ in range(6)]:
            await replicas.publish(story.begins_with(ada.id, ben.id), story.sends(ada.id))
            for socket in (first, second):
                await socket.wait_for("notification", of(story))


async def test_a_crowd_is_told_and_counted_right_by_both(replicas: Replicas) -> None:
    ada, ben, story = replicas.issuer.person("ada"), replicas.issuer.person("ben"), Story()
    audience = [UserId(new_id()) for _ in range(CROWD)]
    await replicas.publish(story.begins_with(ada.id, ben.id, *audience))
    async with listening(replicas.urls[0], ben) as first, listening(replicas.urls[1], ben) as second:
        for _ in range(20):
            await replicas.publish(story.sends(ada.id), story.sends(ada.id))
        for socket in (first, second):
            await socket.wait_for("notification", lambda item: item["count"] == 40, within_s=WAIT_S)
    await replicas.publish(story.reads_up_to(ben.id, 15))
    await replicas.counts_become(ben, [25])


async def test_what_one_marks_the_other_tells(replicas: Replicas) -> None:
    ada, ben, story = replicas.issuer.person("ada"), replicas.issuer.person("ben"), Story()
    await replicas.publish(story.begins_with(ada.id, ben.id), story.sends(ada.id))
    await replicas.counts_become(ben, [1])
    async with listening(replicas.urls[1], ben) as socket:
        await replicas.services[0].public.put("/api/notification/read-all", headers=ben.headers)
        assert (await socket.wait_for("notification_updated"))["read_at"] is not None


async def test_due_reminders_are_delivered_once(replicas: Replicas) -> None:
    ben = replicas.issuer.person("ben")
    at = (datetime.now(UTC) + timedelta(seconds=1)).isoformat()
    for number in range(20):
        await replicas.services[number % 2].public.post(
            "/api/notification", json={"message": f"tea {number}", "at": at}, headers=ben.headers
        )
    await replicas.counts_become(ben, [1] * 20)
    await asyncio.sleep(0.5)
    assert await replicas.counts(ben) == [1] * 20
