"""Whether a workload runs as declared, and if not, why: from its own status and from its pods.

Pure. Called by plan.py (a stage waits for its workloads) and status.py (what to tell). Reasons are those that
Kubernetes gives, so that they can be searched for.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from messaging_operator.desired import Manifest
from messaging_operator.observed import condition, is_leaving, is_true

_WAITING_IS_FAILING = frozenset(
    {
        "CreateContainerConfigError",
        "CreateContainerError",
        "ErrImageNeverPull",
        "ImageInspectError",
        "InvalidImageName",
        "RunContainerError",
    }
)
_NEEDS_PERSON = frozenset(
    {"ErrImageNeverPull", "GatewayConfigRejected", "InvalidImageName", "MigrationFailed", "ProgressDeadlineExceeded"}
)
_VALIDATION = "validate"
"""The init container in which Envoy checks its configuration before it serves with it."""
_SAID_LIMIT = 300
WORKLOADS = frozenset({"Deployment", "StatefulSet", "Job"})


@dataclass(frozen=True)
class Failure:
    """Why something does not run: a CamelCase reason and a sentence that names the thing."""

    reason: str
    message: str

    @property
    def needs_person(self) -> bool:
        """Return whether waiting will not help."""
        return self.reason in _NEEDS_PERSON


@dataclass(frozen=True)
class Health:
    """State of one workload.

    `ready`: the declared template serves in full. `serving`: at least one pod of any version serves. `retrying`: a Job
    whose pod failed and that has attempts left.
    """

    ready: bool
    serving: bool
    have: int = 0
    want: int = 0
    failure: Failure | None = None
    retrying: bool = False


def health_of(live: Manifest | None, pods: list[Manifest]) -> Health:
    """Return the health of a Deployment, StatefulSet or Job with its `pods`; None is one that does not exist."""
    if live is None or is_leaving(live):
        return Health(ready=False, serving=False)
    if live["kind"] == "Job":
        return _job(live, pods)
    return _replicated(live, pods)


def is_ready(pod: Manifest) -> bool:
    """Return whether a pod passes its readiness."""
    return is_true(pod, "Ready")


def _replicated(live: Manifest, pods: list[Manifest]) -> Health:
    status: Mapping[str, Any] = live.get("status") or {}
    want = int(live["spec"].get("replicas", 1))
    updated = int(status.get("updatedReplicas", 0))
    have = int(status.get("availableReplicas", status.get("readyReplicas", 0)))
    observed = int(status.get("observedGeneration", 0)) >= int(live["metadata"].get("generation", 0))
    same_revision = status.get("currentRevision") == status.get("updateRevision")
    rolled = updated >= want and int(status.get("replicas", 0)) <= updated
    ready = observed and have >= want > 0 and (rolled if live["kind"] == "Deployment" else same_revision)
    failure = None if ready else _failure_of(live, pods)
    return Health(ready=ready, serving=have > 0, have=have, want=want, failure=failure)


def _job(live: Manifest, pods: list[Manifest]) -> Health:
    name = live["metadata"]["name"]
    if is_true(live, "Complete"):
        return Health(ready=True, serving=True, have=1, want=1)
    failed = condition(live, "Failed")
    if failed is not None and failed["status"] == "True":
        detail = _last_words(pods) or failed.get("message") or failed.get("reason") or "no reason given"
        message = f"Job {name} failed: {detail}. Once the cause is gone, delete the Job and it runs again."
        return Health(ready=False, serving=False, want=1, failure=Failure("MigrationFailed", message))
    pod_failure = next(_pod_failures(pods), None)
    retrying = int((live.get("status") or {}).get("failed") or 0) > 0
    if retrying and pod_failure is None:
        detail = _last_words(pods) or "a pod of it failed"
        pod_failure = Failure("MigrationRetrying", f"Job {name} is tried again: {detail}")
    return Health(ready=False, serving=False, want=1, failure=pod_failure or _creation_failure(live), retrying=retrying)


def _failure_of(live: Manifest, pods: list[Manifest]) -> Failure | None:
    found = next(_pod_failures(pods), None) or _creation_failure(live)
    progressing = condition(live, "Progressing")
    if progressing is not None and progressing.get("reason") == "ProgressDeadlineExceeded":
        detail = f" ({found.reason}: {found.message})" if found else ""
        name = live["metadata"]["name"]
        return Failure("ProgressDeadlineExceeded", f"Deployment {name} has made no progress for too long{detail}")
    return found


def _creation_failure(live: Manifest) -> Failure | None:
    """Return why pods cannot even be created: a quota, pod security, an admission webhook."""
    found = condition(live, "ReplicaFailure")
    if found is None or found["status"] != "True":
        return None
    return Failure(found.get("reason") or "ReplicaFailure", f"{live['metadata']['name']}: {found.get('message', '')}")


def _pod_failures(pods: list[Manifest]) -> Iterator[Failure]:
    for pod in pods:
        name, status = pod["metadata"]["name"], pod.get("status") or {}
        for container in _containers(status):
            if found := _container_failure(container):
                yield Failure(found.reason, f"Pod {name}, container {container['name']}: {found.message}")
        scheduled = condition(pod, "PodScheduled")
        if scheduled is not None and scheduled.get("reason") == "Unschedulable":
            yield Failure("Unschedulable", f"Pod {name}: {scheduled.get('message', 'no node takes it')}")


def _container_failure(container: Mapping[str, Any]) -> Failure | None:
    """Return why a container does not run, in words that stay the same from one attempt to the next."""
    waiting = (container.get("state") or {}).get("waiting") or {}
    reason = waiting.get("reason", "")
    if reason in ("ErrImagePull", "ImagePullBackOff"):
        return Failure("ImagePullBackOff", f"the image {container['image']} cannot be pulled")
    crashed = _termination(container)
    if crashed and container["name"] == _VALIDATION and not container.get("ready"):
        return Failure("GatewayConfigRejected", crashed)
    if reason == "CrashLoopBackOff" or (crashed and not container.get("ready") and container["restartCount"] > 1):
        return Failure("CrashLoopBackOff", crashed or "it ends again and again")
    if reason in _WAITING_IS_FAILING:
        return Failure(reason, waiting.get("message") or "no message")
    return None


def _containers(status: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [*(status.get("initContainerStatuses") or ()), *(status.get("containerStatuses") or ())]


def _termination(container: Mapping[str, Any]) -> str:
    """Return how a container last ended, or ''."""
    for state in (container.get("state") or {}, container.get("lastState") or {}):
        ended = state.get("terminated")
        if ended and ended.get("exitCode"):
            said = f": {_last_line(ended['message'])}" if ended.get("message") else ""
            return f"ended with exit code {ended['exitCode']} ({ended.get('reason', 'Error')}){said}"
    return ""


def _last_words(pods: list[Manifest]) -> str:
    """Return how the newest pod that failed ended, or ''."""
    for pod in sorted(pods, key=lambda pod: str(pod["metadata"].get("creationTimestamp", "")), reverse=True):
        for container in _containers(pod.get("status") or {}):
            if words := _termination(container):
                return f"container {container['name']} {words}"
    return ""


def _last_line(text: str) -> str:
    """Return the last line of what a container said before it ended, which is where programs say why."""
    return text.strip().rpartition("\n")[2][:_SAID_LIMIT]
