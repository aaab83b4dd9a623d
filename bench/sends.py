"""Sends by Socket.IO as the issue's shape has them: 16 conversations of 4 people, one of whom sends in each."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from bench.driver import Connection, Plan, Result, drive
from bench.ground import Ground
from bench.people import Conversation, make_conversations
from bench.processors import Meter
from bench.service import UNLIMITED, ServiceProcess

SENDERS = 16
MEMBERS = 4
BATCHES = "messaging_send_batch_size"
SUSTAINED = 0.99
"""A rate is sustained when this share of what was due is acknowledged while measuring."""


@dataclass(frozen=True)
class Measured:
    """A run: what the driver saw, and what each part used."""

    rate: float
    """Messages a second that were meant to be sent; 0: as many as were answered."""
    result: Result
    cpu_s: dict[str, float]
    load: float
    batch_size: float | None = None
    notes: list[str] = field(default_factory=list)

    def cpu_ms(self, part: str) -> float:
        """Milliseconds of processor time of a part per acknowledged message."""
        return 1000 * self.cpu_s[part] / max(1, self.result.acked_in_time)

    @property
    def sustained(self) -> bool:
        """Tell whether the system kept up."""
        due = self.rate * self.result.seconds
        return self.result.complete and self.result.refused == 0 and self.result.acked_in_time >= SUSTAINED * due


@dataclass
class Stage:
    """A message service with its database and broker, and who talks there."""

    ground: Ground
    message: ServiceProcess
    conversations: list[Conversation]

    @property
    def address(self) -> str:
        """host:port of the service."""
        return f"127.0.0.1:{self.message.port}"

    @property
    def parts(self) -> dict[str, list[int]]:
        """Whose processor time is counted."""
        return {
            "service": [self.message.pid],
            "MySQL": [self.ground.mysql.container.pid],
            "RabbitMQ": [self.ground.rabbitmq.container.pid],
        }

    def sockets(self) -> list[Connection]:
        """Everybody's connection."""
        return [one for conversation in self.conversations for one in conversation.sockets(self.address)]

    def measure(self, plan: Plan) -> Measured:
        """Run a plan and count what the parts use meanwhile."""
        meter, counts = Meter(self.parts), [self.message.metrics()]

        def end() -> None:
            meter.end()
            counts.append(self.message.metrics())

        def begin() -> None:
            counts[0] = self.message.metrics()
            meter.begin()

        result = drive(plan, begin=begin, end=end)
        return Measured(
            plan.rate,
            result,
            {**meter.used_s, "driver": result.cpu_s},
            os.getloadavg()[0],
            _mean(counts[0], counts[-1]),
        )


def _mean(before: dict[str, float], after: dict[str, float]) -> float | None:
    batches = after.get(f"{BATCHES}_count", 0) - before.get(f"{BATCHES}_count", 0)
    sends = after.get(f"{BATCHES}_sum", 0) - before.get(f"{BATCHES}_sum", 0)
    return sends / batches if batches else None


@contextmanager
def stage(ground: Ground, *, conversations: int = SENDERS, members: int = MEMBERS) -> Iterator[Stage]:
    """A fresh message service with so many conversations."""
    with ServiceProcess("message", {**ground.settings("message"), **UNLIMITED}) as message:
        made = make_conversations(message.url, ground.trust, count=conversations, members=members)
        yield Stage(ground, message, made)
