"""`rds.yaml`: which path goes to which service, with which methods, and what needs no access token.

The token check is the listener's default; a route that is open says so itself (`OPEN`). What matches no route is 404.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from .envoy import Message, seconds, set_header, typed
from .model import GatewayInput
from .replies import security_headers

ROUTES_NAME = "public"
OPEN = {
    "envoy.filters.http.jwt_authn": typed(
        "envoy.extensions.filters.http.jwt_authn.v3.PerRouteConfig", {"disabled": True}
    )
}
"""Per-route configuration that takes the token check away."""

UNBUFFERED = {
    "envoy.filters.http.buffer": typed("envoy.extensions.filters.http.buffer.v3.BufferPerRoute", {"disabled": True})
}

SAFE_RETRIES = "connect-failure,refused-stream,reset-before-request"
"""Conditions under which the service has not seen the request."""
IDEMPOTENT_RETRIES = f"{SAFE_RETRIES},reset"

FORGEABLE_HEADERS = ("forwarded", "x-forwarded-host", "x-forwarded-port", "x-forwarded-prefix", "x-real-ip")
EXPOSED_HEADERS = "x-request-id, retry-after, location, content-disposition, www-authenticate"
DOWNLOAD_PATH = "/dataexport/download"


@dataclass(frozen=True, slots=True)
class Prefix:
    """One prefix of the public contract: `/<name>/{rest}` is `/api/<name>/{rest}` of a service."""

    name: str
    cluster: str
    methods: tuple[str, ...]
    is_open: bool = False


PREFIXES = (
    Prefix("auth", "auth", ("GET", "POST", "DELETE"), is_open=True),
    Prefix("user", "user", ("GET", "POST", "PUT", "DELETE")),
    Prefix("message", "message", ("GET", "POST", "PUT", "DELETE")),
    Prefix("conversation", "message", ("GET", "POST", "PUT", "DELETE")),
    Prefix("notification", "notification", ("GET", "POST", "PUT", "DELETE")),
    Prefix("dataexport", "export", ("GET", "POST")),
)
SOCKETS = (("message", "message"), ("notification", "notification"))
"""Prefix and cluster of each Socket.IO endpoint."""


def route_configuration(gateway: GatewayInput) -> Message:
    """The one `RouteConfiguration` of the public listener."""
    return {
        "name": ROUTES_NAME,
        "request_headers_to_add": [
            set_header("x-forwarded-for", "%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%"),
            set_header("x-forwarded-proto", gateway.scheme),
        ],
        "request_headers_to_remove": [*FORGEABLE_HEADERS, "x-client-request-id"],
        "response_headers_to_add": [*security_headers(gateway), *_vary(gateway)],
        "response_headers_to_remove": ["x-envoy-upstream-service-time"],
        "virtual_hosts": [
            {
                "name": "public",
                "domains": ["*"],
                "routes": list(_routes(gateway)),
                **_cors(gateway),
            }
        ],
    }


def _routes(gateway: GatewayInput) -> Iterator[Message]:
    if gateway.cors_origins:
        yield _preflight(gateway.cors_origins)
    for prefix, cluster in SOCKETS:
        yield from _socket(prefix, cluster, gateway)
    yield from _download()
    for page in PREFIXES:
        yield from _prefix(page, gateway)
    yield from _documents(gateway)
    yield {
        "name": "healthz",
        "match": {"path": "/healthz", "headers": [_method("GET", "HEAD")]},
        "direct_response": {"status": 200, "body": {"inline_string": '{"status": "ok"}'}},
        "typed_per_filter_config": OPEN,
    }
    yield _refusal("healthz-method", {"path": "/healthz"}, 405, allow=("GET", "HEAD"))
    yield _refusal("unknown", {"prefix": "/"}, 404)


def _prefix(prefix: Prefix, gateway: GatewayInput) -> Iterator[Message]:
    match = {"path_separated_prefix": f"/{prefix.name}"}
    others = tuple(method for method in prefix.methods if method != "GET")
    for name, methods, retry_on in (
        (f"{prefix.name}-read", ("GET",), IDEMPOTENT_RETRIES),
        (f"{prefix.name}-write", others, SAFE_RETRIES),
    ):
        yield {
            "name": name,
            "match": {**match, "headers": [_method(*methods)]},
            "route": {
                "cluster": prefix.cluster,
                "prefix_rewrite": f"/api/{prefix.name}",
                "timeout": seconds(gateway.limits.request_timeout),
                "retry_policy": _retries(retry_on),
            },
            **({"typed_per_filter_config": OPEN} if prefix.is_open else {}),
        }
    yield _refusal(f"{prefix.name}-method", match, 405, allow=prefix.methods)


def _socket(prefix: str, cluster: str, gateway: GatewayInput) -> Iterator[Message]:
    """Two routes to a Socket.IO endpoint: a web socket cannot pass a filter that waits for the body's end."""
    path = f"/{prefix}/socket.io/"
    route = {
        "cluster": cluster,
        "prefix_rewrite": f"/api{path}",
        "timeout": "0s",
        "idle_timeout": "120s",
        "retry_policy": _retries(SAFE_RETRIES),
    }
    sticky = {**OPEN, **_sticky_cookie(prefix, path, secure=gateway.scheme == "https")}
    upgrade = {"name": "upgrade", "string_match": {"exact": "websocket", "ignore_case": True}}
    yield {
        "name": f"{prefix}-websocket",
        "match": {"prefix": path, "headers": [_method("GET"), upgrade]},
        "route": {**route, "upgrade_configs": [{"upgrade_type": "websocket", "enabled": True}]},
        "typed_per_filter_config": {**sticky, **UNBUFFERED},
    }
    yield {
        "name": f"{prefix}-polling",
        "match": {"prefix": path, "headers": [_method("GET", "POST")]},
        "route": route,
        "typed_per_filter_config": sticky,
    }
    yield _refusal(f"{prefix}-socket-method", {"prefix": path}, 405, allow=("GET", "POST"))


