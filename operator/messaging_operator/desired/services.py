"""The five services: a Deployment, a Service and a disruption budget each, and the autoscalers."""

from typing import Any, Final

from messaging_operator import names
from messaging_operator.desired import credentials, pods, settings, workloads
from messaging_operator.desired.images import image
from messaging_operator.desired.meta import manifest
from messaging_operator.desired.model import Manifest, Platform
from messaging_operator.desired.pods import Size
from messaging_operator.spec.services import Autoscaling

SIZE: Final = {
    "auth": Size(cpu="50m", memory="160Mi", memory_limit="640Mi"),
    "user": Size(cpu="50m", memory="128Mi", memory_limit="384Mi"),
    "message": Size(cpu="100m", memory="160Mi", memory_limit="512Mi"),
    "notification": Size(cpu="50m", memory="128Mi", memory_limit="384Mi"),
    "export": Size(cpu="50m", memory="128Mi", memory_limit="512Mi"),
}
"""Auth's limit leaves room for Argon2id, which takes 64 MiB per log-in at a time."""

PRE_STOP_S: Final = 8
"""Longer than clients take to forget an address: 5 s in the cluster's DNS and 2 s in the gateway."""
GRACE_PERIOD_S: Final = 45
"""preStop, then the service's own shutdown, then a margin."""
START_LIMIT_S: Final = 180
"""A service that does not answer for so long after its start is started again."""


def objects(platform: Platform) -> tuple[Manifest, ...]:
    """The Deployments, Services and disruption budgets of the services."""
    made: list[Manifest] = []
    for service in names.SERVICES:
        version = platform.spec.version
        ports = {"http": settings.HTTP_PORT[service], "admin": settings.ADMIN_PORT}
        made += (
            workloads.service(platform, component=service, version=version, ports=ports, headless=True),
            _deployment(platform, service),
            workloads.disruption_budget(platform, component=service, version=version),
        )
    return tuple(made)


def _deployment(platform: Platform, service: str) -> Manifest:
    declared = platform.spec.services.named(service)
    pod = pods.pod_spec(
        platform,
        component=service,
        uid=pods.OWN_UID,
        placed=declared,
        containers=[_container(platform, service)],
        volumes=[
            pods.scratch("tmp", size="256Mi"),
            pods.secret_volume("credentials", credentials.service_sources(platform, service)),
        ],
        grace_period_s=GRACE_PERIOD_S,
    )
    return workloads.deployment(
        platform,
        component=service,
        version=platform.spec.version,
        replicas=None if declared.autoscaling is not None else declared.most_replicas,
        pod=pod,
        annotations={},
    )


def _container(platform: Platform, service: str) -> dict[str, Any]:
    return pods.container(
        platform,
        name=service,
        image=image(platform.spec, service),
        args=[service],
        env=settings.service_env(platform, service),
        mounts={"/tmp": "tmp", credentials.SERVICE_SECRETS_DIR: "credentials"},  # noqa: S108 - a path in the pod
        ports=[_port("http", settings.HTTP_PORT[service]), _port("admin", settings.ADMIN_PORT)],
        resources=pods.resources(platform.spec.services.named(service), SIZE[service]),
        lifecycle={"preStop": {"sleep": {"seconds": PRE_STOP_S}}},
        startupProbe=_probe("/healthz/live", period_s=1, failures=START_LIMIT_S),
        livenessProbe=_probe("/healthz/live", period_s=10, failures=3),
        readinessProbe=_probe("/healthz/ready", period_s=2, failures=3),
    )


def _port(name: str, number: int) -> dict[str, Any]:
    return {"containerPort": number, "name": name, "protocol": "TCP"}


def _probe(path: str, *, period_s: int, failures: int) -> dict[str, Any]:
    return {
        "failureThreshold": failures,
        "httpGet": {"path": path, "port": "admin"},
        "periodSeconds": period_s,
        "timeoutSeconds": 5,
    }


def autoscalers(platform: Platform) -> tuple[Manifest, ...]:
    """A HorizontalPodAutoscaler for every service that follows the load."""
    declared = {service: platform.spec.services.named(service).autoscaling for service in names.SERVICES}
    return tuple(
        _autoscaler(platform, service, autoscaling)
        for service, autoscaling in declared.items()
        if autoscaling is not None
    )


def _autoscaler(platform: Platform, service: str, autoscaling: Autoscaling) -> Manifest:
    name = names.child(platform.name, service)
    body = manifest(
        platform,
        api_version="autoscaling/v2",
        kind="HorizontalPodAutoscaler",
        name=name,
        component=service,
        version=platform.spec.version,
    )
    target = {"averageUtilization": autoscaling.target_cpu_utilization_percentage, "type": "Utilization"}
    body["spec"] = {
        "maxReplicas": autoscaling.max_replicas,
        "metrics": [{"resource": {"name": "cpu", "target": target}, "type": "Resource"}],
        "minReplicas": autoscaling.min_replicas,
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": name},
    }
    return body
