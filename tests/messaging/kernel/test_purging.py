"""The removal of a deleted account: page by page, again after a crash, once over all replicas, answered at the end."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from messaging.kernel.bus_memory import MemoryBus
from messaging.kernel.migrate import migrate
from messaging.kernel.outbox import Outbox, outbox
from messaging.kernel.purging import KEPT, RETRY, Job, Page, Purging, deleted_among, purges
from messaging.kernel.service import Runtime, Trust, make_runtime
from messaging.kernel.settings import ServiceSettings
from messaging.kernel.topology import USER_DELETIONS
from messaging_wire.events import UserDeleted
from messaging_wire.ids import UserId
from sqlalchemy import delete, select, update
from sqlmodel.ext.asyncio.session import AsyncSession

from tests.support.clock import SetClock
from tests.support.databases import DIALECTS
from tests.support.deletions import Deletions, deletion_of
from tests.support.services import database_place

DELAY = timedelta(seconds=2)


class Shelf:
    """What a service of the tests' own holds: so many things of each person, of which a page takes one."""

    def __init__(self) -> None:
        self.things: dict[UUID, int] = {}
        self.broken: set[UUID] = set()
        self.pages: list[tuple[UUID, bool]] = []
        self.committed = 0

    def put(self, things: int) -> UUID:
        user_id = uuid4()
        self.things[user_id] = things
        return user_id

    async def page(self, session: AsyncSession, job: Job) -> Page:
        if job.user_id in self.broken:
            raise ZeroDivisionError
        self.pages.append((job.user_id, job.keeps_messages))
        job.notes["taken"] = job.notes.get("taken", 0) + 1
        self.things[job.user_id] -= 1
        return Page(more=self.things[job.user_id] > 0, committed=self._count)

    def _count(self) -> None:
        self.committed += 1


class Removal:
    """The purging of one replica, and what it answers."""

    def __init__(self, runtime: Runtime, shelf: Shelf, clock: SetClock) -> None:
        assert isinstance(runtime.bus, MemoryBus)
        self.runtime = runtime
        self.shelf = shelf
        self.clock = clock
        self.purging = Purging(runtime, shelf.page)
        self.deletions = Deletions(runtime.bus)
        runtime.bus.consume(self.purging.consumer(USER_DELETIONS))

    async def answers(self, user_id: UUID) -> int:
        await self.runtime.outbox.relay_batch()
        return len(self.deletions.of(user_id))

    async def work(self) -> int:
        pages = 0
        while await self.purging.work_once():
            pages += 1
        return pages


@pytest.fixture(scope="module", params=DIALECTS)
async def runtime(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Runtime]:
    clock = SetClock()
    trust = Trust.open("http://localhost:1", clock)
    settings = ServiceSettings(**database_place(request, "user", tmp_path_factory))
    made = make_runtime("user", settings, bus=MemoryBus(), trust=trust, clock=clock)
    await migrate(made.database, "user")
    yield made
    await made.database.close()
    await trust.client.aclose()


@pytest.fixture
async def removal(runtime: Runtime) -> Removal:
    async with runtime.database.writing() as session:
        await session.execute(delete(purges))
    bus, clock = MemoryBus(), SetClock()
    box = Outbox(runtime.database, bus, clock, runtime.name)
    return Removal(replace(runtime, bus=bus, outbox=box, clock=clock), Shelf(), clock)


async def test_a_person_is_taken_away_page_by_page_and_answered_once(removal: Removal) -> None:
    ada = removal.shelf.put(3)
    await removal.deletions.tell(ada, "keep")

    assert await removal.work() == 0, "for a moment their tokens may still act elsewhere"
    removal.clock.advance(DELAY)
    assert await removal.work() == 3

    assert removal.shelf.pages == [(ada, True)] * 3
    assert removal.shelf.committed == 3
    assert await removal.answers(ada) == 1
    assert (removal.deletions.of(ada)[0].service, removal.deletions.of(ada)[0].version) == ("user", 2)
    assert await removal.work() == 0


async def test_what_is_heard_again_is_answered_again_and_not_done_again(removal: Removal) -> None:
    ada = removal.shelf.put(1)
    for _ in range(2):
        await removal.deletions.tell(ada)
    removal.clock.advance(DELAY)
    await removal.work()
    assert await removal.answers(ada) == 1

    await removal.deletions.tell(ada)
    removal.clock.advance(DELAY)

    assert await removal.work() == 0
    assert await removal.answers(ada) == 2


