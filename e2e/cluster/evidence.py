"""What a person needs when a run on a cluster has failed: conditions, pods, and the last words of those that matter."""

import json
from collections.abc import Mapping
from typing import Any

from e2e.cluster.kind import Cluster
from e2e.shell import CommandFailedError

CONDITIONS = "{range .status.conditions[*]}{.type}={.status} {.reason}: {.message}{'\\n'}{end}"
TAIL = "--tail=25"


def describe(cluster: Cluster) -> str:
    """Return the platforms, their conditions and all pods of a cluster as text."""
    questions = (
        ("get", "mp", "--all-namespaces", "--output=wide"),
        ("get", "mp", "demo", "--ignore-not-found", f"--output=jsonpath={CONDITIONS}"),
        ("get", "pods", "--all-namespaces", "--output=wide"),
    )
    return "\n".join(_asked(cluster, *words) for words in questions)


def last_words(cluster: Cluster, operator_namespace: str) -> str:
    """Return the ends of the logs of the operator and of every pod in the namespace ``default`` that is not ready."""
    parts = [_asked(cluster, "logs", "--namespace", operator_namespace, "deployment/messaging-operator", TAIL)]
    listed = json.loads(_asked(cluster, "get", "pods", "--output=json") or '{"items": []}')
    for pod in listed["items"]:
        if troubled(pod):
            name = pod["metadata"]["name"]
            parts.append(f"--- {name}\n{_asked(cluster, 'logs', name, '--all-containers', TAIL)}")
    return "\n".join(parts)


def troubled(pod: Mapping[str, Any]) -> bool:
    """Say whether a pod (core/v1) neither is ready nor has done its work."""
    conditions = {one["type"]: one["status"] for one in pod["status"].get("conditions", [])}
    return pod["status"].get("phase") != "Succeeded" and conditions.get("Ready") != "True"


def _asked(cluster: Cluster, *words: str) -> str:
    try:
        return cluster.kubectl(*words)
    except CommandFailedError as error:
        return str(error)
