"""What a run prints: scenarios, their steps, and how long each took."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TextIO


@dataclass(frozen=True)
class StepTime:
    """A step that ended well, with its length in seconds."""

    title: str
    took_s: float


@dataclass
class Report:
    """Collects steps and prints each as it ends; `out=None` keeps silent."""

    out: TextIO | None = field(default_factory=lambda: sys.stdout)
    steps: list[StepTime] = field(default_factory=list)

    def say(self, line: str) -> None:
        """Print one line."""
        if self.out is not None:
            print(line, file=self.out, flush=True)

    @contextmanager
    def step(self, title: str) -> Iterator[None]:
        """Run a step; an error is printed at the step in which it happened and passed on."""
        begun = time.monotonic()
        try:
            yield
        except BaseException:
            self.say(f"  FAIL {time.monotonic() - begun:7.2f} s  {title}")
            raise
        took_s = time.monotonic() - begun
        self.steps.append(StepTime(title, took_s))
        self.say(f"  ok   {took_s:7.2f} s  {title}")
