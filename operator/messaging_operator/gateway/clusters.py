"""`cds.yaml`: the services as Envoy sees them, one cluster each, and Envoy's own admin interface."""

from __future__ import annotations

from .envoy import Message, address, extension, typed
from .model import GatewayInput, Upstream

KEEP_ALIVE = "60s"
"""Idle upstream connections are closed after this, before the services close theirs (75 s): a request on a
connection that the other side is just closing would be a 503."""

ADMIN_CLUSTER = "admin"


def clusters(gateway: GatewayInput) -> list[Message]:
    """All clusters, named after their service."""
    services = {
        "auth": gateway.auth,
        "user": gateway.user,
        "message": gateway.message,
        "notification": gateway.notification,
        "export": gateway.export,
    }
    return [_service(name, upstream, gateway) for name, upstream in services.items()] + [_admin(gateway)]


def _service(name: str, upstream: Upstream, gateway: GatewayInput) -> Message:
    return {
        "name": name,
        "cluster_type": extension(
            "envoy.cluster.dns",
            "envoy.extensions.clusters.dns.v3.DnsCluster",
            {"dns_refresh_rate": "2s", "dns_lookup_family": "V4_PREFERRED"},
        ),
        "connect_timeout": "2s",
        "lb_policy": "LEAST_REQUEST",
        "load_assignment": _endpoint(name, upstream.host, upstream.port),
        "circuit_breakers": _circuit_breakers(gateway),
        "outlier_detection": _outlier_detection(),
        "upstream_connection_options": {
            "tcp_keepalive": {"keepalive_time": 60, "keepalive_interval": 15, "keepalive_probes": 3}
        },
        "typed_extension_protocol_options": {
            "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": typed(
                "envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
                {
                    "common_http_protocol_options": {"idle_timeout": KEEP_ALIVE},
                    "explicit_http_config": {"http_protocol_options": {}},
                },
            )
        },
    }


def _circuit_breakers(gateway: GatewayInput) -> Message:
    """Web sockets hold a connection each, so the bounds are those of the clients; what waits is bounded far lower."""
    return {
        "thresholds": [
            {
                "max_connections": gateway.limits.connections,
                "max_requests": gateway.limits.connections,
                "max_pending_requests": 1024,
                "retry_budget": {"budget_percent": {"value": 20}, "min_retry_concurrency": 3},
            }
        ]
    }


def _outlier_detection() -> Message:
    """Ejects replicas that cannot be reached. What a service answers does not count: a database that is away makes
    every replica say 503, and ejecting them one after the other would help nobody."""
    return {
        "split_external_local_origin_errors": True,
        "consecutive_local_origin_failure": 3,
        "enforcing_consecutive_local_origin_failure": 100,
        "enforcing_local_origin_success_rate": 0,
        "enforcing_consecutive_5xx": 0,
        "enforcing_consecutive_gateway_failure": 0,
        "enforcing_success_rate": 0,
        "interval": "2s",
        "base_ejection_time": "5s",
        "max_ejection_time": "30s",
        "max_ejection_percent": 50,
    }


def _admin(gateway: GatewayInput) -> Message:
    return {
        "name": ADMIN_CLUSTER,
        "type": "STATIC",
        "connect_timeout": "1s",
        "load_assignment": _endpoint(ADMIN_CLUSTER, "127.0.0.1", gateway.admin_port),
    }


def _endpoint(cluster: str, host: str, port: int) -> Message:
    return {
        "cluster_name": cluster,
        "endpoints": [{"lb_endpoints": [{"endpoint": {"address": address(host, port)}}]}],
    }
