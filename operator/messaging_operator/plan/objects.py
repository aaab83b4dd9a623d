"""One object at a time: what must be written so that it becomes as desired."""

from collections.abc import Mapping
from typing import Any

from messaging_operator.desired import Manifest, Platform
from messaging_operator.fields import owns, same_value, unchanged
from messaging_operator.kinds import key_of
from messaging_operator.names import FIELD_MANAGER, HANDOVER_MANAGER
from messaging_operator.observed import Observed, Owner, component_of, is_leaving, owner_of
from messaging_operator.plan.model import AnyAction, Apply, Delete, Problem
from messaging_operator.plan.secrets import name_taken, waiting_for_former
from messaging_operator.spec import quantity

_IMMUTABLE = ("podManagementPolicy", "selector", "serviceName", "volumeClaimTemplates")


def obstacle(desired: Manifest, live: Manifest | None, platform: Platform) -> Problem | None:
    """Return why `desired` must not be applied over `live`, or None."""
    if live is None:
        return None
    kind, name, component = desired["kind"], desired["metadata"]["name"], component_of(desired)
    match owner_of(live, platform):
        case Owner.OURS if not is_leaving(live):
            return None
        case Owner.OTHER:
            return name_taken(kind, name, component)
        case _:
            return waiting_for_former(kind, name, component)


def plan_object(desired: Manifest, live: Manifest | None, *, stage: str) -> list[AnyAction]:
    """Return how to make `live` as desired; nothing when it is so already."""
    if live is None:
        return [Apply(manifest=desired, stage=stage, reason="it does not exist")]
    if unchanged(desired, live):
        return []
    if live["kind"] == "StatefulSet" and (fields := _immutable_changes(desired, live)):
        reason = f"{', '.join(fields)} cannot be changed: it is made anew around its pods and volumes"
        return [Delete(live=live, propagation="Orphan", stage=stage, reason=reason)]
    return [Apply(manifest=desired, stage=stage, reason="it differs from what is desired")]


def plan_replicas(
    desired: Manifest, live: Manifest | None, autoscaler: Manifest, live_autoscaler: Manifest | None, *, stage: str
) -> list[AnyAction]:
    """Return how to keep an autoscaled Deployment's replicas at its autoscaler's minimum, and hand them over to it.

    They are never in the desired manifest. Dropping them while we own them would reset them to 1, so another field
    manager takes them first.
    """
    least = int(autoscaler["spec"].get("minReplicas", 1))
    if live is None:
        wanted = int(((live_autoscaler or {}).get("status") or {}).get("desiredReplicas") or 0)
        start = max(least, wanted)
        return [_hand_over(desired, start, stage, f"it starts with {start}")] if start > 1 else []
    current = int(live["spec"].get("replicas", 1))
    if current < least:
        return [_hand_over(desired, least, stage, f"{current} replicas are fewer than minReplicas {least}")]
    ours, theirs = (owns(live, manager, "spec", "replicas") for manager in (FIELD_MANAGER, HANDOVER_MANAGER))
    if ours and not theirs:
        return [_hand_over(desired, current, stage, "an autoscaler takes over its replicas")]
    return []


def at_least_live(claim: Manifest, observed: Observed) -> Manifest:
    """Return a volume claim that asks for no less than the live one of its name: volumes never shrink."""
    live = observed.objects.get(key_of(claim))
    have = live["spec"]["resources"]["requests"]["storage"] if live else "0"
    if quantity.value(have) <= quantity.value(claim["spec"]["resources"]["requests"]["storage"]):
        return claim
    return {**claim, "spec": {**claim["spec"], "resources": {"requests": {"storage": have}}}}


def _hand_over(desired: Manifest, replicas: int, stage: str, reason: str) -> Apply:
    metadata = {name: desired["metadata"][name] for name in ("name", "namespace")}
    manifest = {
        "apiVersion": desired["apiVersion"],
        "kind": desired["kind"],
        "metadata": metadata,
        "spec": {"replicas": replicas},
    }
    return Apply(manifest=manifest, manager=HANDOVER_MANAGER, stage=stage, reason=reason)


def _immutable_changes(desired: Manifest, live: Manifest) -> list[str]:
    one, other = desired["spec"], live["spec"]
    changed = [name for name in _IMMUTABLE if name in one and name != "volumeClaimTemplates"]
    changed = [name for name in changed if not same_value(one[name], other.get(name))]
    if not _same_claims(one.get("volumeClaimTemplates", []), other.get("volumeClaimTemplates", [])):
        changed.append("volumeClaimTemplates")
    return changed


def _same_claims(desired: list[Any], live: list[Any]) -> bool:
    return len(desired) == len(live) and all(_same_claim(one, other) for one, other in zip(desired, live, strict=True))


def _same_claim(desired: Mapping[str, Any], live: Mapping[str, Any]) -> bool:
    """Compare claims by what we state of them: the server fills in the class and more."""
    return same_value(dict(desired["metadata"]), dict(live["metadata"])) and all(
        same_value(value, live["spec"].get(name), field=name) for name, value in desired["spec"].items()
    )
