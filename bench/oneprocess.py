"""`python -m bench`: start, memory and sends of the one-process form, as a table beside the machine's load.

The load driver runs on the same machine and takes its share of it. Rate limits are lifted, as the table says.
"""

import asyncio
import os
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

from rich.console import Console
from rich.table import Table

from e2e.scenarios import live
from e2e.scenarios.person import Person
from e2e.scenarios.stage import Stage
from tests.support.standalone import Standalone

STARTS = 3
SENDERS = 8
MEASURED_S = 10.0
UNLIMITED = {"MESSAGING_SEND_RATE_PER_S": "100000", "MESSAGING_SEND_BURST": "100000"}

Send = Callable[[Person, str], Awaitable[object]]
Row = tuple[str, str]


def main() -> None:
    """Run everything and print the table."""
    with tempfile.TemporaryDirectory() as starts, tempfile.TemporaryDirectory() as sends:
        rows = [*measure_starts(Path(starts)), *asyncio.run(measure_sends(Path(sends)))]
    table = Table("what", "figure", title="One process, SQLite with synchronous=FULL")
    for row in rows:
        table.add_row(*row)
    Console().print(table)
    Console().print(f"load average {os.getloadavg()[0]:.2f} on {os.cpu_count()} processors")


def measure_starts(folder: Path) -> list[Row]:
    """From the start of the process to its first answer, and its memory a moment later."""
    seconds: list[float] = []
    resident = 0
    for _ in range(STARTS):
        with Standalone(folder) as platform:
            seconds.append(platform.first_answer.total_seconds())
            time.sleep(2)
            resident = platform.resident_bytes()
    return [
        ("first answer after (median of 3)", f"{statistics.median(seconds):.2f} s"),
        ("resident when idle", f"{resident / 2**20:.0f} MiB"),
    ]


async def measure_sends(folder: Path) -> list[Row]:
    """Messages per second that 8 people are acknowledged, each waiting for the last before the next."""
    rows: list[Row] = []
    with Standalone(folder, environment=UNLIMITED) as platform:
        async with Stage(platform.url, within=timedelta(seconds=30)) as stage:
            people = [await stage.person(f"p{number}") for number in range(SENDERS)]
            conversation = await stage.group(people[0], *people[1:])
            for person in people:
                await person.connect(live.MESSAGE_PATH)
            for title, send in (("REST", by_rest), ("Socket.IO", by_socket)):
                rows += await measure_one(title, send, people, str(conversation["id"]))
    return rows


async def measure_one(title: str, send: Send, people: list[Person], conversation_id: str) -> list[Row]:
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
    return [
        (
            f"{title}: acknowledged by {SENDERS} senders, {SENDERS} receivers each",
            f"{len(latencies) / MEASURED_S:.0f}/s",
        ),
        (f"{title}: p50 and p99 of acknowledgements", f"{cuts[49] * 1000:.1f} ms, {cuts[98] * 1000:.1f} ms"),
    ]


async def by_rest(person: Person, conversation_id: str) -> object:
    """Send one message by POST /message."""
    return await person.post("/message", body(conversation_id), expect=201)


async def by_socket(person: Person, conversation_id: str) -> object:
    """Send one message by `send_message`."""
    return await person.sockets[0].call("send_message", body(conversation_id))


def body(conversation_id: str) -> dict[str, str]:
    """A message."""
    return {"conversation_id": conversation_id, "client_message_id": str(uuid4()), "content": "a message of usual size"}


if __name__ == "__main__":
    main()
