"""Listening: applications on sockets by uvicorn, and an orderly end on SIGTERM.

Order of the end: readiness goes off, a pause lets the gateway take notice, sockets are closed so that clients
reconnect elsewhere, then listeners close and running requests end.
"""

import asyncio
import os
import signal
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import structlog
import uvicorn
from starlette.types import ASGIApp

from messaging.kernel.errors import ConfigurationError
from messaging.kernel.links import Link
from messaging.kernel.socketio_server import MAX_EVENT_BYTES

log = structlog.get_logger(__name__)

KEEP_ALIVE_S = 75
GRACE_S = 10


@dataclass(frozen=True)
class Listener:
    """An application and the bound socket that it answers on."""

    app: ASGIApp
    socket: socket.socket


def bind(address: str, port: int, *, name: str) -> socket.socket:
    """Bind a listening socket; port 0 takes a free one.

    Raises:
        ConfigurationError: the port is in use or not allowed.
    """
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((address, port))
    except OSError as error:
        listener.close()
        reason = os.strerror(error.errno or 0)
        raise ConfigurationError(f"port {port} ({name}): {reason}; stop what uses it or choose another port") from None
    return listener


class Stop:
    """Asked to stop, by SIGTERM or SIGINT; a second signal ends the process at once."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()

    @contextmanager
    def on_signals(self) -> Iterator[None]:
        """React to signals inside the block."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._handle)
        try:
            yield
        finally:
            for number in (signal.SIGTERM, signal.SIGINT):
                loop.remove_signal_handler(number)

    def _handle(self) -> None:
        if self.asked.is_set():
            os._exit(130)
        self.asked.set()


class _Server(uvicorn.Server):
    """uvicorn without its own signal handling."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class Serving:
    """A set of listeners that start and stop together."""

    def __init__(self, listeners: Sequence[Listener]) -> None:
        self._listeners = listeners
        self._servers = [_Server(_config(listener.app)) for listener in listeners]
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Listen; returns when connections are accepted."""
        for server, listener in zip(self._servers, self._listeners, strict=True):
            self._tasks.append(asyncio.create_task(server.serve(sockets=[listener.socket])))
        while not all(server.started for server in self._servers):
            if any(task.done() for task in self._tasks):
                break
            await asyncio.sleep(0.01)

    async def stop(self) -> None:
        """Stop accepting, let running requests end within the grace time."""
        for server in self._servers:
            server.should_exit = True
        await asyncio.gather(*self._tasks)


def _config(app: ASGIApp) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        http="httptools",
        ws=Link,
        ws_ping_interval=None,  # engine.io has its own
        ws_max_size=MAX_EVENT_BYTES,
        ws_per_message_deflate=False,
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=GRACE_S,
    )
