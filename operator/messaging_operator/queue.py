"""A level-triggered queue of keys: what is on it will be looked at, however often it was put there.

Called by handlers.py: watches put keys on it, the reconciler takes them off. It holds no events, only keys, so that
losing or doubling an event changes nothing but the moment at which a key is looked at.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable, Hashable
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Generic, TypeVar

import structlog

K = TypeVar("K", bound=Hashable)

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Delays:
    """When a key comes again after failures: doubling from `first` to `longest`."""

    first: timedelta = timedelta(milliseconds=500)
    longest: timedelta = timedelta(minutes=2)


class Queue(Generic[K]):
    """Keys with the moment at which each is due; one key is never worked on twice at the same time."""

    def __init__(self, *, delays: Delays = Delays(), dice: random.Random | None = None) -> None:
        self._delays = delays
        self._dice = dice or random.Random()  # noqa: S311 - jitter, not a secret
        self._due: dict[K, float] = {}
        self._failures: dict[K, int] = {}
        self._busy: set[K] = set()
        self._changed = asyncio.Event()

    def add(self, key: K, *, after: timedelta = timedelta(0)) -> None:
        """Have `key` worked on in `after` at the latest; of several calls the earliest moment wins."""
        due = _now() + after.total_seconds()
        if due < self._due.get(key, float("inf")):
            self._due[key] = due
            self._changed.set()

    def __len__(self) -> int:
        """Return how many keys are due now and wait for a worker."""
        return sum(1 for due in self._due.values() if due <= _now())

    async def work(
        self,
        reconcile: Callable[[K], Awaitable[timedelta | None]],
        *,
        workers: int,
        fatal: type[Exception] | tuple[type[Exception], ...] = (),
    ) -> None:
        """Take keys off for ever with `workers` tasks.

        `reconcile` returns in what time it wants its key again at the latest (None: it is done with it). After an
        exception the key comes back after a growing delay, except after one of `fatal`, which ends the queue. Every
        delay is jittered.
        """
        async with asyncio.TaskGroup() as tasks:
            for _ in range(workers):
                tasks.create_task(self._worker(reconcile, fatal))

    async def _worker(
        self,
        reconcile: Callable[[K], Awaitable[timedelta | None]],
        fatal: type[Exception] | tuple[type[Exception], ...],
    ) -> None:
        while True:
            key = await self._take()
            try:
                again = await reconcile(key)
            except fatal:
                raise
            except Exception as error:
                self.add(key, after=self._after_failure(key, error))
            else:
                self._failures.pop(key, None)
                if again is not None:
                    self.add(key, after=self._jittered(again))
            finally:
                self._busy.discard(key)
                self._changed.set()

    async def _take(self) -> K:
        while True:
            self._changed.clear()
            waiting = {key: due for key, due in self._due.items() if key not in self._busy}
            key = min(waiting, key=waiting.__getitem__, default=None)
            if key is not None and waiting[key] <= _now():
                del self._due[key]
                self._busy.add(key)
                return key
            timeout = None if key is None else waiting[key] - _now()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._changed.wait(), timeout)

    def _after_failure(self, key: K, error: Exception) -> timedelta:
        count = self._failures[key] = self._failures.get(key, 0) + 1
        delay = self._jittered(min(self._delays.longest, self._delays.first * 2.0 ** min(count - 1, 30)))
        log.warning(
            "reconcile_failed", key=str(key), failures=count, retry_in_s=delay.total_seconds(), error=str(error)
        )
        return delay

    def _jittered(self, delay: timedelta) -> timedelta:
        """Return between half of `delay` and all of it, so that many keys do not come back together."""
        return delay * self._dice.uniform(0.5, 1.0)


def _now() -> float:
    return asyncio.get_running_loop().time()
