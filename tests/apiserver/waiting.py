"""Waiting for what another process will have done soon."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

SOON = timedelta(seconds=60)


async def until(holds: Callable[[], Awaitable[bool]], *, within: timedelta = SOON) -> None:
    """Return once `holds` does; TimeoutError when it does not within the time."""
    async with asyncio.timeout(within.total_seconds()):
        while True:
            if await holds():
                return
            await asyncio.sleep(0.1)
