"""The queue: level-triggered, one key at a time, with growing delays after failures."""

import asyncio
import itertools
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
from messaging_operator.queue import Delays, Queue

BRIEF = Delays(first=timedelta(milliseconds=20), longest=timedelta(milliseconds=80))
Reconcile = Callable[[str], Awaitable[timedelta | None]]


class HopelessError(Exception):
    """An error after which nothing may go on."""


@asynccontextmanager
async def working(queue: Queue[str], reconcile: Reconcile, *, workers: int = 2) -> AsyncIterator[None]:
    """Work the queue while the body runs."""
    task = asyncio.create_task(queue.work(reconcile, workers=workers))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait({task})


async def until(holds: Callable[[], bool]) -> None:
    """Wait until `holds`, then a little longer for what should not happen."""
    async with asyncio.timeout(10):
        while True:
            if holds():
                break
            await asyncio.sleep(0.005)
    await asyncio.sleep(0.03)


async def test_a_key_added_many_times_is_looked_at_once() -> None:
    queue: Queue[str] = Queue()
    seen: list[str] = []

    async def note(key: str) -> None:
        seen.append(key)

    for _ in range(100):
        queue.add("a")
    async with working(queue, note):
        await until(lambda: bool(seen))

    assert seen == ["a"]


async def test_a_key_added_while_it_is_worked_on_is_looked_at_again_and_never_twice_at_once() -> None:
    queue: Queue[str] = Queue()
    at_once, most, count = 0, 0, 0

    async def slow(key: str) -> None:
        nonlocal at_once, most, count
        at_once, count = at_once + 1, count + 1
        most = max(most, at_once)
        await asyncio.sleep(0.2)
        at_once -= 1

    async with working(queue, slow, workers=3):
        queue.add("a")
        await until(lambda: at_once == 1)
        queue.add("a")
        await until(lambda: count == 2)

    assert (count, most) == (2, 1)


async def test_different_keys_are_worked_on_side_by_side() -> None:
    queue: Queue[str] = Queue()
    both = asyncio.Barrier(2)
    met: list[str] = []

    async def meet(key: str) -> None:
        await both.wait()
        met.append(key)

    queue.add("a")
    queue.add("b")
    async with working(queue, meet):
        await until(lambda: len(met) == 2)

    assert sorted(met) == ["a", "b"]


async def test_the_earliest_of_several_moments_wins() -> None:
    queue: Queue[str] = Queue()
    seen: list[str] = []

    async def note(key: str) -> None:
        seen.append(key)

    async with working(queue, note):
        queue.add("a", after=timedelta(hours=1))
        queue.add("a", after=timedelta(milliseconds=5))
        queue.add("a", after=timedelta(hours=2))
        await until(lambda: bool(seen))

    assert seen == ["a"]


async def test_a_failing_key_comes_back_after_growing_jittered_delays_and_holds_up_no_other() -> None:
    queue: Queue[str] = Queue(delays=BRIEF, dice=random.Random(1))
    times: list[float] = []
    others: list[str] = []

    async def fail(key: str) -> None:
        if key == "good":
            others.append(key)
            return
        times.append(asyncio.get_running_loop().time())
        raise ValueError("no")

    queue.add("bad")
    async with working(queue, fail, workers=1):
        await until(lambda: bool(times))
        queue.add("good")
        await until(lambda: len(times) > 5 and bool(others))

    pauses = [later - earlier for earlier, later in itertools.pairwise(times)]
    least = [0.01, 0.02, 0.04, 0.04, 0.04]
    assert all(pause >= shortest * 0.99 for pause, shortest in zip(pauses, least, strict=False))


async def test_a_key_comes_again_when_its_look_asked_for_it_and_not_otherwise() -> None:
    queue: Queue[str] = Queue()
    seen: list[str] = []

    async def again_once(key: str) -> timedelta | None:
        seen.append(key)
        return timedelta(milliseconds=5) if key == "more" and len(seen) < 4 else None

    queue.add("more")
    queue.add("done")
    async with working(queue, again_once, workers=1):
        await until(lambda: len(seen) == 4)

    assert sorted(seen) == ["done", "more", "more", "more"]


async def test_a_fatal_error_ends_the_queue() -> None:
    queue: Queue[str] = Queue()

    async def lose(key: str) -> None:
        raise HopelessError

    queue.add("a")
    with pytest.raises(ExceptionGroup) as caught:
        await asyncio.wait_for(queue.work(lose, workers=2, fatal=HopelessError), timeout=10)

    assert caught.group_contains(HopelessError)
