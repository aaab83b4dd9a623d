"""The bus of the standalone form: events go straight to the consumers, hints to nobody, as there is one process.

Durability is the outbox's: its row stays until every consumer has committed. So a crash repeats a delivery, never
loses one.
"""

import asyncio
from collections.abc import Callable, Sequence

import structlog
from messaging_wire.events import Envelope

from messaging.kernel.bus import BusUnavailableError, Consumer, HintHandler

log = structlog.get_logger(__name__)


class MemoryBus:
    """Shared by all services of one process."""

    def __init__(self) -> None:
        self._consumers: list[Consumer] = []

    async def publish(self, envelopes: Sequence[Envelope]) -> None:
        """Deliver to every consumer that takes these events; returns when all have committed."""
        for consumer in self._consumers:
            wanted = [envelope for envelope in envelopes if envelope.routing_key in consumer.queue.routing_keys]
            if wanted:
                await self._deliver(consumer, wanted)

    async def _deliver(self, consumer: Consumer, envelopes: list[Envelope]) -> None:
        try:
            for start in range(0, len(envelopes), consumer.batch_size):
                await consumer.handle(envelopes[start : start + consumer.batch_size])
        except Exception as error:
            log.exception("consumer_failed", queue=consumer.queue.name, events=len(envelopes))
            raise BusUnavailableError(f"{consumer.queue.name}: {type(error).__name__}") from error

    def consume(self, consumer: Consumer) -> None:
        """Register a consumer."""
        self._consumers.append(consumer)

    def publish_hint(self, topic: str, body: bytes) -> None:
        """Do nothing: the only process knows already."""

    def subscribe_hints(self, topic: str, handle: HintHandler, on_gap: Callable[[], None]) -> None:
        """Do nothing: no other process exists."""

    async def run(self) -> None:
        """Wait to be cancelled."""
        await asyncio.Event().wait()

    def not_ready(self) -> str | None:
        """Always ready."""
        return None
