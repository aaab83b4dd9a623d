"""The background work survives what happens to it: killed replicas, torn streams, full disks, cancelled exports."""

import asyncio
from uuid import UUID

import pytest
from messaging.export.tables import export_chunks
from sqlalchemy import func, select

from tests.messaging.export.world import WITHIN_S, Exports, Person, World, problem

BIG = ("😀" * 4000,) * 90
"""More than a MiB of messages."""


@pytest.fixture(scope="module")
async def big(world: World) -> tuple[Person, str]:
    """Somebody with a conversation of several chunks."""
    person = await world.person()
    return person, await world.conversation(person, *BIG)


async def chunks_of(exports: Exports, export_id: str) -> int:
    """How many pieces of an export are stored."""
    query = select(func.count()).where(export_chunks.c.export_id == UUID(export_id))
    async with exports.service.host.runtime.database.reading() as session:
        return int((await session.execute(query)).scalar_one())


async def chunks_settle_at(exports: Exports, export_id: str, count: int) -> None:
    async with asyncio.timeout(WITHIN_S):
        while await chunks_of(exports, export_id) != count:
            await asyncio.sleep(0.02)


async def texts(exports: Exports, person: Person, export_id: str) -> list[str]:
    document = await exports.document(person, export_id)
    return [message["content"] for message in document["messages"] if message["kind"] == "text"]


async def test_a_killed_replicas_export_is_taken_over_and_made_anew(world: World, big: tuple[Person, str]) -> None:
    ada, conversation_id = big
    world.gate.close()
    try:
        async with world.exporting(lease=1) as killed:
            export_id = await killed.begun(ada, conversation_id)
            await world.gate.waiting.wait()
            assert (await killed.one(ada, export_id))["state"] == "running"
    finally:
        world.gate.open()
    async with world.exporting(lease=1) as other:
        assert (await other.ended(ada, export_id))["state"] == "ready"
        assert await texts(other, ada, export_id) == list(BIG)


async def test_a_replica_that_was_cut_off_writes_no_more_once_it_was_taken_over(
    world: World, big: tuple[Person, str]
) -> None:
    ada, conversation_id = big
    world.gate.close()
    try:
        async with world.exporting(lease=0.2, exports_at_once=1) as slow:
            export_id = await slow.begun(ada, conversation_id)
            await world.gate.waiting.wait()
            async with world.exporting(lease=0.2, exports_at_once=1) as other:
                world.gate.waiting.clear()
                await world.gate.waiting.wait()
                world.gate.open()
                assert (await other.ended(ada, export_id))["state"] == "ready"
                await asyncio.sleep(0.5)
                assert await texts(other, ada, export_id) == list(BIG)
    finally:
        world.gate.open()


async def test_a_torn_stream_is_read_again_from_its_beginning(
    world: World, big: tuple[Person, str], exports: Exports
) -> None:
    ada, conversation_id = big
    world.gate.close()
    export_id = await exports.begun(ada, conversation_id)
    await world.gate.waiting.wait()
    world.gate.open(broken=True)
    await asyncio.sleep(0.1)
    world.gate.open()
    assert (await exports.ended(ada, export_id))["state"] == "ready"
    assert await texts(exports, ada, export_id) == list(BIG)


async def test_a_cancelled_export_leaves_nothing_behind(
    world: World, big: tuple[Person, str], exports: Exports
) -> None:
    ada, conversation_id = big
    world.gate.close()
    try:
        export_id = await exports.begun(ada, conversation_id)
        await world.gate.waiting.wait()
        answer = await exports.ask(ada, "POST", f"/{export_id}/cancel")
        assert (answer.status_code, answer.json()["state"]) == (200, "cancelled")
    finally:
        world.gate.open()
    assert (await exports.ask(ada, "POST", f"/{export_id}/cancel")).json()["state"] == "cancelled"
    await asyncio.sleep(0.3)
    assert (await exports.one(ada, export_id))["state"] == "cancelled"
    assert await chunks_of(exports, export_id) == 0


async def test_an_export_that_has_ended_cannot_be_cancelled(world: World, exports: Exports) -> None:
    ada = await world.person()
    export_id = await exports.ready(ada, await world.conversation(ada))
    assert problem(await exports.ask(ada, "POST", f"/{export_id}/cancel")) == (409, "conflict")


async def test_who_left_before_it_was_made_gets_nothing(
    world: World, big: tuple[Person, str], exports: Exports
) -> None:
    (ada, conversation_id), ben = big, await world.person()
    conversation = (await world.message.public.get(f"/api/conversation/{conversation_id}", headers=ada.headers)).json()
    join = {"join_code": conversation["join_code"]}
    joined = await world.message.public.post("/api/conversation/join", json=join, headers=ben.headers)
    assert joined.status_code == 200
    world.gate.close()
    export_id = await exports.begun(ben, conversation_id)
    await world.gate.waiting.wait()
    me = (await world.message.public.get(f"/api/conversation/{conversation_id}/members", headers=ben.headers)).json()
    mine = next(item["user_id"] for item in me["items"] if item["role"] == "member")
    left = await world.message.public.delete(f"/api/conversation/{conversation_id}/members/{mine}", headers=ben.headers)
    assert left.status_code in (200, 204), left.text
    world.gate.open(broken=True)
    await asyncio.sleep(0.1)
    world.gate.open()
    ended = await exports.ended(ben, export_id)
    assert (ended["state"], ended["failure"]) == ("failed", "conversation-gone")
    await chunks_settle_at(exports, export_id, 0)


async def test_an_export_that_grows_too_large_fails_and_says_so(world: World, big: tuple[Person, str]) -> None:
    ada, conversation_id = big
    async with world.exporting(max_export_bytes=1024 * 1024) as exports:
        export_id = await exports.begun(ada, conversation_id)
        ended = await exports.ended(ada, export_id)
        assert (ended["state"], ended["failure"]) == ("failed", "too-large")
        await chunks_settle_at(exports, export_id, 0)


async def test_a_nearly_full_disk_takes_no_export_where_the_database_is_on_it(world: World) -> None:
    ada = await world.person()
    conversation_id = await world.conversation(ada, "hello")
    async with world.exporting(min_free_bytes=2**62) as exports:
        ended = await exports.ended(ada, await exports.begun(ada, conversation_id))
    is_on_it = not world.place["database_host"]
    assert (ended["state"], ended["failure"]) == (("failed", "no-space") if is_on_it else ("ready", None))


async def test_an_export_whose_time_is_over_is_gone_with_its_bytes_and_links(
    world: World, big: tuple[Person, str]
) -> None:
    ada, conversation_id = big
    async with world.exporting(export_lifetime=3) as exports:
        export_id = await exports.ready(ada, conversation_id)
        path = await exports.link(ada, export_id)
        await asyncio.sleep(3.1)
        assert problem(await exports.ask(ada, "GET", f"/{export_id}")) == (404, "not-found")
        assert problem(await exports.service.public.get(path)) == (404, "not-found")
    async with world.exporting() as exports:
        await chunks_settle_at(exports, export_id, 0)


async def test_several_replicas_share_the_work(world: World) -> None:
    ada = await world.person()
    conversation_id = await world.conversation(ada, "hello")
    async with world.exporting() as first, world.exporting() as second:
        ids = [await (first, second)[number % 2].begun(ada, conversation_id) for number in range(10)]
        ended = [await first.ended(ada, export_id) for export_id in ids]
        assert [export["state"] for export in ended] == ["ready"] * 10
        assert [await texts(second, ada, export_id) for export_id in ids] == [["hello"]] * 10
