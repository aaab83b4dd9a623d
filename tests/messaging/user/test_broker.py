"""The user service and the message service on one RabbitMQ: events and hints reach the other side."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any

import pytest
from messaging.kernel.bus_rabbit import RabbitBus
from messaging.message.settings import MessageSettings
from messaging.message.store import relations
from messaging.user.settings import UserSettings

from tests.messaging.message.world import User, World, expect, open_world
from tests.messaging.user.conftest import Users, open_users
from tests.messaging.user.test_contacts import befriend
from tests.support.databases import broker_settings, mysql_settings
from tests.support.mysql import MySQLServer
from tests.support.rabbitmq import RabbitMQServer
from tests.support.serve import served
from tests.support.tokens import ISSUER, Issuer, Person


@dataclass
class Town:
    """One replica of the message service and two of the user service."""

    world: World
    one: Users
    two: Users

    async def somebody(self) -> User:
        """A person with a profile, which one of the replicas has made."""
        person = await self.one.known()
        await becomes(lambda: self._status(person), 200)
        return User(self.world, person)

    async def _status(self, person: Person) -> int:
        return (await self.two.get("/me", person)).status_code

    async def state(self, users: Users, viewer: User, other: User) -> str | None:
        """How a replica shows somebody to another."""
        items = expect(await users.get(f"/presence?ids={other.id}", viewer.person), 200)["items"]
        return str(items[0]["state"]) if items else None

    async def may_message(self, sender: User, other: User) -> bool:
        """What the message service knows of the two."""
        async with self.world.service.host.runtime.database.reading() as session:
            return await relations.may_message(session, sender.person.id, other.person.id)


@pytest.fixture(scope="module")
async def town(
    mysql_server: MySQLServer, rabbitmq_server: RabbitMQServer, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Town]:
    issuer, vhost = Issuer(), rabbitmq_server.fresh_vhost()
    shared: dict[str, Any] = {"data_dir": tmp_path_factory.mktemp("people"), "external_url": ISSUER}
    async with AsyncExitStack() as stack:
        place = shared | broker_settings(rabbitmq_server.broker("message", vhost))
        place |= mysql_settings(mysql_server.fresh_database("message"))
        bus = RabbitBus(MessageSettings(**place), "message")
        world = await stack.enter_async_context(open_world(place, issuer=issuer, bus=bus))
        admin = await stack.enter_async_context(served(world.service.host.admin))
        place = shared | broker_settings(rabbitmq_server.broker("user", vhost)) | {"message_internal_url": admin}
        place |= mysql_settings(mysql_server.fresh_database("user"))
        pair = [
            await stack.enter_async_context(
                open_users(place, bus=RabbitBus(UserSettings(**place), "user"), issuer=issuer)
            )
            for _ in range(2)
        ]
        yield Town(world, pair[0], pair[1])


async def becomes(ask: Callable[[], Awaitable[object]], wanted: object) -> None:
    """Ask until the answer is that."""
    async with asyncio.timeout(20):
        while await ask() != wanted:
            await asyncio.sleep(0.05)


async def test_every_replica_knows_who_is_there_and_when_they_were_seen_last(town: Town) -> None:
    ada, ben = await town.somebody(), await town.somebody()
    await befriend(town.one, ada.person, ben.person)
    async with ben.live() as live:
        for users in (town.one, town.two):
            await becomes(lambda users=users: town.state(users, ada, ben), "online")  # type: ignore[misc]
        await live.accepted("presence", {"state": "away"})
        for users in (town.one, town.two):
            await becomes(lambda users=users: town.state(users, ada, ben), "away")  # type: ignore[misc]
    for users in (town.one, town.two):
        await becomes(lambda users=users: town.state(users, ada, ben), "offline")  # type: ignore[misc]
    answers = [await users.get(f"/presence?ids={ben.id}", ada.person) for users in (town.one, town.two)]
    assert answers[0].json() == answers[1].json()
    assert answers[0].json()["items"][0]["last_seen_at"] is not None


async def test_a_block_and_its_end_reach_the_message_service(town: Town) -> None:
    ada, ben = await town.somebody(), await town.somebody()
    await town.two.put(f"/blocks/{ben.id}", ada.person)
    await becomes(lambda: town.may_message(ben, ada), False)
    assert await town.may_message(ada, ben)
    await town.one.delete(f"/blocks/{ben.id}", ada.person)
    await becomes(lambda: town.may_message(ben, ada), True)


async def test_messages_from_contacts_only_reach_the_message_service(town: Town) -> None:
    ada, ben = await town.somebody(), await town.somebody()
    await town.one.put("/preferences", ada.person, {"direct_messages": "contacts"})
    await becomes(lambda: town.may_message(ben, ada), False)
    await befriend(town.two, ben.person, ada.person)
    await becomes(lambda: town.may_message(ben, ada), True)
