"""The gateway of the standalone form: the same routes as Envoy's, in process.

`/<prefix>/{rest}` becomes `/api/<prefix>/{rest}` of one service; nothing else is reachable, so neither are the
services' internal routes. Token checks are the services' own, as everywhere.
"""

from collections.abc import Mapping

from messaging_wire import problems
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from messaging.kernel.errors import ProblemError
from messaging.kernel.problems import answer

PREFIXES: Mapping[str, str] = {
    "auth": "auth",
    "user": "user",
    "message": "message",
    "conversation": "message",
    "notification": "notification",
    "dataexport": "export",
}
"""The first part of a path, and the service behind it."""

DOCS = ("/openapi.json", "/docs")
SECURITY_HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
)


class Front:
    """Routes requests and sockets to the services of this process."""

    def __init__(self, services: Mapping[str, ASGIApp]) -> None:
        self._services = services

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one request or socket on."""
        if scope["type"] == "lifespan":
            return
        await self._route(scope["path"])(_under_api(scope), receive, _with_security_headers(send))

    def _route(self, path: str) -> ASGIApp:
        if path == "/healthz":
            return JSONResponse({"status": "ready"})
        if path.startswith(DOCS):
            return self._services["auth"]
        service = PREFIXES.get(path.split("/", 2)[1])
        return answer(ProblemError(problems.NOT_FOUND)) if service is None else self._services[service]


class Internal:
    """What containers have on their admin ports, for all services on one loopback port: `/<service>/{rest}`."""

    def __init__(self, services: Mapping[str, ASGIApp]) -> None:
        self._services = services

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one request on, without the service's name."""
        name, _, rest = scope.get("path", "").removeprefix("/").partition("/")
        app = self._services.get(name, answer(ProblemError(problems.NOT_FOUND)))
        await app({**scope, "path": f"/{rest}", "raw_path": f"/{rest}".encode()}, receive, send)


def _under_api(scope: Scope) -> Scope:
    path = scope["path"]
    if path.startswith(DOCS):
        return scope
    return {**scope, "path": f"/api{path}", "raw_path": b"/api" + (scope.get("raw_path") or path.encode())}


def _with_security_headers(send: Send) -> Send:
    async def send_with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            present = {name.lower() for name, _ in message.get("headers", ())}
            missing = [pair for pair in SECURITY_HEADERS if pair[0] not in present]
            message = {**message, "headers": [*message.get("headers", ()), *missing]}
        await send(message)

    return send_with_headers
