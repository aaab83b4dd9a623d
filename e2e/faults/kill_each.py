"""Story: under a stream of sends the database stands still, then each part is killed by SIGKILL several times.

Nothing acknowledged is lost, no standstill costs a connection, who reads nothing is dropped and holds nobody up, and
nothing restarts that was not killed.
"""

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise

from e2e.checker import Findings
from e2e.faults.crowd import Crowd, judge
from e2e.faults.deaf import Deaf
from e2e.faults.stream import Stream
from e2e.faults.target import Part, Target
from e2e.faults.watch import Watch
from e2e.scenarios.report import Report
from e2e.scenarios.stage import Stage

PEOPLE, CONVERSATIONS, REPLICAS, DEAF = 20, 5, 2, 2
ORDER: tuple[Part, ...] = ("message", "auth", "mysql", "user", "gateway", "notification", "rabbitmq", "export")
"""Parts without which nobody sends stand apart, so that their absences overlap little."""
QUIET = timedelta(seconds=5)
"""Between the end of a trouble and the next one."""
CAUGHT_UP_WITHIN = timedelta(minutes=3)


@dataclass(frozen=True)
class Trouble:
    """What is done to the platform."""

    sends: int = 5000
    rate_per_s: float = 28.0
    kills: int = 3
    pause: timedelta = timedelta(seconds=4)
    """Between two kills."""
    standstill: timedelta = timedelta(seconds=30)


@dataclass(frozen=True)
class Outcome:
    """What came of it; silences are the longest times without any acknowledgement."""

    findings: Findings
    acknowledged: int
    dropped_at_standstill: int
    """Connections that ended while the database stood still."""
    deaf_not_dropped: int
    strangers: Sequence[str]
    longest_silence: timedelta
    worst: timedelta
    """The longest time from the moment at which a send was meant to its acknowledgement."""
    recoveries: Mapping[Part, Sequence[float]]

    @property
    def good(self) -> bool:
        """Whether every promise was kept."""
        return self.findings.good and not (self.dropped_at_standstill or self.deaf_not_dropped or self.strangers)

    def __str__(self) -> str:
        recovered = ", ".join(
            f"{part} {'/'.join(f'{one:.0f}' for one in times)} s" for part, times in self.recoveries.items()
        )
        return (
            f"{self.acknowledged} acknowledged; longest silence {self.longest_silence.total_seconds():.1f} s, "
            f"longest wait {self.worst.total_seconds():.1f} s\n"
            f"ready again after each kill: {recovered}\n"
            f"connections lost at the standstill: {self.dropped_at_standstill}; "
            f"deaf sockets not dropped in time: {self.deaf_not_dropped}; "
            f"restarted without having been killed: {', '.join(self.strangers) or 'nothing'}\n{self.findings}"
        )


async def kill_each(target: Target, trouble: Trouble | None = None, *, report: Report | None = None) -> Outcome:
    """Play the story."""
    trouble = trouble or Trouble()
    async with Stage(base_url=target.base_url, report=report or Report()) as stage:
        with stage.step(f"{PEOPLE} people connect to {CONVERSATIONS} conversations, by {REPLICAS} message replicas"):
            await asyncio.to_thread(target.scale_message, REPLICAS)
            gathered = await Crowd.gather(stage, PEOPLE, conversations=CONVERSATIONS)
        async with gathered as crowd:
            outcome = await _suffer(stage, target, crowd, trouble)
        with stage.step("one message replica again"):
            await asyncio.to_thread(target.scale_message, 1)
        return outcome


async def _suffer(stage: Stage, target: Target, crowd: Crowd, trouble: Trouble) -> Outcome:
    deaf = [await Deaf.connect(member.person) for member in crowd.members[:DEAF]]
    stream, over, watch = Stream(crowd, trouble.rate_per_s), asyncio.Event(), Watch(target)
    async with asyncio.TaskGroup() as tasks:
        dropping = [tasks.create_task(one.was_dropped()) for one in deaf]
        sending = tasks.create_task(stream.run(trouble.sends, over))
        dropped = await _stand_still(stage, target, crowd, trouble.standstill)
        await _kill_all(stage, watch, trouble)
        over.set()
        with stage.step(f"at least {trouble.sends} sends are acknowledged, and everybody catches up"):
            await sending
            observations = await crowd.caught_up(CAUGHT_UP_WITHIN)
    return Outcome(
        findings=judge(observations),
        acknowledged=len(crowd.acknowledged()),
        dropped_at_standstill=dropped,
        deaf_not_dropped=[task.result() for task in dropping].count(False),
        strangers=watch.strangers,
        longest_silence=_silence(crowd),
        worst=timedelta(seconds=stream.worst_s),
        recoveries=watch.recoveries,
    )


async def _stand_still(stage: Stage, target: Target, crowd: Crowd, lasting: timedelta) -> int:
    """Hold the database; return how many connections that has cost."""
    with stage.step(f"the database stands still for {lasting.total_seconds():g} s"):
        await asyncio.sleep(QUIET.total_seconds())
        begin = time.monotonic()
        await asyncio.to_thread(target.hold, "mysql")
        try:
            await asyncio.sleep(lasting.total_seconds())
        finally:
            await asyncio.to_thread(target.release, "mysql")
        await asyncio.sleep(QUIET.total_seconds())
        return crowd.dropped_between(begin, time.monotonic())


async def _kill_all(stage: Stage, watch: Watch, trouble: Trouble) -> None:
    await watch.begin()
    for turn in range(1, trouble.kills + 1):
        with stage.step(f"each part is killed for the {turn}. time"):
            for part in ORDER:
                await watch.kill(part)
                await asyncio.sleep(trouble.pause.total_seconds())
    with stage.step("all that was killed is back"):
        await watch.back()
        await asyncio.sleep(QUIET.total_seconds())
        await watch.back()


def _silence(crowd: Crowd) -> timedelta:
    times = [moment for moment, _ in crowd.acknowledged()]
    return timedelta(seconds=max((after - before for before, after in pairwise(times)), default=0.0))
