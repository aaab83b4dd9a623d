"""The kinds of Kubernetes objects that the operator reads or writes, as one table.

Pure. Called by everything that forms a request (cluster.py), watches (handlers.py) or compares (plan/). The table takes
the place of API discovery: the operator speaks fixed versions and must start although some unrelated API is down.
"""

from dataclasses import dataclass

from messaging_operator import names
from messaging_operator.desired import Manifest


@dataclass(frozen=True)
class Kind:
    """One kind: its API group ("" is core), version, name and plural as in URLs."""

    group: str
    version: str
    name: str
    plural: str

    @property
    def api_version(self) -> str:
        """Return what stands in ``apiVersion``: ``v1`` or ``apps/v1``."""
        return f"{self.group}/{self.version}" if self.group else self.version


@dataclass(frozen=True, order=True)
class ObjectKey:
    """Names one object inside the namespace of its platform."""

    kind: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"


CONFIG_MAP = Kind("", "v1", "ConfigMap", "configmaps")
SECRET = Kind("", "v1", "Secret", "secrets")
SERVICE = Kind("", "v1", "Service", "services")
VOLUME_CLAIM = Kind("", "v1", "PersistentVolumeClaim", "persistentvolumeclaims")
POD = Kind("", "v1", "Pod", "pods")
DEPLOYMENT = Kind("apps", "v1", "Deployment", "deployments")
STATEFUL_SET = Kind("apps", "v1", "StatefulSet", "statefulsets")
JOB = Kind("batch", "v1", "Job", "jobs")
AUTOSCALER = Kind("autoscaling", "v2", "HorizontalPodAutoscaler", "horizontalpodautoscalers")
NETWORK_POLICY = Kind("networking.k8s.io", "v1", "NetworkPolicy", "networkpolicies")
DISRUPTION_BUDGET = Kind("policy", "v1", "PodDisruptionBudget", "poddisruptionbudgets")
EVENT = Kind("", "v1", "Event", "events")
LEASE = Kind("coordination.k8s.io", "v1", "Lease", "leases")
PLATFORM = Kind(names.API_GROUP, names.API_VERSION.rpartition("/")[2], names.KIND, names.PLURAL)

WRITTEN: tuple[Kind, ...] = (
    CONFIG_MAP,
    SECRET,
    SERVICE,
    DEPLOYMENT,
    STATEFUL_SET,
    JOB,
    AUTOSCALER,
    NETWORK_POLICY,
    DISRUPTION_BUDGET,
)
"""Kinds that a platform is made of: applied, compared and, when no longer desired, deleted."""

OBSERVED: tuple[Kind, ...] = (*WRITTEN, VOLUME_CLAIM, POD)
"""Kinds that a reconcile lists and that are watched: those written and those that others make for us."""

BY_NAME: dict[str, Kind] = {kind.name: kind for kind in (*OBSERVED, EVENT, LEASE, PLATFORM)}


def key_of(manifest: Manifest) -> ObjectKey:
    """Return the key of one object."""
    return ObjectKey(manifest["kind"], manifest["metadata"]["name"])
