"""The desired state of any spec: total, deterministic, confined, complete."""

import copy
from collections.abc import Iterator
from typing import Any

from hypothesis import given
from messaging_operator.desired import Desired, Platform, build
from messaging_operator.spec import parse_spec

from tests.messaging_operator.manifests import (
    all_manifests,
    containers,
    of_kind,
    pod_templates,
)
from tests.support import platform_specs


def built(spec: dict[str, Any]) -> Desired:
    return build(Platform("demo", "chat", "uid-1", parse_spec(spec, strict=True)))


def walk(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every value of a manifest with its path."""
    yield path, value
    if isinstance(value, dict):
        for key, part in value.items():
            yield from walk(part, f"{path}.{key}")
    elif isinstance(value, list):
        for number, part in enumerate(value):
            yield from walk(part, f"{path}[{number}]")


@given(spec=platform_specs.specs())
def test_every_valid_spec_gives_the_same_plain_data_each_time(spec: dict[str, Any]) -> None:
    first = built(copy.deepcopy(spec))
    assert first == built(spec)
    for manifest in all_manifests(first):
        for path, value in walk(manifest):
            assert type(value) in (dict, list, str, int, bool), f"{path}: {value!r}"
            assert value not in (None, []), f"{path} would own an empty field"


@given(spec=platform_specs.specs())
def test_lists_that_kubernetes_merges_by_key_are_sorted_and_unique(spec: dict[str, Any]) -> None:
    for _, template in pod_templates(all_manifests(built(spec))):
        volumes = [volume["name"] for volume in template["spec"]["volumes"]]
        assert volumes == sorted(set(volumes))
        for container in containers(template):
            env = [variable["name"] for variable in container.get("env", []) if "value" in variable]
            assert env == sorted(set(env))
            mounts = [mount["mountPath"] for mount in container["volumeMounts"]]
            assert mounts == sorted(set(mounts))


@given(spec=platform_specs.specs())
def test_every_pod_is_restricted_on_a_read_only_root_and_cannot_call_the_api(spec: dict[str, Any]) -> None:
    for manifest, template in pod_templates(all_manifests(built(spec))):
        pod, where = template["spec"], manifest["metadata"]["name"]
        assert pod["automountServiceAccountToken"] is False, where
        assert pod["enableServiceLinks"] is False, where
        assert not pod.keys() & {"hostNetwork", "hostPID", "hostIPC", "serviceAccountName"}, where
        assert pod["securityContext"]["runAsNonRoot"] is True, where
        assert pod["securityContext"]["runAsUser"] > 0, where
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}, where
        allowed = {"configMap", "emptyDir", "projected", "secret", "persistentVolumeClaim"}
        assert all(volume.keys() <= allowed | {"name"} for volume in pod["volumes"]), where
        for container in containers(template):
            assert container["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "capabilities": {"drop": ["ALL"]},
                "readOnlyRootFilesystem": True,
            }, where
            assert "hostPort" not in str(container.get("ports")), where


@given(spec=platform_specs.specs())
def test_selectors_find_their_pods_and_hold_no_version(spec: dict[str, Any]) -> None:
    manifests = all_manifests(built(spec))
    for manifest, template in pod_templates(manifests):
        if manifest["kind"] != "Job":
            wanted = manifest["spec"]["selector"]["matchLabels"]
            assert wanted.items() <= template["metadata"]["labels"].items()
            assert "app.kubernetes.io/version" not in wanted
    for kind in ("Service", "PodDisruptionBudget"):
        for manifest in of_kind(manifests, kind):
            selector = manifest["spec"]["selector"]
            wanted = selector.get("matchLabels", selector)
            found = [
                one
                for one, template in pod_templates(manifests)
                if wanted.items() <= template["metadata"]["labels"].items()
            ]
            assert len(found) == 1, f"{kind} {manifest['metadata']['name']}"


@given(spec=platform_specs.specs())
def test_whatever_a_pod_mounts_is_made_here_or_named_as_a_reference(spec: dict[str, Any]) -> None:
    desired = built(spec)
    made = {(one["kind"], one["metadata"]["name"]) for one in all_manifests(desired)}
    made |= {("Secret", reference.name) for reference in desired.references}
    for _, template in pod_templates(all_manifests(desired)):
        for volume in template["spec"]["volumes"]:
            if "configMap" in volume:
                assert ("ConfigMap", volume["configMap"]["name"]) in made
            for source in volume.get("projected", {}).get("sources", []):
                assert ("Secret", source["secret"]["name"]) in made


@given(spec=platform_specs.specs())
def test_every_key_that_a_pod_mounts_is_in_its_secret(spec: dict[str, Any]) -> None:
    desired = built(spec)
    keys = {secret.name: secret.keys.keys() | secret.fixed.keys() for secret in desired.secrets}
    keys |= {reference.name: set(reference.keys) for reference in desired.references if reference.keys}
    for _, template in pod_templates(all_manifests(desired)):
        for volume in template["spec"]["volumes"]:
            for source in volume.get("projected", {}).get("sources", []):
                wanted = {item["key"] for item in source["secret"].get("items", [])}
                assert wanted <= keys[source["secret"]["name"]]


@given(spec=platform_specs.specs())
def test_every_stage_waits_for_earlier_stages_only(spec: dict[str, Any]) -> None:
    before: set[str] = set()
    for stage in built(spec).stages:
        assert set(stage.after) <= before
        before.add(stage.name)
