"""Generated Secrets: created once, completed when keys are wanting, never overwritten; and the stamp that rolls pods.

Pure. A Secret's values are the live passwords, so an edit by hand is a rotation: the stamp on the pod templates that
mount it changes and they roll.
"""

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator, Mapping
from typing import Any

from messaging_operator import names
from messaging_operator.desired import Desired, GeneratedSecret, Manifest, Platform, Stage
from messaging_operator.kinds import ObjectKey
from messaging_operator.observed import Observed, Owner, component_of, is_leaving, owner_of
from messaging_operator.plan.model import AddKeys, AnyAction, CreateSecret, Problem

STAMP = f"{names.API_GROUP}/secrets"


def plan_secrets(platform: Platform, desired: Desired, observed: Observed) -> tuple[list[AnyAction], list[Problem]]:
    """Return how to make Secrets complete and what stands in the way (KeyLost, NameTaken, a deletion under way)."""
    actions: list[AnyAction] = []
    problems: list[Problem] = []
    for secret in desired.secrets:
        live = observed.objects.get(ObjectKey("Secret", secret.name))
        if live is not None and (found := _obstacle(platform, secret, live)):
            problems.append(found)
            continue
        wanting = _wanting(secret, live)
        lost = sorted(secret.critical & set(wanting))
        if lost and holds_data(observed):
            problems.append(_key_lost(platform, secret, live, lost))
        elif live is None:
            actions.append(CreateSecret(secret=secret, reason="it does not exist"))
        elif wanting:
            reason = f"it lacks {', '.join(wanting)}"
            actions.append(AddKeys(secret=secret, live=live, keys=tuple(wanting), reason=reason))
    return actions, problems


def holds_data(observed: Observed) -> bool:
    """Return whether there may be data that old keys protect: volumes, or a version that once was rolled out."""
    return bool(observed.of_kind("PersistentVolumeClaim")) or bool(observed.status.get("version"))


def missing_references(desired: Desired, observed: Observed) -> list[Problem]:
    """Return a problem for each Secret of somebody else that is not there or lacks a key."""
    problems = []
    for reference in desired.references:
        live = observed.references.get(reference.name)
        wanting = [key for key in reference.keys if key not in ((live or {}).get("data") or {})]
        if live is None:
            message = f"{reference.component} needs the Secret {reference.name}, which does not exist"
            problems.append(Problem("SecretMissing", reference.component, message, needs_person=False))
        elif wanting:
            message = f"{reference.component} needs {', '.join(wanting)} in the Secret {reference.name}"
            problems.append(Problem("SecretIncomplete", reference.component, message, needs_person=False))
    return problems


def stamped(platform: Platform, desired: Desired, observed: Observed) -> tuple[Stage, ...]:
    """Return the stages with a mark of the mounted Secrets' values on each pod template.

    The mark is keyed with the platform's own critical keys, so that nobody can test guesses of a password on it. Jobs
    have none (their template is immutable), nor has the gateway (it reads its Secrets anew while it runs).
    """
    data = {key.name: live.get("data") or {} for key, live in observed.objects.items() if key.kind == "Secret"}
    data |= {name: live.get("data") or {} for name, live in observed.references.items()}
    seal = platform.uid.encode() + b"".join(
        base64.b64decode(data.get(secret.name, {}).get(key, ""))
        for secret in desired.secrets
        for key in sorted(secret.critical)
    )
    return tuple(
        Stage(stage.name, tuple(_stamp(manifest, data, seal) for manifest in stage.objects), stage.after)
        for stage in desired.stages
    )


def _stamp(manifest: Manifest, data: Mapping[str, Mapping[str, str]], seal: bytes) -> Manifest:
    if manifest["kind"] not in ("Deployment", "StatefulSet") or component_of(manifest) == names.GATEWAY:
        return manifest
    template = manifest["spec"]["template"]
    mounted = {name: data[name] for name in sorted(set(_secret_names(template["spec"]))) if name in data}
    if not mounted:
        return manifest
    mark = hmac.new(seal, json.dumps(mounted, sort_keys=True).encode(), hashlib.sha256).hexdigest()[:16]
    annotations = {**template["metadata"].get("annotations", {}), STAMP: mark}
    marked = {**template, "metadata": {**template["metadata"], "annotations": annotations}}
    return {**manifest, "spec": {**manifest["spec"], "template": marked}}


def _secret_names(pod: Mapping[str, Any]) -> Iterator[str]:
    for volume in pod.get("volumes", []):
        if "secret" in volume:
            yield volume["secret"]["secretName"]
        for source in volume.get("projected", {}).get("sources", []):
            if "secret" in source:
                yield source["secret"]["name"]
    for container in (*pod.get("initContainers", []), *pod["containers"]):
        for variable in container.get("env", []):
            if reference := variable.get("valueFrom", {}).get("secretKeyRef"):
                yield reference["name"]


def _wanting(secret: GeneratedSecret, live: Manifest | None) -> list[str]:
    have = (live or {}).get("data") or {}
    return sorted(key for key in (*secret.keys, *secret.fixed) if key not in have)


def _obstacle(platform: Platform, secret: GeneratedSecret, live: Manifest) -> Problem | None:
    component = component_of(secret.manifest)
    match owner_of(live, platform):
        case Owner.OURS if not is_leaving(live):
            return None
        case Owner.OTHER:
            return name_taken("Secret", secret.name, component)
        case _:
            return waiting_for_former("Secret", secret.name, component)


def name_taken(kind: str, name: str, component: str) -> Problem:
    """Return the problem of an object that has a name of ours and is not ours."""
    return Problem("NameTaken", component, f"{kind} {name} exists and is not this platform's: rename or delete it")


def waiting_for_former(kind: str, name: str, component: str) -> Problem:
    """Return the problem of an object that is being deleted."""
    message = f"{kind} {name} is being deleted: its successor is made once it is gone"
    return Problem("BeingDeleted", component, message, needs_person=False)


def _key_lost(platform: Platform, secret: GeneratedSecret, live: Manifest | None, lost: list[str]) -> Problem:
    space, name = platform.namespace, secret.name
    if live is not None:
        patch = json.dumps({"stringData": dict.fromkeys(lost, "VALUE")}, separators=(",", ":"))
        command = f"kubectl -n {space} patch secret {name} -p '{patch}'"
    else:
        literals = " ".join(f"--from-literal={key}=VALUE" for key in lost)
        labels = secret.manifest["metadata"]["labels"]
        marks = " ".join(f"{label}={value}" for label, value in sorted(labels.items()))
        command = (
            f"kubectl -n {space} create secret generic {name} {literals}"
            f" && kubectl -n {space} label secret {name} {marks}"
        )
    message = (
        f"Secret {name} has lost {', '.join(lost)}, which data at rest depends on and which cannot be made anew."
        f" Restore from a backup: {command}"
    )
    return Problem("KeyLost", component_of(secret.manifest), message)
