"""`lds.yaml`: the public listener and the one for probes and metrics."""

from __future__ import annotations

from .clusters import ADMIN_CLUSTER
from .envoy import Message, address, extension, seconds, typed
from .filters import early_mutations, http_filters
from .model import CONFIG_ROOT, GatewayInput
from .replies import local_reply_config
from .routes import DOWNLOAD_PATH, ROUTES_NAME, route_configuration

PUBLIC_LISTENER = "public"
CONNECTION_MANAGER = "envoy.filters.network.http_connection_manager"
CONNECTION_MANAGER_TYPE = "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"


def listeners(gateway: GatewayInput, *, inline_routes: bool = False) -> list[Message]:
    """Both listeners; `inline_routes` puts the routes into the listener instead of naming their file."""
    return [_public(gateway, inline_routes=inline_routes), _probe(gateway)]


def watched(file_name: str) -> Message:
    """A source of configuration: a file of `live`, read again whenever its folder's `..data` link is swapped."""
    folder = f"{CONFIG_ROOT}/live"
    return {
        "resource_api_version": "V3",
        "path_config_source": {"path": f"{folder}/{file_name}", "watched_directory": {"path": folder}},
    }


def _public(gateway: GatewayInput, *, inline_routes: bool) -> Message:
    routes = (
        {"route_config": route_configuration(gateway)}
        if inline_routes
        else {"rds": {"route_config_name": ROUTES_NAME, "config_source": watched("rds.yaml")}}
    )
    manager = {
        "stat_prefix": PUBLIC_LISTENER,
        "server_name": "messaging",
        **_edge(gateway),
        **_limits(gateway),
        **_paths(),
        "local_reply_config": local_reply_config(gateway),
        "early_header_mutation_extensions": early_mutations(gateway),
        "upgrade_configs": [{"upgrade_type": "websocket", "enabled": False}],
        "access_log": access_logs(),
        "http_filters": http_filters(gateway),
        **routes,
    }
    return {
        "name": PUBLIC_LISTENER,
        "address": address("0.0.0.0", gateway.port),
        "per_connection_buffer_limit_bytes": 64 * 1024,
        "filter_chains": [{"filters": [extension(CONNECTION_MANAGER, CONNECTION_MANAGER_TYPE, manager)]}],
    }


def _edge(gateway: GatewayInput) -> Message:
    """Envoy stands at the edge: the connection's address counts, or what `trusted_hops` proxies say of it."""
    return {
        "use_remote_address": True,
        "xff_num_trusted_hops": gateway.trusted_hops,
        "generate_request_id": True,
        "always_set_request_id_in_response": True,
        "request_id_extension": {
            "typed_config": typed(
                "envoy.extensions.request_id.uuid.v3.UuidRequestIdConfig", {"pack_trace_reason": False}
            )
        },
    }


def _limits(gateway: GatewayInput) -> Message:
    return {
        "max_request_headers_kb": gateway.limits.header_kib,
        "common_http_protocol_options": {
            "idle_timeout": "300s",
            "max_headers_count": 100,
            "headers_with_underscores_action": "DROP_HEADER",
        },
        "http2_protocol_options": {
            "max_concurrent_streams": 100,
            "initial_stream_window_size": 65536,
            "initial_connection_window_size": 1048576,
        },
        "request_headers_timeout": "10s",
        "request_timeout": seconds(gateway.limits.request_timeout),
        "stream_idle_timeout": "60s",
        "drain_timeout": "5s",
    }


def _paths() -> Message:
    """One spelling per path, so that no rule can be walked around."""
    return {
        "normalize_path": True,
        "merge_slashes": True,
        "path_with_escaped_slashes_action": "REJECT_REQUEST",
    }


def access_logs() -> list[Message]:
    """One JSON line per request to standard output, without query strings; a download's path is its secret."""
    pattern = "(?i).*download.*"
    secret = {"header_filter": {"header": {"name": ":path", "string_match": {"safe_regex": {"regex": pattern}}}}}
    plain = {
        "header_filter": {
            "header": {
                "name": ":path",
                "string_match": {"safe_regex": {"regex": pattern}},
                "invert_match": True,
            }
        }
    }
    return [_access_log(plain, "%PATH(NQ:ORIG_OR_PATH)%"), _access_log(secret, f"{DOWNLOAD_PATH}/[redacted]")]


def _access_log(applies: Message, path: str) -> Message:
    line = {
        "event": "request",
        "time": "%START_TIME(%Y-%m-%dT%H:%M:%S.%6fZ)%",
        "request_id": "%REQ(X-REQUEST-ID)%",
        "traceparent": "%REQ(TRACEPARENT)%",
        "method": "%REQ(:METHOD)%",
        "path": path,
        "protocol": "%PROTOCOL%",
        "status": "%RESPONSE_CODE%",
        "details": "%RESPONSE_CODE_DETAILS%",
        "flags": "%RESPONSE_FLAGS%",
        "route": "%ROUTE_NAME%",
        "upstream": "%UPSTREAM_HOST%",
        "attempts": "%UPSTREAM_REQUEST_ATTEMPT_COUNT%",
        "duration_ms": "%DURATION%",
        "bytes_received": "%BYTES_RECEIVED%",
        "bytes_sent": "%BYTES_SENT%",
        "client": "%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%",
        "user_agent": "%REQ(USER-AGENT):200%",
    }
    return {
        "filter": applies,
        **extension(
            "envoy.access_loggers.stdout",
            "envoy.extensions.access_loggers.stream.v3.StdoutAccessLog",
            {"log_format": {"json_format": line}},
        ),
    }


def _probe(gateway: GatewayInput) -> Message:
    """`/ready` and `/stats/prometheus` of the admin interface, which itself is reached from inside only."""
    routes: list[Message] = [
        {"match": {"path": path}, "route": {"cluster": ADMIN_CLUSTER, "timeout": "5s"}}
        for path in ("/ready", "/stats/prometheus")
    ]
    routes.append({"match": {"prefix": "/"}, "direct_response": {"status": 404}})
    only_get = {"name": ":method", "string_match": {"exact": "GET"}}
    for route in routes[:-1]:
        route["match"]["headers"] = [only_get]
    manager = {
        "stat_prefix": "probe",
        "route_config": {"name": "probe", "virtual_hosts": [{"name": "probe", "domains": ["*"], "routes": routes}]},
        "http_filters": [
            extension("envoy.filters.http.router", "envoy.extensions.filters.http.router.v3.Router"),
        ],
    }
    return {
        "name": "probe",
        "address": address("0.0.0.0", gateway.probe_port),
        "ignore_global_conn_limit": True,
        "bypass_overload_manager": True,
        "filter_chains": [{"filters": [extension(CONNECTION_MANAGER, CONNECTION_MANAGER_TYPE, manager)]}],
    }
