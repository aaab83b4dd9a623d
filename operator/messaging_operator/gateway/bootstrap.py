"""`bootstrap.yaml`: what Envoy reads once, at its start: admin interface, sources of configuration, overload."""

from __future__ import annotations

from .clusters import clusters
from .envoy import Message, address, extension
from .listeners import PUBLIC_LISTENER, listeners, watched
from .model import CONFIG_ROOT, GatewayInput

HEAP_SHARE = 0.85
"""Envoy's heap may take this share of the container's memory; code, stacks and fragments need the rest."""


def bootstrap(gateway: GatewayInput) -> Message:
    """The bootstrap of a running gateway: listeners and clusters come from files."""
    boot = f"{CONFIG_ROOT}/boot"
    listener_files = {"path": f"{boot}/lds.yaml", "watched_directory": {"path": boot}}
    return {
        **_process(gateway),
        "dynamic_resources": {
            "lds_config": {"resource_api_version": "V3", "path_config_source": listener_files},
            "cds_config": watched("cds.yaml"),
        },
    }


def static_bootstrap(gateway: GatewayInput) -> Message:
    """The same gateway in one piece. `envoy --mode validate` reads no file that the bootstrap only names."""
    return {
        **_process(gateway),
        "static_resources": {
            "listeners": listeners(gateway, inline_routes=True),
            "clusters": clusters(gateway),
        },
    }


def _process(gateway: GatewayInput) -> Message:
    return {
        "node": {"id": "gateway", "cluster": "messaging"},
        "admin": {"address": address("127.0.0.1", gateway.admin_port)},
        "layered_runtime": {
            "layers": [
                {
                    "name": "limits",
                    "static_layer": {
                        f"envoy.resource_limits.listener.{PUBLIC_LISTENER}.connection_limit": gateway.limits.connections
                    },
                }
            ]
        },
        "overload_manager": _overload(gateway),
    }


def _overload(gateway: GatewayInput) -> Message:
    """Near the memory limit: first give freed memory back, then refuse new requests (503), then connections."""
    monitor = "envoy.resource_monitors.fixed_heap"
    heap = int(gateway.limits.memory_mib * 1024 * 1024 * HEAP_SHARE)

    def action(name: str, threshold: float) -> Message:
        return {"name": name, "triggers": [{"name": monitor, "threshold": {"value": threshold}}]}

    return {
        "refresh_interval": "0.25s",
        "resource_monitors": [
            extension(
                monitor,
                "envoy.extensions.resource_monitors.fixed_heap.v3.FixedHeapConfig",
                {"max_heap_size_bytes": heap},
            )
        ],
        "actions": [
            action("envoy.overload_actions.shrink_heap", 0.8),
            action("envoy.overload_actions.stop_accepting_requests", 0.9),
            action("envoy.overload_actions.stop_accepting_connections", 0.95),
        ],
    }
