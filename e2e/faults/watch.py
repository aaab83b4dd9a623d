"""Watches the processes of a platform: which were killed and came back, how long that took, and who else restarted."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from e2e.faults.target import Part, Process, Target
from e2e.scenarios.checks import ScenarioError

INTERVAL_S = 1.0
BACK_WITHIN = timedelta(seconds=150)


@dataclass
class Death:
    """A process that was killed, until it is there again and ready."""

    part: Part
    moment: float
    restarted: bool = False


@dataclass
class Watch:
    """Kills, and knows of every restart whether it was asked for."""

    target: Target
    recoveries: dict[Part, list[float]] = field(default_factory=dict)
    """Of each part, the seconds from each kill until the process was there again and ready."""
    strangers: list[str] = field(default_factory=list)
    """Who was restarted, came or went without having been killed."""
    _marks: dict[str, str] = field(default_factory=dict)
    _deaths: dict[str, Death] = field(default_factory=dict)

    async def begin(self) -> None:
        """Note what runs now."""
        self._marks = {process.name: process.mark for process in await self._processes()}

    async def kill(self, part: Part) -> None:
        """Kill one process of a part, once those of it that were killed before are back."""
        await self.back(part)
        moment = time.monotonic()
        self._deaths[await asyncio.to_thread(self.target.kill, part)] = Death(part, moment)

    async def back(self, part: Part | None = None) -> None:
        """Wait until all that was killed of a part, or of all parts, is there again and ready."""
        deadline = time.monotonic() + BACK_WITHIN.total_seconds()
        while True:
            self.look(await self._processes())
            missing = [name for name, death in self._deaths.items() if part in (None, death.part)]
            if not missing:
                return
            if time.monotonic() > deadline:
                raise ScenarioError(f"killed and not back: {', '.join(missing)}")
            await asyncio.sleep(INTERVAL_S)

    def look(self, processes: Sequence[Process]) -> None:
        """Compare with what is expected: each death brings one restart, and nothing else does."""
        for process in processes:
            death = self._deaths.get(process.name)
            if self._marks.get(process.name) != process.mark:
                if death is None or death.restarted:
                    self.strangers.append(f"{process.name} is another one: {process.mark}")
                else:
                    death.restarted = True
            if death is not None and death.restarted and process.is_ready:
                self.recoveries.setdefault(death.part, []).append(time.monotonic() - death.moment)
                del self._deaths[process.name]
        here = {process.name: process.mark for process in processes}
        self.strangers += [f"{name} is gone" for name in self._marks if name not in here]
        self._marks = here

    async def _processes(self) -> Sequence[Process]:
        return await asyncio.to_thread(self.target.processes)
