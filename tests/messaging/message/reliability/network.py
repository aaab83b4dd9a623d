"""A broker of the tests' own that is as bad as a broker may be: it stands for the network between real services.

Events are kept until they are delivered, then come in any order, in any batches, and some of them again. Hints to
another replica are passed on, lost, doubled or held back, as `Weather` says; `calm` lets out whatever is held.
"""

import asyncio
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from messaging.kernel.bus import BusUnavailableError, Consumer, HintHandler, batches
from messaging_wire.events import Envelope

Fate = Literal["pass", "lose", "double", "hold"]
Weather = tuple[Fate, ...]
"""What may become of a hint, each as likely as the others."""
AGAIN = 0.3
"""How many of the events are delivered twice."""
BATCH_ENDS = 0.4
HintTo = Callable[[], None]


@dataclass
class Network:
    """What lies between replicas and consumers; `chance` decides all that is not told."""

    chance: random.Random = field(default_factory=lambda: random.Random(0))
    weather: Weather = ("pass",)
    is_down: bool = False
    events: list[Envelope] = field(default_factory=list)
    heard: list[Envelope] = field(default_factory=list)
    """Every event that a relay has handed over, in that order."""
    _ports: list["Port"] = field(default_factory=list)
    _held: list[HintTo] = field(default_factory=list)

    def port(self) -> "Port":
        """One process's connection."""
        port = Port(self)
        self._ports.append(port)
        return port

    def take(self, envelopes: Sequence[Envelope]) -> None:
        """Keep events for their consumers."""
        self.events += envelopes
        self.heard += envelopes

    def hint(self, sender: "Port | None", topic: str, body: bytes) -> None:
        """Tell every process but the sender, as the weather lets."""
        for port in self._ports:
            if port is not sender:
                self._send_hint(lambda port=port: port.hear(topic, body))  # type: ignore[misc]

    def _send_hint(self, tell: HintTo) -> None:
        fate = self.chance.choice(self.weather)
        if fate == "hold":
            self._held.append(tell)
            return
        for _ in range({"lose": 0, "pass": 1, "double": 2}[fate]):
            asyncio.get_running_loop().call_soon(tell)

    def calm(self) -> None:
        """Let out the hints that are held, in any order, and pass on all that come."""
        self.weather = ("pass",)
        held, self._held = self._held, []
        self.chance.shuffle(held)
        for tell in held:
            tell()

    async def deliver(self) -> None:
        """Deliver the events that are here: shuffled, some twice, in batches of any size."""
        envelopes, self.events = self.events, []
        envelopes += [one for one in envelopes if self.chance.random() < AGAIN]
        self.chance.shuffle(envelopes)
        portions: list[list[Envelope]] = [[]]
        for envelope in envelopes:
            portions[-1].append(envelope)
            if self.chance.random() < BATCH_ENDS:
                portions.append([])
        for portion in portions:
            await asyncio.gather(*(port.work_off(portion) for port in self._ports))


class Port:
    """A `Bus` of one process."""

    def __init__(self, network: Network) -> None:
        self._network = network
        self._consumers: list[Consumer] = []
        self._hearers: list[tuple[str, HintHandler]] = []
        self._on_gap: list[Callable[[], None]] = []

    async def publish(self, envelopes: Sequence[Envelope]) -> None:
        """Hand events to the network."""
        if self._network.is_down:
            raise BusUnavailableError("the tests' broker is down")
        self._network.take(envelopes)
        await asyncio.sleep(0)

    def consume(self, consumer: Consumer) -> None:
        """Register a consumer; of each queue only one gets an event, whichever process it runs in."""
        if all(consumer.queue.name != one.queue.name for port in self._network._ports for one in port._consumers):
            self._consumers.append(consumer)

    def publish_hint(self, topic: str, body: bytes) -> None:
        """Send a hint into the weather; lost while the broker is down."""
        if not self._network.is_down:
            self._network.hint(self, topic, body)

    def subscribe_hints(self, topic: str, handle: HintHandler, on_gap: Callable[[], None]) -> None:
        """Listen."""
        self._hearers.append((topic, handle))
        self._on_gap.append(on_gap)

    async def run(self) -> None:
        """Wait to be cancelled."""
        await asyncio.Event().wait()

    def not_ready(self) -> str | None:
        """Say whether the broker is down."""
        return "the tests' broker is down" if self._network.is_down else None

    def reconnect(self) -> None:
        """Tell the process that it may have missed hints, as a real bus does once it is connected again."""
        for tell in self._on_gap:
            tell()

    def hear(self, topic: str, body: bytes) -> None:
        """Hand a hint to who listens."""
        for wanted, handle in self._hearers:
            if wanted == topic:
                handle(topic, body)

    async def work_off(self, envelopes: Sequence[Envelope]) -> None:
        """Give a batch to the consumers here."""
        for consumer in self._consumers:
            wanted = [envelope for envelope in envelopes if envelope.routing_key in consumer.queue.routing_keys]
            for batch in batches(wanted, consumer.batch_size):
                await consumer.handle(batch)
