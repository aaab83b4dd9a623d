"""Presence over two replicas and a real broker: one state for each person, whoever they are connected to."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest
from messaging.message import presence

from tests.messaging.message.replicas import Pair, open_pair
from tests.messaging.message.test_presence import of, states
from tests.messaging.message.test_replicas import broker_away
from tests.support.mysql import MySQLServer
from tests.support.rabbitmq import RabbitMQServer

pytestmark = [  # aiormq drops the coroutine that would close a connection which the broker has refused
    pytest.mark.filterwarnings("ignore:coroutine 'Connection.close' was never awaited:RuntimeWarning"),
    pytest.mark.filterwarnings("ignore:.*Connection.close:pytest.PytestUnraisableExceptionWarning"),
]


@pytest.fixture(scope="module")
async def pair(
    mysql_server: MySQLServer, rabbitmq_server: RabbitMQServer, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Pair]:
    async with open_pair(mysql_server, rabbitmq_server, tmp_path_factory.mktemp("message")) as made:
        yield made


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Changes are coalesced for a tenth of the time, so that the tests need not wait for it."""
    monkeypatch.setattr(presence, "COALESCE_S", 0.1)


async def test_who_comes_is_away_and_goes_at_one_replica_is_heard_at_the_other(pair: Pair) -> None:
    (ada, _), (ben, ben_there) = pair.user("ada"), pair.user("ben")
    await pair.one.group(ada, ben)
    async with ada.live() as here:
        async with ben_there.live() as there:
            await here.wait_for("presence", of(ben, "online"))
            await there.accepted("presence", {"state": "away"})
            await here.wait_for("presence", of(ben, "away"))
        await here.wait_for("presence", of(ben, "offline"))


async def test_who_is_at_both_replicas_goes_when_the_last_socket_does(pair: Pair) -> None:
    (ada, _), (ben, ben_there) = pair.user("ada"), pair.user("ben")
    await pair.one.group(ada, ben)
    async with ada.live() as here:
        async with ben.live():
            async with ben_there.live():
                await here.wait_for("presence", of(ben, "online"))
                await asyncio.sleep(0.5)
            await asyncio.sleep(0.5)
            assert states(here, ben) == ["online"]
        await here.wait_for("presence", of(ben, "offline"))
        assert states(here, ben) == ["online", "offline"]


async def test_what_the_broker_could_not_carry_is_said_again_when_it_is_back(
    pair: Pair, rabbitmq_server: RabbitMQServer
) -> None:
    (ada, _), (ben, ben_there) = pair.user("ada"), pair.user("ben")
    await pair.one.group(ada, ben)
    async with ada.live() as here, AsyncExitStack() as stack:
        async with broker_away(pair, rabbitmq_server):
            await stack.enter_async_context(ben_there.live())
            await asyncio.sleep(0.5)
            assert states(here, ben) == []
        await here.wait_for("presence", of(ben, "online"))
