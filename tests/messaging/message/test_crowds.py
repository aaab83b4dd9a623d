"""A group of ten thousand on MySQL: coming, going and roles read a few rows, however many members there are."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from uuid import UUID, uuid4

import pytest
from messaging.message.service.admission import new_member
from messaging.message.tables import ConversationRow
from messaging_wire.ids import ConversationId, UserId
from sqlalchemy import text

from tests.messaging.message.rows import insert_rows
from tests.messaging.message.test_invitations import befriend, meet
from tests.messaging.message.world import Json, Live, User, World, open_world
from tests.support.databases import mysql_settings
from tests.support.mysql import MySQLServer

CROWD = 9_900
FEW = 200
"""What one act may read: dozens of rows of its own, and what runs beside it."""


@dataclass
class Crowd:
    """The group, its owner, and somebody in it whose socket has heard of it."""

    world: World
    owner: User
    group: Json
    live: Live

    @property
    def path(self) -> str:
        """Where the group is."""
        return f"/conversation/{self.group['id']}"

    async def rows_read(self) -> int:
        """How many rows the server has read so far, for whomever."""
        query = text("SHOW GLOBAL STATUS LIKE 'Innodb_rows_read'")
        async with self.world.service.host.runtime.database.engine.connect() as connection:
            return int((await connection.execute(query)).one()[1])


@pytest.fixture(scope="module")
async def crowd(mysql_server: MySQLServer, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Crowd]:
    folder = tmp_path_factory.mktemp("message")
    async with open_world({"data_dir": folder, **mysql_settings(mysql_server.fresh_database("message"))}) as world:
        owner, listener = await meet(world, "owner", "listener")
        group = await world.group(owner, listener)
        await _fill(world, ConversationId(UUID(group["id"])))
        async with listener.live() as live:
            sent = await owner.send(group["id"], "the room is read")
            await live.wait_for("message", lambda message: message["id"] == sent["id"])
            yield Crowd(world, owner, group, live)


async def _fill(world: World, conversation_id: ConversationId) -> None:
    """Let the crowd in, as it were before the service has started."""
    runtime = world.service.host.runtime
    async with runtime.database.writing() as session:
        row = await session.get(ConversationRow, conversation_id)
        assert row is not None
        now = runtime.clock.now()
        for _ in range(0, CROWD, 1100):
            await insert_rows(session, [new_member(row, UserId(uuid4()), "member", now) for _ in range(1100)])
        row.member_count += CROWD
    async with runtime.database.engine.connect() as connection:
        await connection.execute(text("ANALYZE TABLE member"))


async def _add_contact(at: Crowd) -> None:
    (friend,) = await meet(at.world, "friend")
    await befriend(at.world, at.owner, friend)
    await at.owner.post(f"{at.path}/members", {"user_id": friend.id}, expect=201)


async def _remove(at: Crowd) -> None:
    member = at.world.user("removed")
    await member.post("/conversation/join", {"join_code": at.group["join_code"]})
    await at.owner.delete(f"{at.path}/members/{member.id}")


async def _invite_and_accept(at: Crowd) -> None:
    (guest,) = await meet(at.world, "guest")
    await at.owner.post(f"{at.path}/members", {"user_id": guest.id}, expect=202)
    await guest.put(f"/conversation/invitations/{at.group['id']}", {"accept": True})


async def _leave(at: Crowd) -> None:
    member = at.world.user("leaving")
    await member.post("/conversation/join", {"join_code": at.group["join_code"]})
    await member.delete(f"{at.path}/members/{member.id}")


async def _give_and_take_a_role(at: Crowd) -> None:
    listener = at.live.user
    for role in ("admin", "member"):
        await at.owner.put(f"{at.path}/members/{listener.id}", {"role": role})


ACTS: dict[str, Callable[[Crowd], Awaitable[None]]] = {
    "adding a contact": _add_contact,
    "inviting and coming in": _invite_and_accept,
    "removing": _remove,
    "leaving": _leave,
    "roles": _give_and_take_a_role,
}


@pytest.mark.parametrize("act", ACTS)
async def test_it_reads_a_few_rows_and_the_room_follows_without_being_read_anew(crowd: Crowd, act: str) -> None:
    crowd.live.heard.clear()
    before = await crowd.rows_read()

    await ACTS[act](crowd)
    sent = await crowd.owner.send(crowd.group["id"], "a barrier")
    await crowd.live.wait_for("message", lambda message: message["id"] == sent["id"])

    assert 0 < await crowd.rows_read() - before < FEW
    assert crowd.live.events("resync") == []


async def test_an_owner_who_leaves_is_followed_after_reading_a_few_rows(crowd: Crowd) -> None:
    before = await crowd.rows_read()

    await crowd.owner.delete(f"{crowd.path}/members/{crowd.owner.id}")

    assert await crowd.rows_read() - before < FEW
    heir = (await crowd.live.user.get(crowd.path))["owner_id"]
    assert heir == crowd.live.user.id, "the longest-standing member"


async def test_many_come_at_once_and_each_is_numbered_once(crowd: Crowd) -> None:
    people = [crowd.world.user(f"late{number}") for number in range(20)]
    code = (await crowd.live.user.get(crowd.path))["join_code"]

    joined = await asyncio.gather(*(user.post("/conversation/join", {"join_code": code}) for user in people))

    seqs = sorted(one["me"]["joined_seq"] for one in joined)
    assert seqs == list(range(seqs[0], seqs[0] + len(people)))
