"""One service as a process: what `messaging <service>` runs in a container."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog
import uvloop
from sqlmodel.ext.asyncio.session import AsyncSession

from messaging.kernel.bus import Bus
from messaging.kernel.bus_memory import MemoryBus
from messaging.kernel.bus_rabbit import RabbitBus
from messaging.kernel.clock import SystemClock
from messaging.kernel.database import open_database
from messaging.kernel.logs import configure_logs
from messaging.kernel.migrate import migrate
from messaging.kernel.outbox import Outbox
from messaging.kernel.service import Build, ServiceHost, Trust, make_runtime
from messaging.kernel.serving import Listener, Serving, Stop, bind
from messaging.kernel.settings import ServiceSettings

log = structlog.get_logger(__name__)


def run_service(name: str, settings: ServiceSettings, build: Build) -> None:
    """Serve until SIGTERM.

    Raises:
        ConfigurationError: a person must change something first.
    """
    configure_logs(level=settings.log_level, form=settings.log_format)
    uvloop.run(_serve(name, settings, build))


async def _serve(name: str, settings: ServiceSettings, build: Build) -> None:
    clock = SystemClock()
    trust = Trust.open(settings.auth_internal_url, clock)
    runtime = make_runtime(name, settings, bus=make_bus(name, settings), trust=trust, clock=clock)
    host = ServiceHost(runtime, build)
    listeners = [
        Listener(host.public, bind(settings.listen_address, settings.http_port, name=name)),
        Listener(host.admin, bind(settings.listen_address, settings.admin_port, name=f"{name} admin")),
    ]
    stop, serving = Stop(), Serving(listeners)
    with stop.on_signals():
        async with host.running():
            await serving.start()
            log.info("serving", service=name, version=settings.version, port=settings.http_port)
            await stop.asked.wait()
            log.info("draining", service=name, seconds=settings.drain_s)
            runtime.readiness.draining = True
            await asyncio.sleep(settings.drain_s)
            if host.parts.sockets is not None:
                await host.parts.sockets.close_all()
            await serving.stop()


def make_bus(name: str, settings: ServiceSettings) -> Bus:
    """RabbitMQ where a host is set, else the in-process bus."""
    return RabbitBus(settings, name) if settings.broker_host else MemoryBus()


def run_migration(name: str, settings: ServiceSettings) -> None:
    """Bring one service's tables to this code's head.

    Raises:
        ConfigurationError: the database is two or more releases newer than the code.
    """
    configure_logs(level=settings.log_level, form=settings.log_format)
    uvloop.run(_migrate(name, settings))


async def _migrate(name: str, settings: ServiceSettings) -> None:
    database = open_database(settings, name)
    try:
        revision = await migrate(database, name)
    finally:
        await database.close()
    log.info("migrated", service=name, revision=revision)


Republish = Callable[[AsyncSession, Outbox], Awaitable[int]]
"""Puts snapshots of everything that a service owns on its outbox, in pages; returns how many."""


def run_republish(name: str, settings: ServiceSettings, republish: Republish) -> None:
    """Emit snapshots again, so that a restored or new consumer can be rebuilt; the running service relays them."""
    configure_logs(level=settings.log_level, form=settings.log_format)
    uvloop.run(_republish(name, settings, republish))


async def _republish(name: str, settings: ServiceSettings, republish: Republish) -> None:
    database = open_database(settings, name)
    try:
        outbox = Outbox(database, MemoryBus(), SystemClock(), name)
        async with database.writing(within=None) as session:
            count = await republish(session, outbox)
    finally:
        await database.close()
    log.info("republished", service=name, events=count)
