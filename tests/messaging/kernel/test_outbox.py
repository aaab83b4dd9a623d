"""An event of a committed transaction reaches its consumer at least once, whatever fails meanwhile."""

import asyncio
from collections.abc import Sequence
from uuid import uuid4

import pytest
from messaging.kernel.bus import BusUnavailableError, Consumer
from messaging.kernel.bus_memory import MemoryBus
from messaging.kernel.database import Database
from messaging.kernel.inbox import take_new
from messaging.kernel.outbox import Outbox, outbox
from messaging.kernel.topology import USER_ACCOUNTS
from messaging_wire.events import Envelope, UserCreated
from sqlalchemy import delete

from tests.support.clock import SetClock


def created(clock: SetClock, name: str = "ada") -> UserCreated:
    return UserCreated(version=1, user_id=uuid4(), username=name, email="ada@example.org", created_at=clock.now())


@pytest.fixture(autouse=True)
async def empty(database: Database) -> None:
    async with database.writing() as session:
        await session.execute(delete(outbox))


class Recorder:
    """A consumer that notes what it took, and fails as often as a test asks."""

    def __init__(self, *, failures: int = 0) -> None:
        self.names: list[str] = []
        self.failures = failures

    async def handle(self, envelopes: Sequence[Envelope]) -> None:
        if self.failures:
            self.failures -= 1
            raise RuntimeError("not today")
        self.names += [str(envelope.body["username"]) for envelope in envelopes]


async def test_an_event_arrives_after_commit_and_leaves_no_row(database: Database, clock: SetClock) -> None:
    bus, recorder = MemoryBus(), Recorder()
    bus.consume(Consumer(USER_ACCOUNTS, recorder.handle))
    box = Outbox(database, bus, clock, "auth")

    async with database.writing() as session:
        await box.add(session, [created(clock, "ada"), created(clock, "ben")])
    await box.relay_batch()

    assert recorder.names == ["ada", "ben"]
    assert await box.backlog() == 0


async def test_an_event_of_a_rolled_back_transaction_never_arrives(database: Database, clock: SetClock) -> None:
    bus, recorder = MemoryBus(), Recorder()
    bus.consume(Consumer(USER_ACCOUNTS, recorder.handle))
    box = Outbox(database, bus, clock, "auth")

    async def write_and_fail() -> None:
        async with database.writing() as session:
            await box.add(session, [created(clock)])
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await write_and_fail()
    await box.relay_batch()

    assert recorder.names == []


async def test_a_failing_consumer_gets_the_event_again(database: Database, clock: SetClock) -> None:
    bus, recorder = MemoryBus(), Recorder(failures=2)
    bus.consume(Consumer(USER_ACCOUNTS, recorder.handle))
    box = Outbox(database, bus, clock, "auth")
    async with database.writing() as session:
        await box.add(session, [created(clock)])

    with pytest.raises(BusUnavailableError):
        await box.relay_batch()
    assert await box.backlog() == 1
    await box.relay_batch()

    assert recorder.names == ["ada"]
    assert await box.backlog() == 0


async def test_one_bad_event_holds_up_no_other(database: Database, clock: SetClock) -> None:
    taken: list[str] = []

    async def handle(envelopes: Sequence[Envelope]) -> None:
        names = [str(envelope.body["username"]) for envelope in envelopes]
        if "bad" in names:
            raise RuntimeError("poison")
        taken.extend(names)

    bus = MemoryBus()
    bus.consume(Consumer(USER_ACCOUNTS, handle))
    box = Outbox(database, bus, clock, "auth")
    async with database.writing() as session:
        await box.add(session, [created(clock, name) for name in ("ada", "bad", "ben")])

    with pytest.raises(BusUnavailableError):
        await box.relay_batch()

    assert taken == ["ada", "ben"]
    assert await box.backlog() == 1


async def test_the_relay_wakes_up_at_once(database: Database, clock: SetClock) -> None:
    bus, arrived = MemoryBus(), asyncio.Event()

    async def handle(_envelopes: Sequence[Envelope]) -> None:
        arrived.set()

    bus.consume(Consumer(USER_ACCOUNTS, handle))
    box = Outbox(database, bus, clock, "auth")
    relay = asyncio.create_task(box.run())
    await asyncio.sleep(0)
    async with database.writing() as session:
        await box.add(session, [created(clock)])
    box.wake()

    async with asyncio.timeout(5):
        await arrived.wait()
    relay.cancel()
    await asyncio.gather(relay, return_exceptions=True)


async def test_an_event_under_the_number_of_one_that_another_relay_has_deleted_stays(
    sqlite: Database, clock: SetClock
) -> None:
    bus, read, go_on = MemoryBus(), asyncio.Event(), asyncio.Event()

    async def handle(_envelopes: Sequence[Envelope]) -> None:
        read.set()
        await go_on.wait()

    bus.consume(Consumer(USER_ACCOUNTS, handle))
    slow, quick = Outbox(sqlite, bus, clock, "auth"), Outbox(sqlite, MemoryBus(), clock, "auth")
    async with sqlite.writing() as session:
        await quick.add(session, [created(clock, "ada")])
    relay = asyncio.create_task(slow.relay_batch())
    await read.wait()
    await quick.relay_batch()
    async with sqlite.writing() as session:
        await quick.add(session, [created(clock, "ben")])
    go_on.set()
    await relay

    assert await quick.backlog() == 1
    await quick.relay_batch()
    assert await quick.backlog() == 0


async def test_a_redelivered_event_is_taken_once(database: Database, clock: SetClock) -> None:
    envelope = Envelope(id=uuid4(), routing_key="user.created", occurred_at=clock.now(), body={})
    other = Envelope(id=uuid4(), routing_key="user.created", occurred_at=clock.now(), body={})

    async with database.writing() as session:
        first = await take_new(session, "test", [envelope, envelope], clock)
    async with database.writing() as session:
        second = await take_new(session, "test", [envelope, other], clock)

    assert [e.id for e in first] == [envelope.id]
    assert [e.id for e in second] == [other.id]