def _sticky_cookie(prefix: str, path: str, *, secure: bool) -> Message:
    """Later requests of one polling client go to the replica that answered its first."""
    attributes = [{"name": "SameSite", "value": "Lax"}, *([{"name": "Secure"}] if secure else [])]
    cookie = {"name": f"{prefix}-replica", "path": path, "ttl": "0s", "attributes": attributes}
    state = typed("envoy.extensions.http.stateful_session.cookie.v3.CookieBasedSessionState", {"cookie": cookie})
    return {
        "envoy.filters.http.stateful_session": typed(
            "envoy.extensions.filters.http.stateful_session.v3.StatefulSessionPerRoute",
            {
                "stateful_session": {
                    "session_state": {"name": "envoy.http.stateful_session.cookie", "typed_config": state}
                }
            },
        )
    }


def _download() -> Iterator[Message]:
    """A download takes as long as it takes and is claimed by its first GET, so it is never sent twice."""
    match = {"path_separated_prefix": DOWNLOAD_PATH}
    yield {
        "name": "download",
        "match": {**match, "headers": [_method("GET", "HEAD")]},
        "route": {
            "cluster": "export",
            "prefix_rewrite": f"/api{DOWNLOAD_PATH}",
            "timeout": "0s",
            "idle_timeout": "60s",
        },
        "typed_per_filter_config": OPEN,
    }
    yield _refusal("download-method", match, 405, allow=("GET", "HEAD"))


def _documents(gateway: GatewayInput) -> Iterator[Message]:
    for name, match in (("openapi", {"path": "/openapi.json"}), ("docs", {"path_separated_prefix": "/docs"})):
        yield {
            "name": name,
            "match": {**match, "headers": [_method("GET", "HEAD")]},
            "route": {
                "cluster": "auth",
                "timeout": seconds(gateway.limits.request_timeout),
                "retry_policy": _retries(IDEMPOTENT_RETRIES),
            },
            "typed_per_filter_config": OPEN,
        }
        yield _refusal(f"{name}-method", match, 405, allow=("GET", "HEAD"))


def _refusal(name: str, match: Message, status: int, *, allow: tuple[str, ...] = ()) -> Message:
    allowed = {"response_headers_to_add": [set_header("allow", ", ".join(allow))]} if allow else {}
    return {
        "name": name,
        "match": match,
        "direct_response": {"status": status},
        "typed_per_filter_config": OPEN,
        **allowed,
    }


def _method(*methods: str) -> Message:
    return {"name": ":method", "string_match": {"safe_regex": {"regex": "|".join(methods)}}}


def _retries(retry_on: str) -> Message:
    return {
        "retry_on": retry_on,
        "num_retries": 2,
        "retry_back_off": {"base_interval": "0.05s", "max_interval": "0.5s"},
        "retry_host_predicate": [
            {
                "name": "envoy.retry_host_predicates.previous_hosts",
                "typed_config": typed("envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate"),
            }
        ],
        "host_selection_retry_max_attempts": 3,
    }


def _preflight(origins: tuple[str, ...]) -> Message:
    """What a browser asks before a request of an allowed page; the CORS filter answers it and never calls a service.

    The filter takes no notice of direct responses, so the question needs a route that leads somewhere.
    """
    asks = {"name": "access-control-request-method", "present_match": True}
    allowed = {"name": "origin", "string_match": {"safe_regex": {"regex": "|".join(map(_origin_pattern, origins))}}}
    return {
        "name": "preflight",
        "match": {"prefix": "/", "headers": [_method("OPTIONS"), asks, allowed]},
        "route": {"cluster": "auth"},
        "typed_per_filter_config": OPEN,
    }


def _vary(gateway: GatewayInput) -> list[Message]:
    """Answers differ by the asking page, and a cache must know it."""
    if not gateway.cors_origins:
        return []
    return [set_header("vary", "Origin", action="APPEND_IF_EXISTS_OR_ADD")]


def _origin_pattern(origin: str) -> str:
    return ".*" if origin == "*" else re.escape(origin)


def _cors(gateway: GatewayInput) -> dict[str, Any]:
    """CORS for exact origins, with cookies (the sticky one); for `*` without."""
    if not gateway.cors_origins:
        return {}
    policy = {
        "allow_origin_string_match": [
            {"safe_regex": {"regex": _origin_pattern(origin)}} for origin in gateway.cors_origins
        ],
        "allow_methods": "GET, HEAD, POST, PUT, DELETE",
        "allow_headers": "authorization, content-type, x-request-id, traceparent, tracestate, if-range, range",
        "expose_headers": EXPOSED_HEADERS,
        "max_age": "600",
        "allow_credentials": "*" not in gateway.cors_origins,
    }
    return {
        "typed_per_filter_config": {
            "envoy.filters.http.cors": typed("envoy.extensions.filters.http.cors.v3.CorsPolicy", policy)
        }
    }
