"""What wraps every request: its id, its trace, its size, its metrics, its log line. Pure ASGI: streams stay streams."""

import time
from collections.abc import MutableMapping
from typing import Any

import structlog
from messaging_wire import problems
from prometheus_client import Counter, Histogram
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from messaging.kernel import context
from messaging.kernel.problems import answer, to_problem

log = structlog.get_logger(__name__)

MAX_BODY_BYTES = 1024 * 1024

REQUESTS = Counter("messaging_http_requests_total", "Requests answered", ["service", "method", "route", "status"])
DURATION = Histogram(
    "messaging_http_request_seconds",
    "Time to the last byte",
    ["service", "route"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)


def _too_large() -> HTTPException:
    """What the framework lets through while it reads a body."""
    return HTTPException(problems.TOO_LARGE.status)


class RequestMiddleware:
    """Outermost around a service's public application."""

    def __init__(self, app: ASGIApp, service: str) -> None:
        self._app = app
        self._service = service

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request; what is no HTTP request passes untouched."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        request_id = context.accept_request_id(headers.get("x-request-id", ""))
        context.request_id.set(request_id)
        context.traceparent.set(context.accept_traceparent(headers.get("traceparent", "")))
        with structlog.contextvars.bound_contextvars(request_id=request_id):
            await self._observe(scope, receive, send, request_id)

    async def _observe(self, scope: Scope, receive: Receive, send: Send, request_id: str) -> None:
        started, status = time.perf_counter(), 0

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)["X-Request-Id"] = request_id
            await send(message)

        try:
            await self._answer(scope, receive, send_with_id, lambda: status != 0)
        finally:
            self._record(scope, status, time.perf_counter() - started)

    async def _answer(self, scope: Scope, receive: Receive, send: Send, has_started: Any) -> None:
        try:
            await self._app(scope, _bounded(scope, receive), send)
        except Exception as error:
            if has_started():
                raise
            await answer(to_problem(error))(scope, receive, send)

    def _record(self, scope: Scope, status: int, seconds: float) -> None:
        route = getattr(scope.get("route"), "path", "unknown")
        REQUESTS.labels(self._service, scope["method"], route, status).inc()
        DURATION.labels(self._service, route).observe(seconds)
        log.info(
            "request", service=self._service, method=scope["method"], route=route, status=status,
            duration_ms=round(seconds * 1000, 2),
        )  # fmt: skip


def _bounded(scope: MutableMapping[str, Any], receive: Receive) -> Receive:
    """Count the bytes of a body and stop at the limit, whatever its header says."""
    size = 0
    length = Headers(scope=scope).get("content-length", "")

    async def receive_bounded() -> Message:
        nonlocal size
        if length.isdigit() and int(length) > MAX_BODY_BYTES:
            raise _too_large()
        message = await receive()
        size += len(message.get("body", b""))
        if size > MAX_BODY_BYTES:
            raise _too_large()
        return message

    return receive_bounded
