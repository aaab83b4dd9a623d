"""How often somebody may do something: token buckets in this replica's memory."""

import time
from collections.abc import Callable, Hashable
from datetime import timedelta

MAX_TRACKED = 50_000


class Allowance:
    """A bucket per key that holds `burst` and gains `rate_per_s` a second."""

    def __init__(self, *, rate_per_s: float, burst: float, clock_s: Callable[[], float] = time.monotonic) -> None:
        self._rate = rate_per_s
        self._burst = burst
        self._clock = clock_s
        self._buckets: dict[Hashable, tuple[float, float]] = {}

    def wait(self, key: Hashable) -> timedelta | None:
        """Tell how long `key` must wait before `take` may be called, or None."""
        left = self._left(key)
        return None if left >= 1 else timedelta(seconds=(1 - left) / self._rate)

    def take(self, key: Hashable) -> None:
        """Note that `key` has done it once."""
        if len(self._buckets) >= MAX_TRACKED:
            self._forget_full()
        self._buckets[key] = (self._left(key) - 1, self._clock())

    def _left(self, key: Hashable) -> float:
        left, at = self._buckets.get(key, (self._burst, 0.0))
        return min(self._burst, left + (self._clock() - at) * self._rate)

    def _forget_full(self) -> None:
        for key in [key for key in self._buckets if self._left(key) >= self._burst]:
            del self._buckets[key]
