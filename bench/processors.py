"""Processor time of whole process trees, from /proc, between two moments."""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field

import psutil


@dataclass
class Meter:
    """Counts what named parts use between `begin` and `end`; each part is the numbers of its first processes."""

    parts: Mapping[str, Iterable[int]]
    used_s: dict[str, float] = field(default_factory=dict)
    _before: dict[str, float] = field(default_factory=dict)

    def begin(self) -> None:
        """Note what has been used so far."""
        self._before = {name: used(pids) for name, pids in self.parts.items()}

    def end(self) -> None:
        """Take the difference."""
        self.used_s = {name: used(pids) - self._before[name] for name, pids in self.parts.items()}


def used(pids: Iterable[int]) -> float:
    """Return the seconds of processor time, user's and system's, of processes and all below them."""
    total = 0.0
    for process in _trees(pids):
        with suppress(psutil.NoSuchProcess):
            times = process.cpu_times()
            total += times.user + times.system
    return total


def resident(pids: Iterable[int]) -> int:
    """Return the resident memory of processes and all below them, in bytes."""
    total = 0
    for process in _trees(pids):
        with suppress(psutil.NoSuchProcess):
            total += process.memory_info().rss
    return total


def _trees(pids: Iterable[int]) -> list[psutil.Process]:
    roots = [psutil.Process(pid) for pid in pids]
    return [process for root in roots for process in (root, *root.children(recursive=True))]
