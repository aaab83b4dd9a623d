"""Health and metrics, on the admin port that the gateway does not route.

`/healthz/live`: the event loop answers. `/healthz/ready`: 200, or 503 with a list of what is not ready. What a process
needs to start with but can do without for a while, such as the broker, is told as `degraded` later on: people send and
read on, and taking every replica's traffic away at once would help nobody.
"""

from collections.abc import Awaitable, Callable

from fastapi import FastAPI, Response
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from sqlalchemy.exc import SQLAlchemyError

from messaging.kernel.database import Database

Check = Callable[[], Awaitable[str | None]]


class StartCheck:
    """A check, and whether it has ever been good."""

    def __init__(self, check: Callable[[], str | None]) -> None:
        self._check = check
        self.was_good = False

    def missing(self) -> str | None:
        """Say what is not there now, or None."""
        text = self._check()
        self.was_good = self.was_good or text is None
        return text


class Readiness:
    """The checks of one service; each says what is not ready, or None."""

    def __init__(self) -> None:
        self._checks: list[Check] = []
        self._start_checks: list[StartCheck] = []
        self.draining = False

    def add(self, check: Callable[[], str | None]) -> None:
        """Add a check that needs no waiting."""

        async def _check() -> str | None:
            return check()

        self._checks.append(_check)

    def add_start(self, check: Callable[[], str | None]) -> None:
        """Add a check that must have been good once; afterwards what it says is `degraded`."""
        self._start_checks.append(StartCheck(check))

    def add_database(self, database: Database) -> None:
        """Add the check that the database answers."""

        async def _check() -> str | None:
            try:
                await database.ping()
            except (SQLAlchemyError, OSError, TimeoutError) as error:
                return f"database does not answer: {type(error).__name__}"
            return None

        self._checks.append(_check)

    async def not_ready(self) -> list[str]:
        """Return what is not ready; empty when all is."""
        if self.draining:
            return ["draining"]
        answers = [await check() for check in self._checks]
        answers += [check.missing() for check in self._start_checks if not check.was_good]
        return [text for text in answers if text is not None]

    def degraded(self) -> list[str]:
        """Return what has been good and is not now; empty when all is."""
        answers = [check.missing() for check in self._start_checks if check.was_good]
        return [text for text in answers if text is not None]


def add_health_routes(app: FastAPI, readiness: Readiness) -> None:
    """Add `/healthz/live`, `/healthz/ready` and `/metrics` to the admin application."""

    @app.get("/healthz/live")
    async def live() -> dict[str, str]:
        return {"status": "live"}

    @app.get("/healthz/ready")
    async def ready() -> Response:
        missing = await readiness.not_ready()
        if missing:
            return JSONResponse({"status": "not ready", "not_ready": missing}, status_code=503)
        return JSONResponse({"status": "ready", "not_ready": [], "degraded": readiness.degraded()})

    @app.get("/metrics")
    async def metrics() -> Response:
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)
