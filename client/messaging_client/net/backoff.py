"""How long to wait before trying again: longer each time, with jitter so that clients do not come back all at once."""

import random
from collections.abc import Callable
from datetime import timedelta

FIRST = timedelta(milliseconds=250)
LONGEST = timedelta(seconds=10)


class Backoff:
    """Waits that double from `FIRST` to `LONGEST`, each drawn from the upper half of its step."""

    def __init__(self, *, draw: Callable[[], float] = random.random) -> None:
        """`draw` gives numbers from 0 to 1."""
        self._draw = draw
        self._step = FIRST

    def reset(self) -> None:
        """Begin anew, after a success."""
        self._step = FIRST

    def next(self, at_least: timedelta | None = None) -> timedelta:
        """Return the next wait; `at_least` is what the platform asked for."""
        wait = self._step * (0.5 + self._draw() / 2)
        self._step = min(self._step * 2, LONGEST)
        return max(wait, at_least or timedelta())
