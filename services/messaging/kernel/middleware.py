"""What wraps every request: its id, its trace, its metrics, its log line. Pure ASGI: streams stay streams."""

import time

import structlog
from messaging_wire import problems
from prometheus_client import Counter, Histogram
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from messaging.kernel import context
from messaging.kernel.errors import ProblemError
from messaging.kernel.problems import MAX_BODY_BYTES, answer

log = structlog.get_logger(__name__)

REQUESTS = Counter("messaging_http_requests_total", "Requests answered", ["service", "method", "route", "status"])
DURATION = Histogram(
    "messaging_http_request_seconds",
    "Time to the last byte",
    ["service", "route"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)


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
        started, status, complete = time.perf_counter(), 0, False

        async def send_with_id(message: Message) -> None:
            nonlocal status, complete
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)["X-Request-Id"] = request_id
            elif message["type"] == "http.response.body":
                complete = not message.get("more_body", False)
            await send(message)

        try:
            await self._app_for(scope)(scope, receive, send_with_id)
        except Exception:
            if not complete:  # else it was answered and logged by `problems`, and is only passed on by the framework
                raise
        finally:
            self._record(scope, status, time.perf_counter() - started)

    def _app_for(self, scope: Scope) -> ASGIApp:
        """Refuse by its header what the framework would refuse in plain text; it counts the bytes of the rest."""
        length = Headers(scope=scope).get("content-length", "")
        too_large = length.isdigit() and int(length) > MAX_BODY_BYTES
        return answer(ProblemError(problems.TOO_LARGE)) if too_large else self._app

    def _record(self, scope: Scope, status: int, seconds: float) -> None:
        route = getattr(scope.get("route"), "path", "unknown")
        REQUESTS.labels(self._service, scope["method"], route, status).inc()
        DURATION.labels(self._service, route).observe(seconds)
        log.info(
            "request", service=self._service, method=scope["method"], route=route, status=status,
            duration_ms=round(seconds * 1000, 2),
        )  # fmt: skip
