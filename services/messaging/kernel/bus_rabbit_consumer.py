"""Deliveries collected into batches: acknowledged after the handler's commit, given back singly where one is bad."""

import asyncio
from collections.abc import Sequence

import structlog
from aio_pika.abc import AbstractChannel, AbstractIncomingMessage
from messaging_wire.events import Envelope
from prometheus_client import Counter
from pydantic import ValidationError

from messaging.kernel.bus import Consumer
from messaging.kernel.database import is_transient

log = structlog.get_logger(__name__)

REFUSAL_PAUSE_S = 0.5
"""How long an event that was refused waits before it is given back, so that it does not spin."""

CONSUMED = Counter("messaging_bus_consumed_total", "Events worked off", ["queue"])
REFUSED = Counter("messaging_bus_refused_total", "Events given back to the broker", ["queue"])

Delivery = tuple[AbstractIncomingMessage, Envelope]


class BatchConsumer:
    """Works off one queue over one channel, batch after batch."""

    def __init__(self, consumer: Consumer, channel: AbstractChannel) -> None:
        self._consumer = consumer
        self._channel = channel  # kept, or the library's weak reference lets it go
        self._deliveries: asyncio.Queue[AbstractIncomingMessage] = asyncio.Queue()

    async def receive(self, message: AbstractIncomingMessage) -> None:
        """Take a delivery from the library; bounded by the channel's prefetch."""
        self._deliveries.put_nowait(message)

    async def run(self) -> None:
        """Work off batches until cancelled."""
        while True:
            batch = await self._gather()
            if batch:
                await self._work_off(batch)

    async def _gather(self) -> list[Delivery]:
        """Take what has arrived, up to about as many events as the consumer works off at once; wait for few."""
        batch = await self._read(await self._deliveries.get())
        await self._fill(batch)
        if _count(batch) < self._consumer.batch_size:
            await asyncio.sleep(self._consumer.gather_s)
            await self._fill(batch)
        return batch

    async def _fill(self, batch: list[Delivery]) -> None:
        count = _count(batch)
        while count < self._consumer.batch_size and not self._deliveries.empty():
            more = await self._read(self._deliveries.get_nowait())
            batch += more
            count += _count(more)

    async def _read(self, message: AbstractIncomingMessage) -> list[Delivery]:
        try:
            return [(message, Envelope.model_validate_json(message.body))]
        except ValidationError as error:
            log.warning("event_unreadable", queue=self._consumer.queue.name, problems=error.error_count())
            await message.reject(requeue=False)
            return []

    async def _work_off(self, batch: list[Delivery]) -> None:
        try:
            await self._handle(batch)
        except Exception:
            if len(batch) == 1:
                log.exception("event_refused", queue=self._consumer.queue.name, event_id=str(batch[0][1].id))
                REFUSED.labels(self._consumer.queue.name).inc()
                await asyncio.sleep(REFUSAL_PAUSE_S)
                await batch[0][0].reject(requeue=True)  # RabbitMQ 4.3 does not count a nack towards the limit
                return
            for delivery in batch:
                await self._work_off([delivery])

    async def _handle(self, batch: list[Delivery]) -> None:
        """Hand over to the consumer, again and again while only its database is away."""
        pause, events = 0.1, [event for _, envelope in batch for event in envelope.unpack()]
        while True:
            try:
                await self._consumer.handle(events)
            except Exception as error:
                if not is_transient(error):
                    raise
                log.warning("consumer_waits", queue=self._consumer.queue.name, error=type(error).__name__)
                await asyncio.sleep(pause)
                pause = min(pause * 2, 5.0)
                continue
            break
        for message, _ in batch:
            await message.ack()
        CONSUMED.labels(self._consumer.queue.name).inc(len(events))


def _count(batch: Sequence[Delivery]) -> int:
    """How many events there are."""
    return sum(len(envelope) for _, envelope in batch)
