"""Two replicas of the message service on one MySQL and one RabbitMQ."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from messaging.kernel.bus_rabbit import RabbitBus
from messaging.message.settings import MessageSettings

from tests.messaging.message.world import Json, User, World, open_world
from tests.support.databases import broker_settings, mysql_settings
from tests.support.mysql import MySQLServer
from tests.support.rabbitmq import Broker, RabbitMQServer
from tests.support.tokens import ISSUER, Issuer


@dataclass
class Pair:
    """Two replicas of one service."""

    one: World
    two: World
    broker: Broker

    def user(self, name: str) -> tuple[User, User]:
        """One person, as a user of each replica."""
        person = self.one.issuer.person(name)
        return User(self.one, person), User(self.two, person)


@asynccontextmanager
async def open_pair(
    mysql_server: MySQLServer, rabbitmq_server: RabbitMQServer, folder: Path, **settings: Any
) -> AsyncIterator[Pair]:
    """Serve both until the end of the block."""
    broker = rabbitmq_server.fresh_broker("message")
    place: Json = {
        "data_dir": folder,
        **mysql_settings(mysql_server.fresh_database("message")),
        **broker_settings(broker),
        **settings,
    }
    issuer = Issuer()
    async with AsyncExitStack() as stack:
        worlds = [
            await stack.enter_async_context(
                open_world(
                    place, issuer=issuer, bus=RabbitBus(MessageSettings(external_url=ISSUER, **place), "message")
                )
            )
            for _ in range(2)
        ]
        yield Pair(worlds[0], worlds[1], broker)