async def test_a_page_that_fails_leaves_nothing_and_holds_up_nobody_else(removal: Removal) -> None:
    ada, ben = removal.shelf.put(2), removal.shelf.put(2)
    await removal.deletions.tell(ada)
    removal.clock.advance(timedelta(seconds=1))
    await removal.deletions.tell(ben)
    removal.clock.advance(DELAY)
    removal.shelf.broken.add(ada)

    with pytest.raises(ZeroDivisionError):
        await removal.work()
    assert await removal.work() == 2
    assert (await removal.answers(ada), await removal.answers(ben)) == (0, 1)

    removal.shelf.broken.clear()
    removal.clock.advance(RETRY)
    assert await removal.work() == 2
    assert await removal.answers(ada) == 1


async def test_another_replica_goes_on_where_one_has_died(removal: Removal) -> None:
    ada = removal.shelf.put(3)
    await removal.deletions.tell(ada)
    removal.clock.advance(DELAY)
    assert await removal.purging.work_once()

    other = Purging(removal.runtime, removal.shelf.page)
    while await other.work_once():
        pass

    assert len(removal.shelf.pages) == 3
    assert await removal.answers(ada) == 1


async def test_several_replicas_share_the_work_and_each_page_is_done_once(removal: Removal) -> None:
    people = [removal.shelf.put(5) for _ in range(4)]
    await removal.deletions.bus.publish([deletion_of(user_id) for user_id in people])
    removal.clock.advance(DELAY)

    async def replica() -> None:
        purging = Purging(removal.runtime, removal.shelf.page)
        while any(removal.shelf.things.values()):
            await purging.work_once()

    await asyncio.gather(*(replica() for _ in range(3)))

    assert len(removal.shelf.pages) == 20
    assert set(removal.shelf.things.values()) == {0}
    assert [await removal.answers(user_id) for user_id in people] == [1] * 4


async def test_events_that_were_given_up_and_speak_of_them_go(removal: Removal) -> None:
    ada, ben = removal.shelf.put(1), removal.shelf.put(1)
    database, box = removal.runtime.database, removal.runtime.outbox
    async with database.writing() as session:
        await session.execute(delete(outbox))
        await box.add(session, [UserDeleted(version=1, user_id=UserId(one), messages="keep") for one in (ada, ben)])
        await session.execute(update(outbox).values(parked_at=removal.clock.now()))
    await removal.deletions.tell(ada)
    removal.clock.advance(DELAY)

    await removal.work()

    async with database.reading() as session:
        bodies = (await session.execute(select(outbox.c.body).where(outbox.c.parked_at.is_not(None)))).scalars().all()
    assert [str(ben) in body for body in bodies] == [True]


async def test_who_has_left_is_remembered_for_longer_than_any_event_is_under_way(removal: Removal) -> None:
    ada, ben = removal.shelf.put(1), removal.shelf.put(1)
    await removal.deletions.tell(ada)
    removal.clock.advance(DELAY)
    await removal.work()

    async def remembered() -> set[UUID]:
        running = asyncio.create_task(removal.purging.run())
        await asyncio.sleep(0.1)
        running.cancel()
        async with removal.runtime.database.reading() as session:
            return await deleted_among(session, [ada, ben])

    removal.clock.advance(KEPT - timedelta(seconds=1))
    assert await remembered() == {ada}
    removal.clock.advance(timedelta(hours=2))
    assert await remembered() == set()


async def test_it_runs_by_itself_and_outlives_what_goes_wrong(removal: Removal) -> None:
    ada = removal.shelf.put(2)
    removal.shelf.broken.add(ada)
    running = asyncio.create_task(removal.purging.run())
    await removal.deletions.tell(ada)
    removal.clock.advance(DELAY)
    removal.purging.wake()
    await asyncio.sleep(0.1)
    assert not running.done()

    removal.shelf.broken.clear()
    removal.clock.advance(RETRY)
    removal.purging.wake()
    async with asyncio.timeout(10):
        while not await removal.answers(ada):
            await asyncio.sleep(0.02)
    running.cancel()
