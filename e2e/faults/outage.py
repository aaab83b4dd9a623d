"""Story: the broker or the database is away for a while; nothing acknowledged is lost and nothing needs a restart."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

from e2e.checker import Findings, Json
from e2e.faults.crowd import Crowd, judge
from e2e.faults.member import Member
from e2e.faults.target import OURS, Part, Target
from e2e.scenarios.checks import ScenarioError
from e2e.scenarios.report import Report
from e2e.scenarios.stage import Stage
from e2e.scenarios.waiting import eventually

PEOPLE = 4
BETWEEN_SENDS_S = 0.25
RECOVERED_WITHIN = timedelta(seconds=120)


@dataclass(frozen=True)
class OutageResult:
    """What came of it; `recovered_after` runs from the part's start to the next acknowledgement."""

    findings: Findings
    acknowledged: int
    acknowledged_meanwhile: int
    recovered_after: timedelta
    restarted: tuple[str, ...]


async def outage(
    target: Target, part: Part, *, lasting: timedelta = timedelta(seconds=60), report: Report | None = None
) -> OutageResult:
    """Chat, stop a part for a while, start it, and go on chatting until all is as it was."""
    async with Stage(base_url=target.base_url, report=report or Report()) as stage:
        gathered = await Crowd.gather(stage, PEOPLE)
        before = _marks(target)
        async with gathered as crowd:
            async with _chatting(crowd):
                meanwhile, recovered_after = await _take_away(stage, target, part, crowd=crowd, lasting=lasting)
            with stage.step("everybody catches up, and notifications arrive"):
                observations = await crowd.caught_up(RECOVERED_WITHIN)
                await _notified(crowd, observations[0].stored[-1])
        return OutageResult(
            findings=judge(observations),
            acknowledged=len(crowd.acknowledged()),
            acknowledged_meanwhile=meanwhile,
            recovered_after=recovered_after,
            restarted=tuple(name for name, mark in _marks(target).items() if before.get(name) != mark),
        )


async def _take_away(
    stage: Stage, target: Target, part: Part, *, crowd: Crowd, lasting: timedelta
) -> tuple[int, timedelta]:
    """Stop a part and start it again; return how many sends got through meanwhile, and how soon the next one did."""
    with stage.step("people chat"):
        await _more_acknowledged(crowd, 10)
    with stage.step(f"the {part} is stopped for {lasting.total_seconds():g} s"):
        await asyncio.to_thread(target.stop, part)
        already = len(crowd.acknowledged())
        await asyncio.sleep(lasting.total_seconds())
        meanwhile = len(crowd.acknowledged()) - already
    with stage.step(f"the {part} is started, and people chat on"):
        started = time.monotonic()
        await asyncio.to_thread(target.start, part)
        await _more_acknowledged(crowd, 1)
        recovered_after = timedelta(seconds=crowd.acknowledged()[-1][0] - started)
        await _more_acknowledged(crowd, 20)
    return meanwhile, recovered_after


def _marks(target: Target) -> dict[str, str]:
    return {process.name: process.mark for process in target.processes() if process.part in OURS}


@asynccontextmanager
async def _chatting(crowd: Crowd) -> AsyncIterator[None]:
    """Let everybody send all the time; at the end every send that was begun is acknowledged."""
    enough = asyncio.Event()
    tasks = [asyncio.create_task(_chat(crowd, member, enough)) for member in crowd.members]
    try:
        yield
    finally:
        enough.set()
        async with asyncio.timeout(RECOVERED_WITHIN.total_seconds()):
            await asyncio.gather(*tasks)


async def _chat(crowd: Crowd, member: Member, enough: asyncio.Event) -> None:
    number = 0
    while not enough.is_set():
        number += 1
        await member.send(crowd.conversations[0], f"{member.person.name} says {number}")
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(enough.wait(), BETWEEN_SENDS_S)


async def _more_acknowledged(crowd: Crowd, number: int) -> None:
    wanted = len(crowd.acknowledged()) + number
    deadline = time.monotonic() + RECOVERED_WITHIN.total_seconds()
    while len(crowd.acknowledged()) < wanted:
        if time.monotonic() > deadline:
            raise ScenarioError(f"only {len(crowd.acknowledged())} of {wanted} sends were acknowledged in time")
        await asyncio.sleep(0.05)


async def _notified(crowd: Crowd, last: Json) -> None:
    """Demand that a notification names the last message for somebody who did not send it."""
    reader = next(member for member in crowd.members if member.person.id != last["sender_id"])
    async with asyncio.timeout(RECOVERED_WITHIN.total_seconds()):
        await eventually(
            lambda: reader.read("/notification"),
            lambda page: any(item.get("seq") == last["seq"] for item in page["items"]),
            what=f"a notification for #{last['seq']}",
            within=RECOVERED_WITHIN,
        )
