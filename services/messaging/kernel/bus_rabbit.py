"""The bus on RabbitMQ: one topic exchange, a quorum queue per consumer, an exclusive queue of hints per process.

One supervisor (`run`) connects, declares, consumes, and starts again when the connection is lost; nothing here
relies on a library's silent recovery. Poison is dead-lettered at least once after its delivery limit; an outage of
the consumer's own database is no poison: the batch is held and tried again.
"""

import asyncio
import ssl
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import timedelta

import aio_pika
import structlog
from aio_pika.abc import AbstractChannel, AbstractConnection, AbstractExchange, AbstractIncomingMessage
from aio_pika.exceptions import AMQPError, DeliveryError
from aiormq.abc import FieldTable
from messaging_wire.events import EXCHANGE, Envelope
from prometheus_client import Counter

from messaging.kernel.bus import BusUnavailableError, Consumer, HintHandler
from messaging.kernel.bus_rabbit_consumer import BatchConsumer
from messaging.kernel.ids import new_id
from messaging.kernel.settings import ServiceSettings
from messaging.kernel.topology import QUEUES, ROUTED, Queue

log = structlog.get_logger(__name__)

HINTS_EXCHANGE = "messaging.hints"
DEAD_EXCHANGE = "messaging.dead"
DEAD_QUEUE = "messaging.dead"
DEAD_KEPT = timedelta(days=30)
"""How long an event that no consumer could take is kept: as long as anything of a deleted account may be."""
DELIVERY_LIMIT = 20
TIMEOUT_S = 5.0
PREFETCH = 1000
HINT_BACKLOG = 10_000
HINTS_TOGETHER = 50
HINT_PAUSE_S = 0.01
"""How long hints wait for one another behind one that was sent; a message of the broker costs more than they do."""

RECONNECTED = Counter("messaging_bus_connections_total", "Connections made to the broker", ["service"])
HINTS_DROPPED = Counter("messaging_bus_hints_dropped_total", "Hints not sent", ["service"])


class _Connection(aio_pika.Connection):
    """The library's, closed where it could not be opened: else that is tried by whatever collects it as garbage."""

    async def connect(self, timeout: float | None = None) -> None:
        try:
            await super().connect(timeout)
        except BaseException:
            await self.close()
            raise


