"""The bus between services: durable events, and hints that may be lost. RabbitMQ and in-process forms obey this.

Events come from the outbox only (`outbox.py`) and are consumed in batches, acknowledged after the consumer's commit;
a consumer is idempotent by event id (`inbox.py`). Hints tell other replicas of what the database already holds.
"""

from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from messaging_wire.events import Envelope

from messaging.kernel.topology import Queue


class BusUnavailableError(Exception):
    """The broker cannot be reached, or did not confirm in time; nothing is lost, the outbox tries again."""


EventHandler = Callable[[Sequence[Envelope]], Awaitable[None]]
"""Works off a batch of single events in one transaction; returning acknowledges it, raising gives it back."""

HintHandler = Callable[[str, bytes], None]
"""Takes a hint's topic and body; must not block."""


@dataclass(frozen=True)
class Consumer:
    """Who works off a queue, and how many events at once at most."""

    queue: Queue
    handle: EventHandler
    batch_size: int = 500
    gather_s: float = 0.01
    """How long a batch waits to fill once it has its first event."""


def batches(envelopes: Sequence[Envelope], size: int) -> Iterator[list[Envelope]]:
    """Unpack envelopes into batches of about `size` events; those of one envelope are never in two batches."""
    batch: list[Envelope] = []
    for envelope in envelopes:
        if batch and len(batch) + len(envelope) > size:
            yield batch
            batch = []
        batch += envelope.unpack()
    if batch:
        yield batch


class Bus(Protocol):
    """Carries events and hints."""

    async def publish(self, envelopes: Sequence[Envelope]) -> None:
        """Hand over events; returns when each is safe with the broker.

        Raises:
            BusUnavailableError: at least one was not confirmed; the caller repeats all.
        """
        ...

    def consume(self, consumer: Consumer) -> None:
        """Register a consumer, before `run`."""
        ...

    def publish_hint(self, topic: str, body: bytes) -> None:
        """Send a hint, without line feeds, to every process that listens to `topic`; lost while the broker is away."""
        ...

    def subscribe_hints(self, topic: str, handle: HintHandler, on_gap: Callable[[], None]) -> None:
        """Listen to `topic`, before `run`; `on_gap` is called when hints may have been missed."""
        ...

    async def run(self) -> None:
        """Keep connected and work off queues until cancelled."""
        ...

    def not_ready(self) -> str | None:
        """Say why the bus cannot be used now, or None."""
        ...
