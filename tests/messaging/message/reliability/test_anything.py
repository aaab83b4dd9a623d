"""Whatever happens, in whatever order: nothing is lost, doubled, out of order or told to strangers; counts are right.

`RELIABILITY_EXAMPLES` sets how many stories are played on SQLite (MySQL gets a fifth of them).
"""

import os
import random
from collections.abc import AsyncIterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.messaging.message.reliability.client import Client
from tests.messaging.message.reliability.cluster import Cluster, open_cluster, sqlite_place
from tests.messaging.message.reliability.happenings import (
    BEGINNING,
    PEOPLE,
    Happening,
    Story,
    end,
    happenings,
    weathers,
)
from tests.messaging.message.reliability.network import Weather
from tests.support.databases import mysql_settings
from tests.support.mysql import MySQLServer

EXAMPLES = int(os.environ.get("RELIABILITY_EXAMPLES", "20"))
SLOW = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large]


@pytest.fixture(scope="module")
async def on_sqlite(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Cluster]:
    folder = tmp_path_factory.mktemp("reliability")
    places = sqlite_place(folder, "message"), sqlite_place(folder, "notification")
    async with open_cluster(*places, replicas=3) as cluster:
        yield cluster


@pytest.fixture(scope="module")
async def on_mysql(mysql_server: MySQLServer, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Cluster]:
    folder = tmp_path_factory.mktemp("reliability")
    places = [
        {"data_dir": folder} | mysql_settings(mysql_server.fresh_database(name)) for name in ("message", "notification")
    ]
    async with open_cluster(places[0], places[1], replicas=3) as cluster:
        yield cluster


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=SLOW)
@given(told=happenings, weather=weathers, seed=st.integers(0, 2**32))
async def test_whatever_happens_on_sqlite(
    on_sqlite: Cluster, told: list[Happening], weather: Weather, seed: int
) -> None:
    await play(on_sqlite, told, weather, random.Random(seed))


@settings(max_examples=max(1, EXAMPLES // 5), deadline=None, suppress_health_check=SLOW)
@given(told=happenings, weather=weathers, seed=st.integers(0, 2**32))
async def test_whatever_happens_on_mysql(on_mysql: Cluster, told: list[Happening], weather: Weather, seed: int) -> None:
    await play(on_mysql, told, weather, random.Random(seed))


async def play(cluster: Cluster, told: list[Happening], weather: Weather, chance: random.Random) -> None:
    """Play what happens among new people in new conversations, and judge everything at the end."""
    cluster.network.chance, cluster.network.weather = chance, weather
    people = [cluster.person(name) for name in ("ada", "ben", "carol", "dan")[:PEOPLE]]
    keeper = cluster.person("keeper")
    conversations = [await cluster.group(keeper, people), await cluster.group(keeper, people[:2])]
    story = Story(cluster, [Client(person) for person in people], conversations, chance)
    try:
        for happening in (*BEGINNING, *told):
            await story.play(happening)
        await end(story)
        for conversation in conversations:
            await demand_all_is_well(story, str(conversation["id"]))
    finally:
        for client in story.clients:
            await client.disconnect()


async def demand_all_is_well(story: Story, conversation_id: str) -> None:
    """The checker finds nothing, and every notification counts what its person has not read."""
    findings = await story.cluster.judge(conversation_id, story.clients)
    assert findings.good, str(findings)
    for client in story.clients:
        counted = await story.cluster.notified(client.person, conversation_id)
        assert counted == await story.cluster.unread_texts(client.person, conversation_id), client.name
