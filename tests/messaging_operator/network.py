"""NetworkPolicies, evaluated as Kubernetes does: may this pod open a connection to that port of that pod?

Source: Kubernetes, "Network Policies", sections on the two sorts of pod isolation and on the behaviour of selectors.
Only what our policies use is known; anything else raises.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from messaging_operator.desired import Manifest

OUTSIDE: dict[str, str] = {}
"""Labels of who is no pod of the namespace: a stranger on the Internet, a node, a pod elsewhere."""


@dataclass(frozen=True)
class Pod:
    """A pod of the namespace, or (without a name) an address outside of it."""

    name: str
    labels: dict[str, str]


def may_connect(policies: Iterable[Manifest], source: Pod, target: Pod, port: int, protocol: str = "TCP") -> bool:
    """Whether the policies of the namespace let `source` open a connection to that port of `target`."""
    known = list(policies)
    leaves = not source.name or _allowed(known, "Egress", source, target, (port, protocol))
    enters = not target.name or _allowed(known, "Ingress", target, source, (port, protocol))
    return leaves and enters


def _allowed(policies: list[Manifest], direction: str, subject: Pod, peer: Pod, port: tuple[int, str]) -> bool:
    isolating = [
        policy["spec"]
        for policy in policies
        if direction in policy["spec"]["policyTypes"] and _selects(policy["spec"]["podSelector"], subject)
    ]
    rules = [rule for spec in isolating for rule in spec.get(direction.lower(), [])]
    peers = "to" if direction == "Egress" else "from"
    return not isolating or any(_port_matches(rule, port) and _peer_matches(rule.get(peers), peer) for rule in rules)


def _selects(selector: dict[str, Any], pod: Pod) -> bool:
    if selector.keys() - {"matchLabels"}:
        raise AssertionError(f"no way to evaluate {selector}")
    wanted: dict[str, str] = selector.get("matchLabels", {})
    return wanted.items() <= pod.labels.items()


def _port_matches(rule: dict[str, Any], port: tuple[int, str]) -> bool:
    return any((one["port"], one["protocol"]) == port for one in rule["ports"])


def _peer_matches(peers: list[dict[str, Any]] | None, pod: Pod) -> bool:
    if peers is None:
        return True
    if any(peer.keys() != {"podSelector"} for peer in peers):
        raise AssertionError(f"no way to evaluate {peers}")
    return bool(pod.name) and any(_selects(peer["podSelector"], pod) for peer in peers)
