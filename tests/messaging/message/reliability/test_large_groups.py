"""A group of ten thousand: what a message costs the database does not grow with it, and nobody else waits for it.

What the database does is read from its own counters, so that no way to it is missed.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from uuid import UUID, uuid4

import pytest
from messaging.message.service.admission import new_member
from messaging.message.tables import ConversationRow
from messaging_wire.ids import UserId
from sqlalchemy import update
from sqlmodel import col

from tests.messaging.message.rows import insert_rows
from tests.messaging.message.world import Json, Live, User, World, open_world, until
from tests.support.databases import mysql_settings
from tests.support.mysql import MySQLServer

MANY, HERE = 9_990, 20
"""How many are in the large group (with room for guests), and how many of each group are connected."""
SENDS = 50
ROWS, STATEMENTS = ("Handler_read%", "Handler_write", "Handler_update", "Handler_delete"), ("Questions",)
NOISE = 300
"""Rows and statements that go on beside, as the outbox looks for work."""
OTHERS_WAIT_AT_MOST_S = 2.0
"""On a machine that other work keeps busy; a group that blocked others would hold them up for all of its sends."""


@dataclass
class Group:
    """A group, its owner, and sockets of members at this replica."""

    owner: User
    id: str
    sockets: list[Live]

    async def send(self, number: int) -> Json:
        """A message of the owner's."""
        return await self.owner.send(self.id, f"message {number}")

    async def everybody_heard(self, seq: int) -> None:
        """Wait until every socket has heard that message."""
        for socket in self.sockets:
            await until(lambda socket=socket: seq in socket.seqs(self.id), f"#{seq} was not heard")  # type: ignore[misc]


@dataclass
class Town:
    """A served replica with a large group and a small one."""

    world: World
    server: MySQLServer
    large: Group
    small: Group

    async def work_of(self, what: Callable[[], Awaitable[object]]) -> tuple[int, int]:
        """How many rows the database has touched for that, and how many statements it has got."""
        counting = self._count(ROWS) - self._count(ROWS)  # to ask what was touched touches rows too
        before = [self._count(names) for names in (ROWS, STATEMENTS)]
        await what()
        after = [self._count(names) for names in (ROWS, STATEMENTS)]
        return after[0] - before[0] + 2 * counting, after[1] - before[1]

    def _count(self, names: tuple[str, ...]) -> int:
        wanted = " OR ".join(f"Variable_name LIKE '{name}'" for name in names)
        return sum(int(str(value)) for _, value in self.server.execute(f"SHOW GLOBAL STATUS WHERE {wanted}"))


@pytest.fixture(scope="module")
async def town(mysql_server: MySQLServer, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Town]:
    place = {"data_dir": tmp_path_factory.mktemp("message"), **mysql_settings(mysql_server.fresh_database("message"))}
    async with AsyncExitStack() as stack:
        world = await stack.enter_async_context(open_world(place))
        groups = [await _group(world, stack) for _ in range(2)]
        await _crowd_into(world, groups[0].id)
        for group in groups:  # rooms are read once, when somebody first hears of a membership that is new here
            await group.everybody_heard((await group.send(0))["seq"])
        yield Town(world, mysql_server, groups[0], groups[1])


async def _group(world: World, stack: AsyncExitStack) -> Group:
    owner, *others = [world.user(f"member{number}") for number in range(HERE)]
    made = await world.group(owner, *others)
    sockets = [await stack.enter_async_context(user.live()) for user in (owner, *others)]
    return Group(owner, made["id"], sockets)


async def _crowd_into(world: World, conversation_id: str) -> None:
    """Put ten thousand strangers in, as rows, and tell nobody: the version says that the room must be read again."""
    key = UUID(conversation_id)
    async with world.service.host.runtime.database.writing() as session:
        row = await session.get_one(ConversationRow, key)
        count = MANY - row.member_count
        crowd = [new_member(row, UserId(uuid4()), "member", row.created_at) for _ in range(count)]
        for start in range(0, len(crowd), 1000):
            await insert_rows(session, crowd[start : start + 1000])
        changed = {"member_count": MANY, "member_version": row.member_version + 1}
        await session.execute(update(ConversationRow).where(col(ConversationRow.id) == key).values(changed))


async def _send_many(group: Group) -> None:
    for number in range(SENDS):
        sent = await group.send(number)
    await group.everybody_heard(sent["seq"])


async def test_a_message_costs_the_database_the_same_in_a_large_group(town: Town) -> None:
    small_rows, small_statements = await town.work_of(lambda: _send_many(town.small))
    large_rows, large_statements = await town.work_of(lambda: _send_many(town.large))

    assert large_rows <= small_rows * 1.2 + NOISE
    assert large_statements <= small_statements * 1.2 + NOISE


async def test_coming_and_going_costs_the_database_the_same_in_a_large_group(town: Town) -> None:
    async def come_and_go(group: Group) -> None:
        code = (await group.owner.get(f"/conversation/{group.id}"))["join_code"]
        guest = town.world.user("guest")
        joined = await guest.post("/conversation/join", {"join_code": code})
        await group.everybody_heard(joined["last_seq"])
        await guest.delete(f"/conversation/{group.id}/members/{guest.id}")
        await group.everybody_heard(joined["last_seq"] + 1)

    small_rows, small_statements = await town.work_of(lambda: come_and_go(town.small))
    large_rows, large_statements = await town.work_of(lambda: come_and_go(town.large))

    assert large_rows <= small_rows * 1.2 + NOISE
    assert large_statements <= small_statements * 1.2 + NOISE


async def test_lists_of_a_large_group_are_bounded(town: Town) -> None:
    owner, group = town.large.owner, town.large.id

    async def look() -> None:
        assert len((await owner.get(f"/conversation/{group}"))["members"]) <= 50
        assert len((await owner.get(f"/conversation/{group}/members", limit=200))["items"]) == 200
        assert len((await owner.get(f"/conversation/{group}/receipts", limit=200))["items"]) <= 200

    rows, _ = await town.work_of(look)

    assert rows <= 5 * (50 + 200 + 200) + NOISE


async def test_while_a_large_group_is_busy_others_do_not_wait(town: Town) -> None:
    busy = [asyncio.create_task(town.large.send(number)) for number in range(500)]
    waits = []
    while not all(task.done() for task in busy):
        begun = time.monotonic()
        await town.small.send(0)
        waits.append(time.monotonic() - begun)
    await asyncio.gather(*busy)

    assert max(waits) < OTHERS_WAIT_AT_MOST_S
