"""What is there: the objects of one platform as the API server last gave them, and whose they are.

Pure. Made by reconcile.py from fresh LISTs, read by plan.py, health.py and status.py. Nothing here is a cache.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from messaging_operator.desired import Manifest, Platform
from messaging_operator.kinds import ObjectKey
from messaging_operator.names import KIND


class Owner(Enum):
    """Whose a live object is, seen from one platform."""

    OURS = "ours"
    FORMER = "former"  # of a deleted platform of the same name: waits for garbage collection
    OTHER = "other"


@dataclass(frozen=True)
class Observed:
    """One platform's resource and all that carries its labels or a name that it wants."""

    resource: Manifest
    objects: Mapping[ObjectKey, Manifest] = field(default_factory=dict)
    pods: tuple[Manifest, ...] = ()
    references: Mapping[str, Manifest] = field(default_factory=dict)
    """The Secrets of others that the platform refers to, by name, as far as they exist."""

    @property
    def status(self) -> Mapping[str, Any]:
        """Return the status as last written."""
        found: Mapping[str, Any] = self.resource.get("status") or {}
        return found

    def of_kind(self, kind: str) -> list[Manifest]:
        """Return the live objects of one kind, by name."""
        return [live for key, live in sorted(self.objects.items(), key=lambda item: item[0]) if key.kind == kind]

    def pods_of(self, workload: Manifest) -> list[Manifest]:
        """Return the pods that belong to a Deployment, StatefulSet or Job and are not on their way out."""
        if workload["kind"] == "Job":
            wanted = {"batch.kubernetes.io/job-name": workload["metadata"]["name"]}
        else:
            wanted = workload["spec"]["selector"]["matchLabels"]
        return [pod for pod in self.pods if wanted.items() <= labels_of(pod).items() and not is_leaving(pod)]


def owner_of(live: Manifest, platform: Platform) -> Owner:
    """Return whose `live` is: by its ownerReference, or by our labels where it has none (kept volumes and Secrets)."""
    owners = live["metadata"].get("ownerReferences", [])
    if any(owner["uid"] == platform.uid for owner in owners):
        return Owner.OURS
    if any(owner["kind"] == KIND and owner["name"] == platform.name for owner in owners):
        return Owner.FORMER
    labels = labels_of(live)
    labelled = (
        labels.get("app.kubernetes.io/managed-by") == "messaging-operator"
        and labels.get("app.kubernetes.io/instance") == platform.name
    )
    return Owner.OURS if labelled and not owners else Owner.OTHER


def labels_of(manifest: Manifest) -> Mapping[str, str]:
    """Return the labels of an object."""
    found: Mapping[str, str] = manifest["metadata"].get("labels") or {}
    return found


def component_of(manifest: Manifest) -> str:
    """Return the component that an object belongs to, by its label."""
    return labels_of(manifest).get("app.kubernetes.io/component", "")


def is_leaving(live: Manifest) -> bool:
    """Return whether an object is being deleted."""
    return "deletionTimestamp" in live["metadata"]


def condition(live: Manifest, name: str) -> Mapping[str, Any] | None:
    """Return the condition of that type in an object's status, or None."""
    conditions: Iterable[Mapping[str, Any]] = (live.get("status") or {}).get("conditions") or ()
    return next((found for found in conditions if found["type"] == name), None)


def is_true(live: Manifest, name: str) -> bool:
    """Return whether the condition of that type is there and True."""
    found = condition(live, name)
    return found is not None and found["status"] == "True"
