"""Story: the message process dies by kill -9 under a stream of sends; every acknowledged message is there once."""

import asyncio
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise

from e2e.checker import Findings
from e2e.faults.crowd import Crowd, judge
from e2e.faults.member import Member
from e2e.faults.target import Killable
from e2e.scenarios.report import Report
from e2e.scenarios.stage import Stage

SENDERS = 10
RECOVERED_WITHIN = timedelta(seconds=120)


@dataclass(frozen=True)
class KillResult:
    """What came of it; `longest_silence` is the longest time without an acknowledgement."""

    findings: Findings
    acknowledged: int
    killed_after: Sequence[int]
    """How many sends were acknowledged at each kill."""
    longest_silence: timedelta


async def kill_message(
    target: Killable, *, sends: int = 500, kills: int = 1, report: Report | None = None
) -> KillResult:
    """Send, kill the message process at moments that nobody knows before, and go on until all is acknowledged."""
    async with Stage(base_url=target.base_url, report=report or Report()) as stage:
        with stage.step(f"{SENDERS} people connect to one conversation"):
            gathered = await Crowd.gather(stage, SENDERS)
        async with gathered as crowd:
            with stage.step(f"{sends} sends, and {kills} times kill -9 of the message process among them"):
                killed_after = await _kill_under_sends(target, crowd, sends=sends, kills=kills)
            with stage.step("everybody catches up"):
                observations = await crowd.caught_up(RECOVERED_WITHIN)
        times = [moment for moment, _ in crowd.acknowledged()]
        return KillResult(
            findings=judge(observations),
            acknowledged=len(times),
            killed_after=killed_after,
            longest_silence=timedelta(seconds=max(after - before for before, after in pairwise(times))),
        )


async def _kill_under_sends(target: Killable, crowd: Crowd, *, sends: int, kills: int) -> list[int]:
    """Return how many sends were acknowledged at each kill; all are in the end."""
    killed_after = []
    async with asyncio.timeout(RECOVERED_WITHIN.total_seconds() * (kills + 1)), asyncio.TaskGroup() as tasks:
        for member in crowd.members:
            tasks.create_task(_stream(crowd, member, sends // SENDERS))
        for wanted in sorted(random.sample(range(sends // 10, sends * 8 // 10), kills)):
            killed_after.append(await _after(crowd, wanted))
            await asyncio.to_thread(target.kill, "message")
    return killed_after


async def _stream(crowd: Crowd, member: Member, number: int) -> None:
    for index in range(number):
        await member.send(crowd.conversations[0], f"{member.person.name} sends {index}")


async def _after(crowd: Crowd, acknowledged: int) -> int:
    """Wait until that many are acknowledged and return how many are."""
    deadline = time.monotonic() + RECOVERED_WITHIN.total_seconds()
    while len(crowd.acknowledged()) < acknowledged:
        crowd.failed()
        if time.monotonic() > deadline:
            raise TimeoutError(f"only {len(crowd.acknowledged())} sends were acknowledged")
        await asyncio.sleep(0.01)
    return len(crowd.acknowledged())
