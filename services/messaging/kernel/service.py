"""One service as a running thing: what it is made of, its two applications, and its tasks from start to drain.

`Runtime` is what the kernel gives a service; `Parts` is what a service's `app.build` gives back; `ServiceHost` puts
them together. `serving.py` listens with it in a container, `messaging.standalone` with five of them in one process.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
import socketio
import structlog
from fastapi import APIRouter, FastAPI
from sqlalchemy.exc import SQLAlchemyError
from starlette.types import ASGIApp

from messaging.kernel import docs, health, inbox, problems
from messaging.kernel.bus import Bus, Consumer
from messaging.kernel.clock import Clock, SystemClock
from messaging.kernel.database import Database, open_database
from messaging.kernel.errors import raise_configuration_error
from messaging.kernel.health import Readiness
from messaging.kernel.middleware import RequestMiddleware
from messaging.kernel.migrate import check_schema
from messaging.kernel.outbox import Outbox
from messaging.kernel.peers import AuthPeer, FollowedKeys, TrustSource, open_client
from messaging.kernel.revocations import HINT_TOPIC, RevocationList
from messaging.kernel.settings import VERSION, ServiceSettings
from messaging.kernel.sockets import SocketHub
from messaging.kernel.tokens import CallerVerifier, TokenVerifier

log = structlog.get_logger(__name__)

Work = Callable[[], Awaitable[None]]
HOUR_S = 3600.0


@dataclass
class Trust:
    """Whom to believe: auth's keys and revocations, followed from `source`; one for all services of a process."""

    keys: FollowedKeys
    revocations: RevocationList
    source: TrustSource
    client: httpx.AsyncClient

    @classmethod
    def open(cls, auth_internal_url: str, clock: Clock) -> "Trust":
        """Prepare to follow the auth service at that address."""
        client = open_client(auth_internal_url)
        source = AuthPeer(client)
        return cls(keys=FollowedKeys(source), revocations=RevocationList(clock), source=source, client=client)

    def follow_instead(self, source: TrustSource) -> None:
        """Follow `source` from the start: what auth does in its own process. Before `run`."""
        self.source = self.keys.source = source

    async def run(self, service: str) -> None:
        """Follow until cancelled."""
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self.keys.follow())
                tasks.create_task(self.revocations.follow(self.source, service))
        finally:
            await self.client.aclose()


@dataclass
class Runtime:
    """What the kernel gives a service."""

    name: str
    settings: ServiceSettings
    database: Database
    bus: Bus
    clock: Clock
    outbox: Outbox
    trust: Trust
    verifier: CallerVerifier
    readiness: Readiness = field(default_factory=Readiness)

    def socket_hub(self, path: str) -> SocketHub:
        """Make the service's Socket.IO server, reached at `path`."""
        return SocketHub(
            service=self.name,
            path=path,
            verifier=self.verifier,
            revocations=self.trust.revocations,
            clock=self.clock,
        )


@dataclass
class Parts:
    """What a service is made of. `state` is put on the application for dependencies to find."""

    routers: Sequence[APIRouter]
    state: dict[str, Any]
    internal: Sequence[APIRouter] = ()
    consumers: Sequence[Consumer] = ()
    tasks: Sequence[Work] = ()
    prepare: Work | None = None
    """Done once at start and before the service is ready, such as making the first signing key."""
    sockets: SocketHub | None = None


Build = Callable[[Runtime], Parts]


