"""StatefulSets and the volumes of their pods, which outlive both."""

from collections.abc import Mapping
from typing import Any, Final

from messaging_operator import names
from messaging_operator.desired.meta import compact, manifest, pod_metadata
from messaging_operator.desired.model import Manifest, Platform
from messaging_operator.spec import DeletionPolicy
from messaging_operator.spec.datastores import Volume

TEMPLATE: Final = "data"


def stateful_set(
    platform: Platform,
    *,
    component: str,
    version: str,
    replicas: int,
    volume: Volume,
    service_name: str,
    pod: dict[str, Any],
    annotations: Mapping[str, str],
) -> Manifest:
    """A StatefulSet with one volume per pod, named `data`; deleting it never deletes a volume."""
    body = manifest(
        platform,
        api_version="apps/v1",
        kind="StatefulSet",
        name=names.child(platform.name, component),
        component=component,
        version=version,
    )
    body["spec"] = {
        "persistentVolumeClaimRetentionPolicy": {"whenDeleted": "Retain", "whenScaled": "Retain"},
        "podManagementPolicy": "Parallel",
        "replicas": replicas,
        "revisionHistoryLimit": 3,
        "selector": {"matchLabels": names.selector(platform.name, component)},
        "serviceName": service_name,
        "template": {"metadata": pod_metadata(platform, component, version, annotations), "spec": pod},
        "updateStrategy": {"type": "RollingUpdate"},
        "volumeClaimTemplates": [
            {
                "apiVersion": "v1",
                "kind": "PersistentVolumeClaim",
                "metadata": {"labels": names.selector(platform.name, component), "name": TEMPLATE},
                "spec": _claim_spec(volume),
            }
        ],
    }
    return body


def claims(platform: Platform, *, component: str, volume: Volume, replicas: int) -> tuple[Manifest, ...]:
    """The claims that the StatefulSet's pods will find; with `deletionPolicy: Delete` they go with the resource."""
    owned = platform.spec.deletion_policy is DeletionPolicy.DELETE
    return tuple(_claim(platform, component, volume, ordinal, owned=owned) for ordinal in range(replicas))


def _claim(platform: Platform, component: str, volume: Volume, ordinal: int, *, owned: bool) -> Manifest:
    body = manifest(
        platform,
        api_version="v1",
        kind="PersistentVolumeClaim",
        name=names.claim(platform.name, component, ordinal),
        component=component,
        version="data",
        owned=owned,
    )
    del body["metadata"]["labels"]["app.kubernetes.io/version"]
    for owner in body["metadata"].get("ownerReferences", ()):
        owner["controller"] = False  # the StatefulSet's controller warns of any other than itself
    body["spec"] = _claim_spec(volume)
    return body


def _claim_spec(volume: Volume) -> dict[str, Any]:
    return compact(
        accessModes=["ReadWriteOnce"],
        resources={"requests": {"storage": volume.storage}},
        storageClassName=volume.storage_class_name,
    )
