"""Who may reach whom: every pair of pods and every port, from the rendered policies alone."""

from typing import Any

import pytest
from messaging_operator.desired import Manifest

from tests.messaging_operator.manifests import build_all, containers, make_platform, of_kind, pod_templates
from tests.messaging_operator.network import OUTSIDE, Pod, may_connect

SERVICES = ("auth", "user", "message", "notification", "export")
PORTS = {"auth": 5001, "user": 5002, "message": 5003, "export": 5004, "notification": 5005}
MIGRATIONS = tuple(f"migrate-{service}" for service in SERVICES)
STRANGER = Pod("", OUTSIDE)

EXPECTED = {
    ("outside", "gateway", 5000),
    *(("gateway", service, PORTS[service]) for service in SERVICES),
    *((service, "auth", 8081) for service in SERVICES if service != "auth"),
    ("export", "message", 8081),
    ("user", "message", 8081),
    *((client, "mysql", 3306) for client in (*SERVICES, *MIGRATIONS)),
    *((service, "rabbitmq", 5672) for service in SERVICES),
    ("rabbitmq", "rabbitmq", 4369),
    ("rabbitmq", "rabbitmq", 25672),
}


def platform_pods(manifests: list[Manifest]) -> dict[str, Pod]:
    """A pod of each component."""
    found = {}
    for _, template in pod_templates(manifests):
        labels = template["metadata"]["labels"]
        component = labels["app.kubernetes.io/component"]
        found[component] = Pod(f"{labels['app.kubernetes.io/instance']}-{component}", labels)
    return found


def open_ports(manifests: list[Manifest]) -> set[int]:
    """Every port that any container listens on."""
    return {
        port["containerPort"]
        for _, template in pod_templates(manifests)
        for container in containers(template)
        for port in container.get("ports", [])
    }


def reachable(manifests: list[Manifest], policies: list[Manifest]) -> set[tuple[str, str, int]]:
    """Who may connect to which component's which port."""
    pods = platform_pods(manifests)
    everybody = {"outside": STRANGER} | pods
    return {
        (source, target, port)
        for source, source_pod in everybody.items()
        for target, target_pod in pods.items()
        for port in open_ports(manifests)
        if may_connect(policies, source_pod, target_pod, port)
    }


def test_exactly_those_reach_each_other_that_have_to() -> None:
    manifests = build_all(make_platform())
    assert reachable(manifests, of_kind(manifests, "NetworkPolicy")) == EXPECTED


def test_without_a_database_and_broker_here_services_leave_by_their_ports_only() -> None:
    database = {"external": {"host": "db.example.com", "port": 3307, "credentialsSecret": "account"}}
    broker = {"external": {"host": "mq.example.com", "port": 5671, "credentialsSecret": "account"}}
    manifests = build_all(make_platform(database=database, broker=broker))
    policies, pods = of_kind(manifests, "NetworkPolicy"), platform_pods(manifests)
    for service in SERVICES:
        left = {
            port for port in (80, 443, 3306, 3307, 5671, 5672) if may_connect(policies, pods[service], STRANGER, port)
        }
        assert left == {3307, 5671}
    for migration in MIGRATIONS:
        assert may_connect(policies, pods[migration], STRANGER, 3307)
        assert not may_connect(policies, pods[migration], STRANGER, 5671)


def test_nobody_leaves_the_platform_where_everything_is_managed() -> None:
    manifests = build_all(make_platform())
    policies = of_kind(manifests, "NetworkPolicy")
    for pod in platform_pods(manifests).values():
        assert not any(may_connect(policies, pod, STRANGER, port) for port in (80, 443, 3306, 5672, 6443, 8080))


def test_whoever_opens_connections_may_ask_for_names() -> None:
    manifests = build_all(make_platform())
    policies = of_kind(manifests, "NetworkPolicy")
    for component, pod in platform_pods(manifests).items():
        for protocol in ("TCP", "UDP"):
            assert may_connect(policies, pod, STRANGER, 53, protocol) is (component != "mysql")


@pytest.mark.parametrize("other", ["other", "demo-auth"])
def test_two_platforms_of_a_namespace_reach_each_other_by_the_gateway_only(other: str) -> None:
    mine, theirs = build_all(make_platform("demo")), build_all(make_platform(other))
    policies = [*of_kind(mine, "NetworkPolicy"), *of_kind(theirs, "NetworkPolicy")]
    for source in platform_pods(theirs).values():
        for component, target in platform_pods(mine).items():
            reached = {port for port in open_ports(mine) if may_connect(policies, source, target, port)}
            assert reached == set(), (source.name, component)


def test_a_pod_of_somebody_else_in_the_namespace_reaches_the_gateway_only() -> None:
    manifests = build_all(make_platform())
    policies = of_kind(manifests, "NetworkPolicy")
    somebody = Pod("web", {"app": "web", "app.kubernetes.io/name": "messaging", "app.kubernetes.io/component": "auth"})
    reached = {
        (component, port)
        for component, target in platform_pods(manifests).items()
        for port in open_ports(manifests)
        if may_connect(policies, somebody, target, port)
    }
    assert reached == {("gateway", 5000)}


def test_every_pod_is_under_a_policy_in_both_directions() -> None:
    manifests = build_all(make_platform())
    policies = of_kind(manifests, "NetworkPolicy")
    for pod in platform_pods(manifests).values():
        chosen = [one for one in policies if one["spec"]["podSelector"]["matchLabels"].items() <= pod.labels.items()]
        assert [one["spec"]["policyTypes"] for one in chosen] == [["Egress", "Ingress"]]


def test_no_policies_are_made_where_the_resource_says_so() -> None:
    disabled: dict[str, Any] = {"enabled": False}
    assert not of_kind(build_all(make_platform(networkPolicy=disabled)), "NetworkPolicy")
