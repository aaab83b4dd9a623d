"""A real server of the tests' own around an ASGI application, on a free loopback port."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from messaging.kernel.serving import Listener, Serving, bind
from starlette.types import ASGIApp


@asynccontextmanager
async def served(app: ASGIApp) -> AsyncIterator[str]:
    """Serve `app` inside the block and give its base URL."""
    listener = bind("127.0.0.1", 0, name="test")
    serving = Serving([Listener(app, listener)])
    await serving.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        await serving.stop()
