"""What every object begins with: apiVersion, kind, name, labels and the resource that owns it."""

from collections.abc import Mapping
from typing import Any, Final

from messaging_operator import names
from messaging_operator.desired.model import Manifest, Platform

CONFIGURATION_HASH: Final = f"{names.API_GROUP}/configuration-hash"
"""Pod annotation: changes, and thereby rolls the pods, when a mounted configuration does."""


def manifest(
    platform: Platform, *, api_version: str, kind: str, name: str, component: str, version: str, owned: bool = True
) -> Manifest:
    """An object without its body.

    `owned` objects go with the resource, also while no operator runs; the others outlive it.
    """
    metadata: dict[str, Any] = {
        "labels": names.labels(platform.name, component, version),
        "name": name,
        "namespace": platform.namespace,
    }
    if owned and platform.uid:
        metadata["ownerReferences"] = [owner_reference(platform)]
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata}


def owner_reference(platform: Platform) -> dict[str, Any]:
    """The reference by which an object is garbage once the platform is gone."""
    return {
        "apiVersion": names.API_VERSION,
        "blockOwnerDeletion": True,
        "controller": True,
        "kind": names.KIND,
        "name": platform.name,
        "uid": platform.uid,
    }


def compact(**fields: Any) -> dict[str, Any]:
    """The fields that have something in them: nulls and empty lists are never applied (they would be owned)."""
    return {name: value for name, value in fields.items() if value is not None and value not in ({}, [], (), "")}


def pod_metadata(platform: Platform, component: str, version: str, annotations: Mapping[str, str]) -> dict[str, Any]:
    """The metadata of a pod template."""
    return compact(labels=names.labels(platform.name, component, version), annotations=dict(annotations))


def config_map(platform: Platform, *, name: str, component: str, version: str, data: Mapping[str, str]) -> Manifest:
    """A ConfigMap of text files."""
    body = manifest(platform, api_version="v1", kind="ConfigMap", name=name, component=component, version=version)
    return body | {"data": dict(sorted(data.items()))}
