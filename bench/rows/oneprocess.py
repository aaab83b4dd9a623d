"""The one-process form on SQLite with synchronous=FULL: its start, its memory, and sends.

Its clients are the scenarios' own, in Python: they use more of the machine than the server does.
"""

import asyncio
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

from bench.ground import Ground
from bench.lines import Line
from bench.rows.options import Options
from e2e.scenarios import live
from e2e.scenarios.person import Person
from e2e.scenarios.stage import Stage
from tests.support.standalone import Standalone

STARTS = 3
SENDERS = 8
MEASURED_S = 10.0
UNLIMITED = {"MESSAGING_SEND_RATE_PER_S": "100000", "MESSAGING_SEND_BURST": "100000"}

Send = Callable[[Person, str], Awaitable[object]]
SYSTEM = "messaging, one process, SQLite"


def oneprocess(_ground: Ground, _options: Options) -> Iterator[Line]:
    """All of it."""
    with tempfile.TemporaryDirectory() as starts, tempfile.TemporaryDirectory() as sends:
        yield from measure_starts(Path(starts))
        yield from asyncio.run(measure_sends(Path(sends)))


def measure_starts(folder: Path) -> list[Line]:
    """From the start of the process to its first answer, and its memory a moment later."""
    seconds: list[float] = []
    resident = 0
    for _ in range(STARTS):
        with Standalone(folder) as platform:
            seconds.append(platform.first_answer.total_seconds())
            time.sleep(2)
            resident = platform.resident_bytes()
    figure = f"first answer after {statistics.median(seconds):.2f} s (median), {resident / 2**20:.0f} MiB when idle"
    return [Line(name="oneprocess-start", system=SYSTEM, shape=f"started {STARTS} times", figure=figure)]


async def measure_sends(folder: Path) -> list[Line]:
    """Messages per second that 8 people are acknowledged, each waiting for the last before the next."""
    rows: list[Line] = []
    with Standalone(folder, environment=UNLIMITED) as platform:
        async with Stage(platform.url, within=timedelta(seconds=30)) as stage:
            people = [await stage.person(f"p{number}") for number in range(SENDERS)]
            conversation = await stage.group(people[0], *people[1:])
            for person in people:
                await person.connect(live.MESSAGE_PATH)
            for title, send in (("rest", by_rest), ("socket", by_socket)):
                rows.append(await measure_one(title, send, people, str(conversation["id"])))
    return rows


async def measure_one(title: str, send: Send, people: list[Person], conversation_id: str) -> Line:
    """Send for a while, all at once; give the rate and the latency of acknowledgements."""
    latencies: list[float] = []
    end = time.monotonic() + MEASURED_S

    async def keep_sending(person: Person) -> None:
        while (begun := time.monotonic()) < end:
            await send(person, conversation_id)
            latencies.append(time.monotonic() - begun)

    async with asyncio.TaskGroup() as tasks:
        for person in people:
            tasks.create_task(keep_sending(person))
    cuts = statistics.quantiles(latencies, n=100)
    return Line(
        name=f"oneprocess-{title}",
        system=SYSTEM,
        shape=f"{SENDERS} senders of one conversation, each waits for its answer before the next",
        acknowledged_per_s=len(latencies) / MEASURED_S,
        ack_p50_ms=cuts[49] * 1000,
        ack_p99_ms=cuts[98] * 1000,
        ack_max_ms=max(latencies) * 1000,
    )


async def by_rest(person: Person, conversation_id: str) -> object:
    """Send one message by POST /message."""
    return await person.post("/message", body(conversation_id), expect=201)


async def by_socket(person: Person, conversation_id: str) -> object:
    """Send one message by `send_message`."""
    return await person.sockets[0].call("send_message", body(conversation_id))


def body(conversation_id: str) -> dict[str, str]:
    """A message."""
    return {"conversation_id": conversation_id, "client_message_id": str(uuid4()), "content": "a message of usual size"}
