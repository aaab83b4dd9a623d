"""The tests' hold on replicas that die at a chosen await (`victim.py`)."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil
from messaging_wire.events import Envelope

from tests.messaging.message.reliability.cluster import Cluster
from tests.messaging.message.world import WAIT_S, Json, until

REPOSITORY = Path(__file__).parents[4]
LINE_BYTES = 16 * 1024 * 1024


@dataclass
class Victim:
    """A replica in a process of its own."""

    pid: int
    url: str
    armed: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def is_alive(self) -> bool:
        """Whether it has not been hit."""
        return psutil.pid_exists(self.pid)

    async def arm(self) -> None:
        """Let it count its suspensions from now on."""
        os.kill(self.pid, signal.SIGUSR1)
        async with asyncio.timeout(WAIT_S):
            await self.armed.wait()

    async def kill(self) -> None:
        """End it where it was not hit."""
        with suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)
        await until(lambda: not self.is_alive, "a killed process goes on")


@dataclass
class Mother:
    """Makes victims on a cluster's database, and hands what they publish to its network."""

    cluster: Cluster
    place: Json
    process: asyncio.subprocess.Process
    _born: "asyncio.Queue[Victim]" = field(default_factory=asyncio.Queue)
    _victims: dict[int, Victim] = field(default_factory=dict)

    async def victim(self, *, kill_at: int) -> Victim:
        """Start a replica that dies at that suspension once it is armed; returns when it serves."""
        order = {
            "kill_at": kill_at,
            "now": self.cluster.clock.now().isoformat(),
            "key": self.cluster.issuer.key.as_dict(private=True),
            "place": self.place,
        }
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(order, default=str).encode() + b"\n")
        async with asyncio.timeout(WAIT_S):
            return await self._born.get()

    async def listen(self) -> None:
        """Take what victims tell until the end."""
        assert self.process.stdout is not None
        while line := await self.process.stdout.readline():
            self._take(json.loads(line))

    def _take(self, told: Json) -> None:
        network = self.cluster.network
        if "url" in told:
            victim = self._victims[told["pid"]] = Victim(told["pid"], told["url"])
            self._born.put_nowait(victim)
        elif "armed" in told:
            self._victims[told["pid"]].armed.set()
        elif "events" in told:
            network.take([Envelope.model_validate(one) for one in told["events"]])
        elif "hint" in told:
            topic, body = told["hint"]
            network.hint(None, topic, body.encode())


@asynccontextmanager
async def mother_of(cluster: Cluster, place: Json, log: Path) -> AsyncIterator[Mother]:
    """A mother whose victims work on the database at `place`."""
    with log.open("wb") as errors:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "tests.messaging.message.reliability.victim",
            cwd=REPOSITORY,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=errors,
            limit=LINE_BYTES,
        )
    mother = Mother(cluster, place, process)
    listening = asyncio.create_task(mother.listen())
    try:
        yield mother
    finally:
        process.kill()
        await process.wait()
        for victim in mother._victims.values():
            await victim.kill()
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)
