"""Objects that stand beside pods of every component: Deployments, Services, disruption budgets."""

from collections.abc import Mapping
from typing import Any

from messaging_operator import names
from messaging_operator.desired.meta import compact, manifest, pod_metadata
from messaging_operator.desired.model import Manifest, Platform


def deployment(
    platform: Platform,
    *,
    component: str,
    version: str,
    replicas: int | None,
    pod: dict[str, Any],
    annotations: Mapping[str, str],
) -> Manifest:
    """A Deployment that never has fewer ready pods than asked for; `replicas` None means an autoscaler's business."""
    name = names.child(platform.name, component)
    body = manifest(platform, api_version="apps/v1", kind="Deployment", name=name, component=component, version=version)
    body["spec"] = compact(
        replicas=replicas,
        revisionHistoryLimit=3,
        selector={"matchLabels": names.selector(platform.name, component)},
        strategy={"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}},
        template={"metadata": pod_metadata(platform, component, version, annotations), "spec": pod},
    )
    return body


def service(
    platform: Platform,
    *,
    component: str,
    version: str,
    ports: Mapping[str, int],
    name: str | None = None,
    headless: bool = False,
    **fields: Any,
) -> Manifest:
    """A Service for a component's pods; a headless one has an address per ready pod, for clients that balance."""
    body = manifest(
        platform,
        api_version="v1",
        kind="Service",
        name=name or names.child(platform.name, component),
        component=component,
        version=version,
    )
    body["spec"] = compact(
        clusterIP="None" if headless else None,
        ports=[_port(port_name, number) for port_name, number in sorted(ports.items())],
        selector=names.selector(platform.name, component),
        type=fields.pop("type", "ClusterIP"),
        **fields,
    )
    return body


def _port(name: str, number: int) -> dict[str, Any]:
    return {"name": name, "port": number, "protocol": "TCP", "targetPort": name}


def disruption_budget(platform: Platform, *, component: str, version: str) -> Manifest:
    """At most one pod at a time is taken away on purpose, and one that is not ready never holds up a drain."""
    body = manifest(
        platform,
        api_version="policy/v1",
        kind="PodDisruptionBudget",
        name=names.child(platform.name, component),
        component=component,
        version=version,
    )
    body["spec"] = {
        "maxUnavailable": 1,
        "selector": {"matchLabels": names.selector(platform.name, component)},
        "unhealthyPodEvictionPolicy": "AlwaysAllow",
    }
    return body
