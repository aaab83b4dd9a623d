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

    def try_to_take(self, key: Hashable) -> timedelta | None:
        """Note that `key` does it once and return None; or return how long it must wait first."""
        now = self._clock()
        left = self._left(key, now)
        if left < 1:
            return timedelta(seconds=(1 - left) / self._rate)
        if len(self._buckets) >= MAX_TRACKED:
            self._forget_full(now)
        self._buckets[key] = (left - 1, now)
        return None

    def _left(self, key: Hashable, now: float) -> float:
        left, at = self._buckets.get(key, (self._burst, now))
        return min(self._burst, left + (now - at) * self._rate)

    def _forget_full(self, now: float) -> None:
        for key in [key for key in self._buckets if self._left(key, now) >= self._burst]:
            del self._buckets[key]
