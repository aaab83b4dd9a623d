"""The gateway: Envoy's configuration in two ConfigMaps, its Deployment, Service and disruption budget.

Bootstrap, listeners and start script stand in a ConfigMap that is named by its hash: a change rolls pod by
pod, and one that Envoy refuses stops at the first new pod. Routes and clusters stand in one of a fixed
name, which the running Envoy reads again by itself.
"""

from functools import lru_cache
from typing import Any, Final

from messaging_operator import names
from messaging_operator.desired import pods, scripts, settings, workloads
from messaging_operator.desired.images import image
from messaging_operator.desired.meta import compact, config_map
from messaging_operator.desired.model import Manifest, Platform
from messaging_operator.desired.pods import Size
from messaging_operator.gateway import (
    CONFIG_ROOT,
    HOT_FILES,
    ROLLED_FILES,
    GatewayInput,
    GatewayLimits,
    RateLimit,
    Upstream,
    render_gateway,
)
from messaging_operator.names import GATEWAY
from messaging_operator.spec.gateway import Gateway
from messaging_operator.spec.quantity import value

SIZE: Final = Size(cpu="50m", memory="64Mi", memory_limit="256Mi")
MEBIBYTE: Final = 1024 * 1024
LEAST_MEMORY_MIB: Final = 64
PORT: Final = 5000
PROBE_PORT: Final = 8081
PRE_STOP_S: Final = 5
DRAIN_S: Final = 20
GRACE_PERIOD_S: Final = 35
SCRIPT: Final = "envoy.sh"


def gateway_input(platform: Platform) -> GatewayInput:
    """What Envoy's configuration is made from."""
    declared = platform.spec.gateway
    rate = declared.rate_limits
    return GatewayInput(
        external_url=declared.external_url,
        auth=_upstream(platform, "auth"),
        user=_upstream(platform, "user"),
        message=_upstream(platform, "message"),
        notification=_upstream(platform, "notification"),
        export=_upstream(platform, "export"),
        cors_origins=declared.cors_origins,
        trusted_hops=declared.trusted_hops,
        port=PORT,
        probe_port=PROBE_PORT,
        limits=GatewayLimits(
            memory_mib=_memory_mib(declared),
            rate=None if rate is None else RateLimit(per_second=rate.per_second, burst=rate.burst),
        ),
    )


def _upstream(platform: Platform, service: str) -> Upstream:
    return Upstream(names.child(platform.name, service), settings.HTTP_PORT[service])


def _memory_mib(declared: Gateway) -> int:
    limit = declared.resources.limits.memory if declared.resources is not None else None
    return max(LEAST_MEMORY_MIB, int(value(limit or SIZE.memory_limit)) // MEBIBYTE)


_rendered = lru_cache(maxsize=256)(render_gateway)
"""Rendering takes most of the time of a build, and most builds are of what was built before."""


def objects(platform: Platform) -> tuple[Manifest, ...]:
    """Everything that the gateway consists of."""
    files = _rendered(gateway_input(platform))
    rolled = {name: files[name] for name in ROLLED_FILES} | {SCRIPT: scripts.ENVOY}
    hot = {name: files[name] for name in HOT_FILES}
    version = _version(platform)
    rolled_name = names.gateway_static(platform.name, rolled)
    hot_name = names.child(platform.name, GATEWAY)
    return (
        config_map(platform, name=rolled_name, component=GATEWAY, version=version, data=rolled),
        config_map(platform, name=hot_name, component=GATEWAY, version=version, data=hot),
        _service(platform),
        _deployment(platform, rolled_name, hot_name),
        workloads.disruption_budget(platform, component=GATEWAY, version=version),
    )


def _version(platform: Platform) -> str:
    return names.version_of(image(platform.spec, "envoy"))


def _service(platform: Platform) -> Manifest:
    declared = platform.spec.gateway.service
    service = workloads.service(
        platform,
        component=GATEWAY,
        version=_version(platform),
        ports={"http": PORT},
        type=str(declared.type),
    )
    service["spec"]["ports"][0] |= compact(nodePort=declared.node_port)
    return service


def _deployment(platform: Platform, rolled: str, hot: str) -> Manifest:
    declared = platform.spec.gateway
    pod = pods.pod_spec(
        platform,
        component=GATEWAY,
        uid=pods.ENVOY_UID,
        placed=declared,
        init_containers=[_validation(platform)],
        containers=[_envoy(platform)],
        volumes=[
            pods.config_volume("boot", rolled),
            pods.config_volume("live", hot),
            pods.scratch("tmp", size="64Mi"),
        ],
        grace_period_s=GRACE_PERIOD_S,
    )
    return workloads.deployment(
        platform,
        component=GATEWAY,
        version=_version(platform),
        replicas=declared.replicas,
        pod=pod,
        annotations={},
    )


def _validation(platform: Platform) -> dict[str, Any]:
    return _container(platform, name="validate", command=["bash", f"{CONFIG_ROOT}/boot/{SCRIPT}", "validate"])


def _envoy(platform: Platform) -> dict[str, Any]:
    return _container(
        platform,
        name="envoy",
        command=["bash", f"{CONFIG_ROOT}/boot/{SCRIPT}"],
        ports=[
            {"containerPort": PORT, "name": "http", "protocol": "TCP"},
            {"containerPort": PROBE_PORT, "name": "admin", "protocol": "TCP"},
        ],
        lifecycle={"preStop": {"sleep": {"seconds": PRE_STOP_S}}},
        livenessProbe={"failureThreshold": 3, "periodSeconds": 10, "tcpSocket": {"port": "admin"}, "timeoutSeconds": 5},
        readinessProbe={
            "failureThreshold": 2,
            "httpGet": {"path": "/ready", "port": "admin"},
            "periodSeconds": 2,
            "timeoutSeconds": 3,
        },
    )


def _container(platform: Platform, *, name: str, command: list[str], **fields: Any) -> dict[str, Any]:
    return pods.container(
        platform,
        name=name,
        image=image(platform.spec, "envoy"),
        command=command,
        env={"DRAIN_SECONDS": str(DRAIN_S)},
        mounts={f"{CONFIG_ROOT}/boot": "boot", f"{CONFIG_ROOT}/live": "live", "/tmp": "tmp"},  # noqa: S108 - in the pod
        resources=pods.resources(platform.spec.gateway, SIZE),
        **fields,
    )
