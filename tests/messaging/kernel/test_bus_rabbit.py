"""On a real RabbitMQ: nothing confirmed is lost, one bad event harms no other, and an outage mends itself."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID, uuid4

import pytest
from messaging.kernel.bus import BusUnavailableError, Consumer, EventHandler
from messaging.kernel.bus_rabbit import DEAD_QUEUE, RabbitBus
from messaging.kernel.clock import SystemClock
from messaging.kernel.settings import ServiceSettings, load_settings
from messaging.kernel.topology import USER_ACCOUNTS
from messaging_wire.events import Envelope
from sqlalchemy.exc import OperationalError

from e2e.cache import REPOSITORY
from tests.support.databases import broker_settings
from tests.support.rabbitmq import RabbitMQServer

WAIT_S = 30


def envelope(name: str = "ada", key: str = "user.created") -> Envelope:
    return Envelope(id=uuid4(), routing_key=key, occurred_at=SystemClock().now(), body={"username": name})


@pytest.fixture
def settings(rabbitmq_server: RabbitMQServer) -> ServiceSettings:
    return load_settings(ServiceSettings, **broker_settings(rabbitmq_server.fresh_broker("auth")))


@asynccontextmanager
async def connected(bus: RabbitBus) -> AsyncIterator[RabbitBus]:
    task = asyncio.create_task(bus.run())
    try:
        await until(lambda: bus.not_ready() is None)
        yield bus
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def until(true: Callable[[], Any]) -> None:
    async with asyncio.timeout(WAIT_S):
        while not true():
            await asyncio.sleep(0.02)


def consuming(settings: ServiceSettings, handle: EventHandler) -> RabbitBus:
    bus = RabbitBus(settings, "user")
    bus.consume(Consumer(USER_ACCOUNTS, handle))
    return bus


async def test_an_event_published_before_its_consumer_ever_ran_is_kept(settings: ServiceSettings) -> None:
    sent = envelope()
    taken: list[Envelope] = []
    async with connected(RabbitBus(settings, "auth")) as publisher:
        await publisher.publish([sent])

    async def handle(envelopes: Sequence[Envelope]) -> None:
        taken.extend(envelopes)

    async with connected(consuming(settings, handle)):
        await until(lambda: taken)

    assert taken == [sent]


async def test_thousands_arrive_in_batches(settings: ServiceSettings) -> None:
    sent = [envelope(str(number)) for number in range(2000)]
    taken: list[UUID] = []
    batches: list[int] = []

    async def handle(envelopes: Sequence[Envelope]) -> None:
        batches.append(len(envelopes))
        taken.extend(item.id for item in envelopes)

    async with connected(consuming(settings, handle)) as bus:
        for start in range(0, len(sent), 500):
            await bus.publish(sent[start : start + 500])
        await until(lambda: len(taken) >= len(sent))

    assert sorted(taken) == sorted(item.id for item in sent)
    assert max(batches) > 1


async def test_an_event_that_its_consumer_refuses_for_ever_is_dead_lettered_and_harms_no_other(
    settings: ServiceSettings, rabbitmq_server: RabbitMQServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("messaging.kernel.bus_rabbit_consumer.REFUSAL_PAUSE_S", 0.0)
    taken: list[str] = []

    async def handle(envelopes: Sequence[Envelope]) -> None:
        names = [str(item.body["username"]) for item in envelopes]
        if "bad" in names:
            raise RuntimeError("poison")
        taken.extend(names)

    async with connected(consuming(settings, handle)) as bus:
        await bus.publish([envelope("ada"), envelope("bad"), envelope("ben")])
        await until(lambda: _count(rabbitmq_server, settings, DEAD_QUEUE) == 1)

    assert sorted(taken) == ["ada", "ben"]


async def test_a_database_that_is_away_holds_the_batch_and_dead_letters_nothing(settings: ServiceSettings) -> None:
    failures = 3
    taken: list[Envelope] = []

    async def handle(envelopes: Sequence[Envelope]) -> None:
        nonlocal failures
        if failures:
            failures -= 1
            raise OperationalError("INSERT", {}, Exception("gone away"))
        taken.extend(envelopes)

    async with connected(consuming(settings, handle)) as bus:
        await bus.publish([envelope()])
        await until(lambda: taken)

    assert [item.body["username"] for item in taken] == ["ada"]


async def test_an_event_for_a_queue_that_is_gone_is_not_confirmed(
    settings: ServiceSettings, rabbitmq_server: RabbitMQServer
) -> None:
    async with connected(RabbitBus(settings, "auth")) as bus:
        rabbitmq_server.request("DELETE", f"/queues/{settings.broker_vhost}/{USER_ACCOUNTS.name}")

        with pytest.raises(BusUnavailableError):
            await bus.publish([envelope()])


async def test_hints_reach_the_other_processes(settings: ServiceSettings) -> None:
    heard: list[tuple[str, bytes]] = []
    one, other = RabbitBus(settings, "message"), RabbitBus(settings, "message")
    other.subscribe_hints("message.hint", lambda topic, body: heard.append((topic, body)), lambda: None)

    async with connected(one), connected(other):
        one.publish_hint("message.hint", b"hello")
        await until(lambda: heard)

    assert heard == [("message.hint", b"hello")]


async def test_a_broker_that_restarts_is_found_again_and_listeners_learn_of_the_gap() -> None:
    with RabbitMQServer(durable=True) as server:
        settings = load_settings(ServiceSettings, **broker_settings(server.broker("auth")))
        gaps: list[int] = []
        taken: list[Envelope] = []

        async def handle(envelopes: Sequence[Envelope]) -> None:
            taken.extend(envelopes)

        bus = consuming(settings, handle)
        bus.subscribe_hints("message.hint", lambda _topic, _body: None, lambda: gaps.append(1))
        async with connected(bus):
            server.container.kill()
            await until(lambda: bus.not_ready() is not None)
            with pytest.raises(BusUnavailableError):
                await bus.publish([envelope()])
            server.container.start()
            await until(lambda: bus.not_ready() is None)
            await bus.publish([envelope("ben")])
            await until(lambda: taken)

        assert len(gaps) >= 2
        assert taken[-1].body["username"] == "ben"


def _count(server: RabbitMQServer, settings: ServiceSettings, queue: str) -> int:
    return int(server.request("GET", f"/queues/{settings.broker_vhost}/{queue}").json().get("messages", 0))


def test_attempts_that_failed_leave_nothing_for_the_library_to_close_later() -> None:
    words = [sys.executable, "-m", "tests.messaging.kernel.nobody"]

    tried = subprocess.run(words, cwd=REPOSITORY, capture_output=True, text=True, timeout=WAIT_S, check=True)

    assert "never awaited" not in tried.stdout + tried.stderr
    assert "broker_unreachable" in tried.stdout + tried.stderr