class ServiceHost:
    """One service, ready to be served: `public` and `admin` are ASGI applications, `running` its life."""

    def __init__(self, runtime: Runtime, build: Build, *, follows: bool = True, runs_bus: bool = True) -> None:
        self.runtime = runtime
        self._follows = follows
        self._runs_bus = runs_bus
        self._prepared = False
        self.parts = build(runtime)
        self.app = public_app(runtime.name, self.parts)
        self.app.state.verifier = runtime.verifier
        self.public: ASGIApp = RequestMiddleware(self._with_sockets(), runtime.name)
        self.admin = self._admin()
        for consumer in self.parts.consumers:
            runtime.bus.consume(consumer)
        revocations = runtime.trust.revocations
        runtime.bus.subscribe_hints(HINT_TOPIC, lambda _topic, _body: revocations.wake(), revocations.wake)
        self._add_checks()

    def _with_sockets(self) -> ASGIApp:
        if self.parts.sockets is None:
            return self.app
        path = self.parts.sockets.path
        return socketio.ASGIApp(self.parts.sockets.server, other_asgi_app=self.app, socketio_path=path)  # type: ignore[no-any-return]

    def _admin(self) -> FastAPI:
        admin = FastAPI(openapi_url=None)
        problems.install(admin)
        health.add_health_routes(admin, self.runtime.readiness)
        for router in self.parts.internal:
            admin.include_router(router)
        for name, value in self.parts.state.items():
            setattr(admin.state, name, value)
        admin.state.verifier = self.runtime.verifier
        return admin

    def _add_checks(self) -> None:
        readiness = self.runtime.readiness
        readiness.add_database(self.runtime.database)
        readiness.add_start(self.runtime.bus.not_ready)
        readiness.add(self.runtime.trust.keys.not_ready)
        readiness.add(self.runtime.trust.revocations.not_ready)
        readiness.add(lambda: None if self._prepared else "preparation has not ended")

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Check the schema, prepare, run all tasks; on leaving stop them and close what is open.

        Raises:
            ConfigurationError: the database is not of this release, or a task needs a person.
        """
        runtime = self.runtime
        try:
            await check_schema(runtime.database, runtime.name)
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(work()) for work in self._works()]
                yield
                if self.parts.sockets is not None:
                    await self.parts.sockets.close_all()
                for task in tasks:
                    task.cancel()
        except BaseExceptionGroup as group:
            raise_configuration_error(group)
            raise
        finally:
            await runtime.database.close()

    async def _prepare(self) -> None:
        """Do the service's own start; while the database is away, again and again."""
        while not self._prepared:
            try:
                await self.runtime.database.check_durability()
                if self.parts.prepare is not None:
                    await self.parts.prepare()
                self._prepared = True
            except (SQLAlchemyError, OSError) as error:
                log.warning("not_prepared", service=self.runtime.name, error=type(error).__name__)
                await asyncio.sleep(1)

    def _works(self) -> list[Callable[[], Any]]:
        runtime = self.runtime
        works: list[Callable[[], Any]] = [self._prepare, runtime.outbox.run, self._forget_inbox, *self.parts.tasks]
        if self._runs_bus:
            works.append(runtime.bus.run)
        if self._follows:
            works.append(lambda: runtime.trust.run(runtime.name))
        return works

    async def _forget_inbox(self) -> None:
        while True:
            await asyncio.sleep(HOUR_S)
            try:
                async with self.runtime.database.writing() as session:
                    await inbox.forget_old(session, self.runtime.clock)
            except (SQLAlchemyError, OSError) as error:
                log.warning("inbox_not_tidied", service=self.runtime.name, error=type(error).__name__)


def public_app(name: str, parts: Parts) -> FastAPI:
    """The application that the gateway reaches; also what OpenAPI is generated from."""
    app = FastAPI(title=name, version=VERSION, openapi_url=None, max_body_size=problems.MAX_BODY_BYTES)
    problems.install(app)
    for router in parts.routers:
        app.include_router(router, responses=problems.ERROR_ANSWERS)
    for key, value in parts.state.items():
        setattr(app.state, key, value)
    docs.add_docs(app)
    return app


def make_runtime(
    name: str, settings: ServiceSettings, *, bus: Bus, trust: Trust, clock: Clock | None = None
) -> Runtime:
    """Put together what the kernel gives to the service `name`.

    Raises:
        ConfigurationError: the data folder cannot be written.
    """
    clock = clock or SystemClock()
    database = open_database(settings, name)
    verifier = TokenVerifier(issuer=settings.external_url, keys=trust.keys, clock=clock)
    return Runtime(
        name=name,
        settings=settings,
        database=database,
        bus=bus,
        clock=clock,
        outbox=Outbox(database, bus, clock, name),
        trust=trust,
        verifier=CallerVerifier(verifier, trust.revocations),
    )
