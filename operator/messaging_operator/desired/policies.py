"""Who may talk to whom: one NetworkPolicy per component, in both directions, from one table of edges.

Every policy selects pods by their platform's own labels, never all pods of the namespace.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from messaging_operator import names
from messaging_operator.desired import gateway, migrations, settings
from messaging_operator.desired.meta import compact, manifest
from messaging_operator.desired.model import Manifest, Platform
from messaging_operator.names import GATEWAY, MYSQL, RABBITMQ, SERVICES

RABBITMQ_NODE_PORTS: Final = (4369, 25672)
DNS_PORT: Final = 53


@dataclass(frozen=True, order=True)
class Edge:
    """Pods of `source` may open connections to `port` of pods of `target`.

    An empty source is anybody, inside or outside the cluster; an empty target is any address.
    """

    source: str
    target: str
    port: int


def edges(platform: Platform) -> tuple[Edge, ...]:
    """Every connection that the platform needs, besides DNS."""
    return tuple(sorted({*_people(), *_internal(), *_database(platform), *_broker(platform)}))


def _people() -> Iterable[Edge]:
    yield Edge("", GATEWAY, gateway.PORT)
    for service in SERVICES:
        yield Edge(GATEWAY, service, settings.HTTP_PORT[service])


def _internal() -> Iterable[Edge]:
    for callee, callers in settings.INTERNAL_CALLS.items():
        for caller in callers:
            yield Edge(caller, callee, settings.ADMIN_PORT)


def _database(platform: Platform) -> Iterable[Edge]:
    target = MYSQL if platform.spec.database.managed is not None else ""
    port = settings.database_endpoint(platform).port
    for service in SERVICES:
        yield Edge(service, target, port)
        yield Edge(migrations.component(service), target, port)


def _broker(platform: Platform) -> Iterable[Edge]:
    managed = platform.spec.broker.managed is not None
    port = settings.broker_endpoint(platform).port
    for service in SERVICES:
        yield Edge(service, RABBITMQ if managed else "", port)
    if managed:
        for node_port in RABBITMQ_NODE_PORTS:
            yield Edge(RABBITMQ, RABBITMQ, node_port)


def objects(platform: Platform) -> tuple[Manifest, ...]:
    """The policies; none where the resource says so."""
    if not platform.spec.network_policy.enabled:
        return ()
    known = edges(platform)
    components = sorted({edge.source for edge in known} | {edge.target for edge in known} - {""})
    return tuple(_policy(platform, component, known) for component in components if component)


def _policy(platform: Platform, component: str, known: tuple[Edge, ...]) -> Manifest:
    body = manifest(
        platform,
        api_version="networking.k8s.io/v1",
        kind="NetworkPolicy",
        name=names.child(platform.name, component),
        component=component,
        version=platform.spec.version,
    )
    incoming = [edge for edge in known if edge.target == component]
    outgoing = [edge for edge in known if edge.source == component]
    body["spec"] = compact(
        egress=[_dns(), *(_rule(platform, "to", edge.target, edge.port) for edge in outgoing)] if outgoing else None,
        ingress=[_rule(platform, "from", edge.source, edge.port) for edge in incoming],
        podSelector={"matchLabels": names.selector(platform.name, component)},
        policyTypes=["Egress", "Ingress"],
    )
    return body


def _rule(platform: Platform, direction: str, component: str, port: int) -> dict[str, Any]:
    rule: dict[str, Any] = {"ports": [{"port": port, "protocol": "TCP"}]}
    if component:
        rule[direction] = [{"podSelector": {"matchLabels": names.selector(platform.name, component)}}]
    return rule


def _dns() -> dict[str, Any]:
    return {"ports": [{"port": DNS_PORT, "protocol": protocol} for protocol in ("TCP", "UDP")]}
