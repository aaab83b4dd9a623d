"""Waiting with a deadline: for what another service learns a moment later, and never by sleeping and hoping."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import TypeVar

from e2e.scenarios.checks import ScenarioError

Result = TypeVar("Result")

_INTERVAL_S = 0.05


async def eventually(
    ask: Callable[[], Awaitable[Result]],
    holds: Callable[[Result], object],
    *,
    what: str,
    within: timedelta,
) -> Result:
    """Ask again and again until `holds` accepts the answer, and return that answer.

    Raises ScenarioError with the last answer when the time is up; errors of `ask` pass through.
    """
    loop = asyncio.get_running_loop()
    deadline = loop.time() + within.total_seconds()
    while True:
        answer = await ask()
        if holds(answer):
            return answer
        if loop.time() > deadline:
            raise ScenarioError(f"{what}: not within {within.total_seconds():g} s; the last answer was {answer!r:.600}")
        await asyncio.sleep(_INTERVAL_S)
