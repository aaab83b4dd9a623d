"""A listener of `Realtime` that keeps what it is told, for tests to wait for."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import timedelta

from messaging_client.net.happenings import Arrived, Connected, Happening
from messaging_client.net.realtime import Realtime
from messaging_client.net.session import Session
from messaging_client.state.book import Book

WITHIN = timedelta(seconds=30)


class Listening:
    """`told` is everything in order; `texts` what a person would have read."""

    def __init__(self, base_url: str, session: Session, book: Book | None = None) -> None:
        self.told: list[Happening] = []
        self._changed = asyncio.Event()
        self.realtime = Realtime(base_url, session, self._hear, book=book)
        self.running: asyncio.Task[None] | None = None

    @property
    def texts(self) -> list[str]:
        """Contents of the messages that people wrote, in the order of their telling."""
        return [
            message.content
            for happening in self.told
            if isinstance(happening, Arrived)
            for message in happening.messages
            if message.kind == "text"
        ]

    async def until(self, holds: Callable[[], object], *, within: timedelta = WITHIN) -> None:
        """Wait until a condition over what was told holds; raises TimeoutError, or what ended the client."""
        async with asyncio.timeout(within.total_seconds()):
            while not holds():
                if self.running is not None and self.running.done():
                    self.running.result()
                self._changed.clear()
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._changed.wait(), 0.2)

    async def connected(self, *, times: int = 1) -> None:
        """Wait until it has connected and caught up for the nth time."""
        await self.until(lambda: sum(isinstance(happening, Connected) for happening in self.told) >= times)

    def _hear(self, happening: Happening) -> None:
        self.told.append(happening)
        self._changed.set()


@asynccontextmanager
async def listening(base_url: str, session: Session, book: Book | None = None) -> AsyncIterator[Listening]:
    """Run a real-time client for the length of a block, connected at its beginning."""
    ear = Listening(base_url, session, book)
    ear.running = asyncio.create_task(ear.realtime.run())
    try:
        await ear.connected()
        yield ear
    finally:
        ear.running.cancel()
        await asyncio.gather(ear.running, return_exceptions=True)
