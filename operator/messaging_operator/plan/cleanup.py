"""What others made for us, and what is no longer wanted: pods, volumes, ownership, old Jobs, leftovers."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from messaging_operator.desired import Desired, Manifest, Platform, Stage
from messaging_operator.fields import same_value
from messaging_operator.health import is_ready
from messaging_operator.kinds import ObjectKey, key_of
from messaging_operator.observed import Observed, Owner, component_of, is_leaving, is_true, labels_of, owner_of
from messaging_operator.plan.model import AnyAction, Delete, Merge

KEPT_JOBS = 2
_NEVER_PRUNED = frozenset({"PersistentVolumeClaim", "Pod"})


def plan_stuck_pods(observed: Observed) -> list[AnyAction]:
    """Return deletions of not-ready pods of an old StatefulSet revision.

    Kubernetes waits for such a pod to become ready before it updates it, for ever (kubernetes#67250).
    """
    actions: list[AnyAction] = []
    for live in observed.of_kind("StatefulSet"):
        status, metadata = live.get("status") or {}, live["metadata"]
        if int(status.get("observedGeneration", 0)) < int(metadata.get("generation", 0)):
            continue
        for pod in observed.pods_of(live):
            revision = labels_of(pod).get("controller-revision-hash")
            if status.get("updateRevision") and revision != status["updateRevision"] and not is_ready(pod):
                actions.append(Delete(live=pod, reason=f"it is not ready and of an old revision of {metadata['name']}"))
    return actions


def plan_ownership(platform: Platform, desired: Desired, observed: Observed) -> list[AnyAction]:
    """Return patches of generated Secrets whose owner or labels are not as the deletion policy wants them.

    Their data is not ours to state, so they cannot be applied.
    """
    actions: list[AnyAction] = []
    for secret in desired.secrets:
        live = observed.objects.get(ObjectKey("Secret", secret.name))
        if live is None or owner_of(live, platform) is not Owner.OURS or is_leaving(live):
            continue
        wanted = secret.manifest["metadata"]
        owners, labels = wanted.get("ownerReferences", []), wanted["labels"]
        same_owners = same_value(owners, live["metadata"].get("ownerReferences", []))
        if not (same_owners and labels.items() <= labels_of(live).items()):
            change = {"ownerReferences": owners, "labels": labels}
            actions.append(Merge(manifest=_patch(live, change), reason="its owner or labels are not as desired"))
    return actions


def plan_prune(
    platform: Platform, stages: tuple[Stage, ...], observed: Observed, *, rolled_out: bool
) -> list[AnyAction]:
    """Return deletions of what is owned and no longer desired.

    Autoscalers go at once, for they would fight over replicas; all else only when everything desired is ready, because
    pods of the former version may still need it.
    """
    wanted = {key_of(manifest) for stage in stages for manifest in stage.objects}
    actions: list[AnyAction] = []
    for key, live in sorted(observed.objects.items(), key=lambda item: item[0]):
        if key in wanted or key.kind in _NEVER_PRUNED or key.kind in ("Job", "Secret") or is_leaving(live):
            continue
        if not any(owner["uid"] == platform.uid for owner in live["metadata"].get("ownerReferences", [])):
            continue
        if rolled_out or key.kind == "HorizontalPodAutoscaler":
            actions.append(Delete(live=live, reason="it is no longer desired"))
    return [*actions, *_old_jobs(platform, wanted, observed)]


def _old_jobs(platform: Platform, wanted: set[ObjectKey], observed: Observed) -> Iterator[AnyAction]:
    """Delete former Jobs that have not ended, and of those that have all but the newest of each component."""
    former: dict[str, list[Manifest]] = defaultdict(list)
    for live in observed.of_kind("Job"):
        if key_of(live) not in wanted and owner_of(live, platform) is Owner.OURS and not is_leaving(live):
            former[component_of(live)].append(live)
    for jobs in former.values():
        jobs.sort(key=lambda live: str(live["metadata"].get("creationTimestamp", "")), reverse=True)
        ended = [live for live in jobs if is_true(live, "Complete") or is_true(live, "Failed")]
        for live in jobs:
            if live not in ended:
                yield Delete(live=live, reason="another Job has taken its place")
            elif live not in ended[: KEPT_JOBS - 1]:
                yield Delete(live=live, reason=f"{KEPT_JOBS} Jobs of a component are kept")


def _patch(live: Manifest, metadata: Mapping[str, Any]) -> Manifest:
    """Return a merge patch of `metadata` that fails when `live` has changed meanwhile."""
    identity = {name: live["metadata"][name] for name in ("name", "namespace", "resourceVersion")}
    return {"apiVersion": live["apiVersion"], "kind": live["kind"], "metadata": {**identity, **metadata}}
