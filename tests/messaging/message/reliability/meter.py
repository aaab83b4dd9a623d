"""Counts the suspensions of all tasks of a loop, and ends the process by SIGKILL at a chosen one.

Between two suspensions nothing else runs, so what the outside world has seen of a process can differ only by the
suspension at which it dies: whoever tries 1, 2, 3 … has tried every await.
"""

import asyncio
import os
import signal
from collections.abc import Coroutine, Generator
from typing import Any


class Meter:
    """Counts once it is armed."""

    def __init__(self, kill_at: int) -> None:
        self._kill_at = kill_at
        self._count = 0
        self._armed = False

    def install(self, loop: asyncio.AbstractEventLoop) -> None:
        """Count what every task does that is made from now on."""
        loop.set_task_factory(self._make_task)

    def arm(self) -> None:
        """Count from now on."""
        self._armed = True

    def suspended(self) -> None:
        """Note one suspension."""
        if self._armed:
            self._count += 1
            if self._count == self._kill_at:
                os.kill(os.getpid(), signal.SIGKILL)

    def _make_task(
        self,
        loop: asyncio.AbstractEventLoop,
        work: Coroutine[Any, Any, Any] | Generator[Any, None, Any],
        **options: Any,
    ) -> "asyncio.Task[Any]":
        assert isinstance(work, Coroutine)
        return asyncio.Task(_counted(work, self), loop=loop, **options)


async def _counted(work: Coroutine[Any, Any, Any], meter: Meter) -> Any:
    return await _Steps(work, meter)


class _Steps:
    """Hands everything on between a coroutine and its task, and counts."""

    def __init__(self, work: Coroutine[Any, Any, Any], meter: Meter) -> None:
        self._work = work
        self._meter = meter

    def __await__(self) -> Generator[Any, Any, Any]:
        given: Any = None
        thrown: BaseException | None = None
        while True:
            try:
                asked = self._work.send(given) if thrown is None else self._work.throw(thrown)
            except StopIteration as stop:
                return stop.value
            self._meter.suspended()
            given, thrown = None, None
            try:
                given = yield asked
            except BaseException as error:
                thrown = error
