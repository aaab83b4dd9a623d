"""A database that stands still, loses connections or is locked: sockets stay open, and each send is stored once."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any
from uuid import uuid4

import aiomysql
import pymysql
import pytest

from tests.messaging.message.test_batches import history
from tests.messaging.message.world import World, body_of, open_world
from tests.support.databases import mysql_settings
from tests.support.mysql import Database, MySQLServer

STANDSTILL_S = 8.0


@pytest.fixture(scope="module")
def database(mysql_server: MySQLServer) -> Database:
    return mysql_server.fresh_database("message")


@pytest.fixture
async def world(database: Database, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    place: dict[str, Any] = {"data_dir": tmp_path_factory.mktemp("message"), **mysql_settings(database)}
    async with open_world(place, batch_deadline_s=30) as made:
        yield made


async def test_while_the_database_stands_still_no_socket_is_closed(world: World, mysql_server: MySQLServer) -> None:
    ada, ben = world.user("ada"), world.user("ben")
    group = await world.group(ada, ben)
    start = group["last_seq"]
    assert world.service.host.parts.sockets is not None
    engine = world.service.host.parts.sockets.server.eio
    engine.ping_interval, engine.ping_timeout = 1, 1  # so that seconds stand for minutes

    async with ada.live() as live, ben.live() as other:
        await asyncio.to_thread(mysql_server.container.pause)
        try:
            sends = [
                asyncio.create_task(live.client.call("send_message", body_of(group["id"], str(number)), timeout=60))
                for number in range(5)
            ]
            syncs = [asyncio.create_task(other.client.call("sync", {"conversations": {}}, timeout=60))]
            await asyncio.sleep(STANDSTILL_S)
            assert not live.closed.is_set()
            assert not other.closed.is_set()
            assert not any(task.done() for task in sends)
        finally:
            await asyncio.to_thread(mysql_server.container.unpause)
        answers = await asyncio.gather(*sends)
        await asyncio.gather(*syncs)
        await other.wait_for("message", lambda message: message["content"] == "4")

    assert [answer["message"]["seq"] for answer in answers] == list(range(start + 1, start + 6))
    assert other.seqs(group["id"])[-5:] == list(range(start + 1, start + 6))


async def test_when_connections_die_under_a_stream_each_send_is_stored_once(
    world: World, mysql_server: MySQLServer
) -> None:
    ada, ben = world.user("ada"), world.user("ben")
    group = await world.group(ada, ben)
    keys = [uuid4() for _ in range(200)]

    async with ben.live() as live:
        await live.accepted("sync", {"conversations": {}})
        async with connections_dying(mysql_server):
            answers = await asyncio.gather(
                *(_send_later(ada, group["id"], key, number) for number, key in enumerate(keys)),
                return_exceptions=True,
            )
        again = [await ada.ask("POST", "/message", json=body_of(group["id"], "x", key)) for key in keys]
        last = await ada.send(group["id"], "last")
        assert not live.closed.is_set()
        await live.wait_for("message", lambda message: message["id"] == last["id"])

    assert not [answer for answer in answers if isinstance(answer, BaseException)]
    assert {answer.status_code for answer in again} <= {200, 201}
    found = await history(ada, group)
    assert [message["seq"] for message in found] == list(range(1, len(keys) + 3))
    assert {message["client_message_id"] for message in found} >= {str(key) for key in keys}
    heard = live.seqs(group["id"])
    assert heard == sorted(set(heard))
    assert heard[-1] == len(keys) + 2


async def test_a_locked_conversation_holds_up_no_other(world: World, database: Database) -> None:
    ada = world.user("ada")
    held = await world.group(ada)
    other = await world.group(ada)
    connection = await aiomysql.connect(
        host=database.host,
        port=database.port,
        user=database.username,
        password=database.password,
        db=database.name,
    )
    async with connection.cursor() as cursor:
        await cursor.execute("SELECT 1 FROM conversation WHERE id = UUID_TO_BIN(%s) FOR UPDATE", held["id"])
        waiting = [asyncio.create_task(ada.send(held["id"], str(number))) for number in range(3)]
        await asyncio.sleep(0.01)
        async with asyncio.timeout(2):
            for number in range(10):
                await ada.send(other["id"], str(number))
        await asyncio.sleep(4)  # longer than MySQL lets a statement wait for a lock
        assert not any(task.done() for task in waiting)
        await connection.rollback()
    connection.close()

    assert sorted(message["seq"] for message in await asyncio.gather(*waiting)) == [1, 2, 3]


@asynccontextmanager
async def connections_dying(server: MySQLServer) -> AsyncIterator[None]:
    """End every connection that is in a transaction, twenty times a second, until the end of the block."""

    async def kill() -> None:
        while True:
            await asyncio.to_thread(_kill_transactions, server)
            await asyncio.sleep(0.05)

    killer = asyncio.create_task(kill())
    try:
        yield
    finally:
        killer.cancel()
        await asyncio.wait([killer])


async def _send_later(user: Any, conversation_id: str, key: Any, number: int) -> Any:
    await asyncio.sleep(number * 0.005)
    return await user.ask("POST", "/message", json=body_of(conversation_id, "x", key))


def _kill_transactions(server: MySQLServer) -> None:
    for (number,) in server.execute("SELECT trx_mysql_thread_id FROM information_schema.innodb_trx"):
        with suppress(pymysql.err.OperationalError):  # it has gone by itself
            server.execute(f"KILL CONNECTION {number}")
