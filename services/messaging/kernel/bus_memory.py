"""The bus of the standalone form: events go straight to the consumers, hints to the other services of the process.

Durability is the outbox's: its row stays until every consumer has committed. So a crash repeats a delivery, never
loses one. A service's own hints do not come back to it: it is its only replica, and knows already.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import structlog
from messaging_wire.events import Envelope

from messaging.kernel.bus import BusUnavailableError, Consumer, HintHandler, batches

log = structlog.get_logger(__name__)


@dataclass(eq=False)
class MemoryBus:
    """One for a process; `of` gives each service its own end of it."""

    service: str = ""
    _consumers: list[Consumer] = field(default_factory=list)
    _listeners: dict[str, list[tuple[str, HintHandler]]] = field(default_factory=dict)

    def of(self, service: str) -> "MemoryBus":
        """This bus as the end of one service, whose hints go to the others only."""
        return replace(self, service=service)

    async def publish(self, envelopes: Sequence[Envelope]) -> None:
        """Deliver to every consumer that takes these events; returns when all have committed."""
        for consumer in self._consumers:
            wanted = [envelope for envelope in envelopes if envelope.routing_key in consumer.queue.routing_keys]
            if wanted:
                await self._deliver(consumer, wanted)

    async def _deliver(self, consumer: Consumer, envelopes: list[Envelope]) -> None:
        try:
            for batch in batches(envelopes, consumer.batch_size):
                await consumer.handle(batch)
        except Exception as error:
            log.exception("consumer_failed", queue=consumer.queue.name, events=len(envelopes))
            raise BusUnavailableError(f"{consumer.queue.name}: {type(error).__name__}") from error

    def consume(self, consumer: Consumer) -> None:
        """Register a consumer."""
        self._consumers.append(consumer)

    def publish_hint(self, topic: str, body: bytes) -> None:
        """Hand a hint to the other services that listen, soon and in order."""
        for service, handle in self._listeners.get(topic, ()):
            if service != self.service:
                asyncio.get_running_loop().call_soon(handle, topic, body)

    def subscribe_hints(self, topic: str, handle: HintHandler, on_gap: Callable[[], None]) -> None:
        """Listen to what other services tell; nothing is ever missed."""
        self._listeners.setdefault(topic, []).append((self.service, handle))

    async def run(self) -> None:
        """Wait to be cancelled."""
        await asyncio.Event().wait()

    def not_ready(self) -> str | None:
        """Always ready."""
        return None
