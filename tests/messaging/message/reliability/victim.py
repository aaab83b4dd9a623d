"""``python -m …victim``: replicas of the message service in processes of their own, each to die at a chosen await.

A mother process imports everything once and forks a replica for each order, a line of JSON on its input. What replicas
tell, lines of JSON on the common output, is: where they serve, that they count now (after SIGUSR1), and what they
publish: a line that is written stands for a broker that has confirmed.
"""

import asyncio
import json
import os
import signal
import sys
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import structlog
import uvloop
from joserfc.jwk import ECKey
from messaging.kernel.bus import Consumer, HintHandler
from messaging.kernel.service import ServiceHost, Trust, make_runtime
from messaging.message.app import build
from messaging.message.settings import MessageSettings
from messaging_wire.events import Envelope

from tests.messaging.message.reliability.meter import Meter
from tests.messaging.message.world import Epoch
from tests.support.clock import SetClock
from tests.support.serve import served
from tests.support.tokens import ISSUER, Issuer

Json = dict[str, Any]
OUTPUT = os.dup(sys.stdout.fileno())


def tell(**what: Any) -> None:
    """Write one line, at once."""
    os.write(OUTPUT, (json.dumps({"pid": os.getpid(), **what}) + "\n").encode())


class LineBus:
    """A `Bus` whose broker is whoever reads the lines."""

    async def publish(self, envelopes: Sequence[Envelope]) -> None:
        """Write the events down; returns a moment later, as a confirmation does."""
        tell(events=[envelope.model_dump(mode="json") for envelope in envelopes])
        await asyncio.sleep(0)

    def consume(self, consumer: Consumer) -> None:
        """Take no events: other processes do."""

    def publish_hint(self, topic: str, body: bytes) -> None:
        """Write a hint down."""
        tell(hint=[topic, body.decode()])

    def subscribe_hints(self, topic: str, handle: HintHandler, on_gap: Callable[[], None]) -> None:
        """Hear nothing."""

    async def run(self) -> None:
        """Wait to be cancelled."""
        await asyncio.Event().wait()

    def not_ready(self) -> str | None:
        """Always ready."""
        return None


async def live(order: Json) -> None:
    """Serve until the end."""
    meter, loop = Meter(order["kill_at"]), asyncio.get_running_loop()
    meter.install(loop)

    def arm() -> None:
        meter.arm()
        tell(armed=True)

    loop.add_signal_handler(signal.SIGUSR1, arm)
    clock = SetClock(datetime.fromisoformat(order["now"]))
    trust = Trust.open("http://localhost:1", clock)
    trust.follow_instead(Epoch(Issuer(key=ECKey.import_key(order["key"]))))
    place = order["place"] | {"data_dir": Path(order["place"]["data_dir"])}
    limits = {"send_rate_per_s": 10_000, "send_burst": 10_000}
    settings = MessageSettings(external_url=ISSUER, **(place | limits))
    host = ServiceHost(make_runtime("message", settings, bus=LineBus(), trust=trust, clock=clock), build)
    async with host.running(), served(host.public) as url:
        while host.runtime.trust.revocations.not_ready() or host.runtime.trust.keys.not_ready():
            await asyncio.sleep(0.005)
        tell(url=url)
        await asyncio.Event().wait()


def main() -> None:
    """Fork a replica for each order until the input ends."""
    os.dup2(2, 1)  # whatever prints must not print among the lines
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody asks how they ended
    tell(ready=True)
    for line in sys.stdin:
        if os.fork() == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            uvloop.run(live(json.loads(line)))
            os._exit(0)


if __name__ == "__main__":
    main()