class RabbitBus:
    """One process's connection to RabbitMQ."""

    def __init__(self, settings: ServiceSettings, service: str) -> None:
        self._settings = settings
        self._service = service
        self._consumers: list[Consumer] = []
        self._hint_handlers: dict[str, list[HintHandler]] = {}
        self._on_gap: list[Callable[[], None]] = []
        self._events: AbstractExchange | None = None
        self._hints: asyncio.Queue[tuple[str, bytes]] = asyncio.Queue(HINT_BACKLOG)
        self._consuming = False

    def consume(self, consumer: Consumer) -> None:
        """Register a consumer, before `run`."""
        self._consumers.append(consumer)

    def subscribe_hints(self, topic: str, handle: HintHandler, on_gap: Callable[[], None]) -> None:
        """Listen to `topic`, before `run`; `on_gap` is called after every reconnection."""
        self._hint_handlers.setdefault(topic, []).append(handle)
        self._on_gap.append(on_gap)

    def not_ready(self) -> str | None:
        """Say that the broker is away, or that consumers have not started."""
        if self._events is None:
            return "broker is not connected"
        return None if self._consuming else "consumers have not started"

    async def publish(self, envelopes: Sequence[Envelope]) -> None:
        """Publish with confirms, all at once; mandatory where a queue must exist."""
        exchange = self._events
        if exchange is None:
            raise BusUnavailableError("broker is not connected")
        try:
            async with asyncio.timeout(TIMEOUT_S):
                await asyncio.gather(*(self._publish_one(exchange, envelope) for envelope in envelopes))
        except (AMQPError, DeliveryError, ConnectionError, TimeoutError, RuntimeError, OSError) as error:
            raise BusUnavailableError(f"not confirmed: {type(error).__name__}") from error

    async def _publish_one(self, exchange: AbstractExchange, envelope: Envelope) -> None:
        message = aio_pika.Message(
            envelope.model_dump_json().encode(),
            content_type="application/json",
            message_id=str(envelope.id),
            delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
        )
        mandatory = envelope.routing_key in ROUTED
        await exchange.publish(message, envelope.routing_key, mandatory=mandatory, timeout=TIMEOUT_S)

    def publish_hint(self, topic: str, body: bytes) -> None:
        """Queue a hint; dropped and counted when the broker is away or slow."""
        if self._events is None:
            HINTS_DROPPED.labels(self._service).inc()
            return
        try:
            self._hints.put_nowait((topic, body))
        except asyncio.QueueFull:
            HINTS_DROPPED.labels(self._service).inc()

    async def run(self) -> None:
        """Stay connected until cancelled."""
        pause = 0.2
        while True:
            try:
                connection = await self._connect()
            except (AMQPError, ConnectionError, TimeoutError, OSError) as error:
                log.warning("broker_unreachable", error=type(error).__name__, retry_in_s=pause)
                await asyncio.sleep(pause)
                pause = min(pause * 2, 5.0)
                continue
            pause = 0.2
            await self._serve(connection)

    async def _connect(self) -> AbstractConnection:
        settings = self._settings
        tls = settings.broker_tls == "required"
        async with asyncio.timeout(TIMEOUT_S * 2):
            return await aio_pika.connect(
                host=settings.broker_host,
                port=settings.broker_port,
                login=settings.broker_username,
                password=settings.broker_password.get_secret_value(),
                virtualhost=settings.broker_vhost,
                ssl=tls,
                ssl_context=ssl.create_default_context() if tls else None,
                timeout=TIMEOUT_S,
                heartbeat=15,
                client_properties={"connection_name": self._service},
                connection_class=_Connection,
            )

    async def _serve(self, connection: AbstractConnection) -> None:
        """Use one connection until it is lost."""
        lost = asyncio.Event()
        connection.close_callbacks.add(lambda *_: lost.set())
        try:
            async with asyncio.TaskGroup() as tasks:
                await self._start(connection, tasks, lost)
                RECONNECTED.labels(self._service).inc()
                log.info("broker_connected")
                for notify in self._on_gap:
                    notify()
                await lost.wait()
                raise ConnectionResetError
        except* (AMQPError, ConnectionError, TimeoutError, OSError, RuntimeError) as group:
            log.warning("broker_lost", errors=[type(error).__name__ for error in group.exceptions])
        finally:
            self._events, self._consuming = None, False
            with suppress(AMQPError, ConnectionError, TimeoutError, OSError, RuntimeError):
                async with asyncio.timeout(1):
                    await connection.close()
            await connection.close()  # where that has failed: it has let its transport go, and counts as closed now

    async def _start(self, connection: AbstractConnection, tasks: asyncio.TaskGroup, lost: asyncio.Event) -> None:
        async with asyncio.timeout(TIMEOUT_S * 4):
            publisher = await connection.channel(publisher_confirms=True, on_return_raises=True)
            publisher.close_callbacks.add(lambda *_: lost.set())
            events = await declare_topology(publisher)
            await self._listen_to_hints(connection, tasks, lost)
            for consumer in self._consumers:
                channel = await connection.channel()
                channel.close_callbacks.add(lambda *_: lost.set())
                await channel.set_qos(prefetch_count=PREFETCH)
                queue = await channel.get_queue(consumer.queue.name, ensure=False)
                batches = BatchConsumer(consumer, channel)
                tasks.create_task(batches.run())
                await queue.consume(batches.receive)
        self._events, self._consuming = events, True

    async def _listen_to_hints(
        self, connection: AbstractConnection, tasks: asyncio.TaskGroup, lost: asyncio.Event
    ) -> None:
        channel = await connection.channel(publisher_confirms=False)
        channel.close_callbacks.add(lambda *_: lost.set())
        exchange = await channel.declare_exchange(HINTS_EXCHANGE, aio_pika.ExchangeType.TOPIC, durable=True)
        if self._hint_handlers:
            name = f"hints.{self._service}.{new_id()}"
            arguments: FieldTable = {"x-max-length": HINT_BACKLOG, "x-overflow": "drop-head"}
            queue = await channel.declare_queue(name, exclusive=True, auto_delete=True, arguments=arguments)
            for topic in self._hint_handlers:
                await queue.bind(exchange, topic)
            await queue.consume(self._take_hint, no_ack=True)
        tasks.create_task(self._send_hints(exchange))

    async def _take_hint(self, message: AbstractIncomingMessage) -> None:
        topic = message.routing_key or ""
        for body in message.body.split(b"\n"):
            for handle in self._hint_handlers.get(topic, ()):
                handle(topic, body)

    async def _send_hints(self, exchange: AbstractExchange) -> None:
        """Send hints at once while there are few; in a crowd those of a moment share a message of the broker."""
        while True:
            topic, body = await self._hints.get()
            by_topic = {topic: [body]}
            for _ in range(min(self._hints.qsize(), HINTS_TOGETHER)):
                topic, body = self._hints.get_nowait()
                by_topic.setdefault(topic, []).append(body)
            for topic, bodies in by_topic.items():
                message = aio_pika.Message(b"\n".join(bodies))
                await exchange.publish(message, topic, mandatory=False, timeout=TIMEOUT_S)
            await asyncio.sleep(HINT_PAUSE_S)


async def declare_topology(channel: AbstractChannel) -> AbstractExchange:
    """Declare the exchanges and all queues, idempotently; return the exchange of events."""
    dead = await channel.declare_exchange(DEAD_EXCHANGE, aio_pika.ExchangeType.FANOUT, durable=True)
    ages_out: FieldTable = {"x-queue-type": "quorum", "x-message-ttl": int(DEAD_KEPT.total_seconds() * 1000)}
    graveyard = await channel.declare_queue(DEAD_QUEUE, durable=True, arguments=ages_out)
    await graveyard.bind(dead)
    events = await channel.declare_exchange(EXCHANGE, aio_pika.ExchangeType.TOPIC, durable=True)
    for queue in QUEUES:
        await _declare(channel, events, queue)
    return events


async def _declare(channel: AbstractChannel, events: AbstractExchange, queue: Queue) -> None:
    declared = await channel.declare_queue(
        queue.name,
        durable=True,
        arguments={
            "x-queue-type": "quorum",
            "x-delivery-limit": DELIVERY_LIMIT,
            "x-dead-letter-exchange": DEAD_EXCHANGE,
            "x-dead-letter-strategy": "at-least-once",
            "x-overflow": "reject-publish",
        },
    )
    for key in queue.routing_keys:
        await declared.bind(events, key)
