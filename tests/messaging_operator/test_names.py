"""Names: valid for Kubernetes, and never those of another platform."""

import re
from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given
from messaging_operator import names
from messaging_operator.desired import Desired, Manifest, Platform, build
from messaging_operator.spec import parse_spec

from tests.messaging_operator.manifests import all_manifests, containers, make_platform, pod_templates
from tests.support import platform_specs

DNS_LABEL = re.compile(r"[a-z]([-a-z0-9]{0,61}[a-z0-9])?")
LABEL_VALUE = re.compile(r"([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?")


def generated_names(manifest: Manifest) -> Iterable[tuple[str, str]]:
    """Kind and name of an object and of what Kubernetes makes of it under a name that is certain."""
    name = manifest["metadata"]["name"]
    yield manifest["kind"], name
    if manifest["kind"] == "StatefulSet":
        for ordinal in range(manifest["spec"]["replicas"]):
            yield "Pod", f"{name}-{ordinal}"
            yield (
                "PersistentVolumeClaim",
                f"{manifest['spec']['volumeClaimTemplates'][0]['metadata']['name']}-{name}-{ordinal}",
            )


def names_of(desired: Desired) -> set[tuple[str, str]]:
    return {name for manifest in all_manifests(desired) for name in generated_names(manifest)}


@given(first=platform_specs.platform_names(), second=platform_specs.platform_names(), spec=platform_specs.specs())
def test_two_platforms_never_make_the_same_name(first: str, second: str, spec: dict[str, Any]) -> None:
    parsed = parse_spec(spec, strict=True)
    if first != second:
        mine, theirs = (names_of(build(Platform(name, "chat", "uid", parsed))) for name in (first, second))
        assert mine.isdisjoint(theirs)


@given(name=platform_specs.platform_names(), spec=platform_specs.specs())
def test_every_name_is_a_dns_label_and_every_label_value_is_valid(name: str, spec: dict[str, Any]) -> None:
    desired = build(Platform(name, "chat", "uid", parse_spec(spec, strict=True)))
    for manifest in all_manifests(desired):
        assert DNS_LABEL.fullmatch(manifest["metadata"]["name"]), manifest["metadata"]["name"]
        assert all(LABEL_VALUE.fullmatch(value) for value in manifest["metadata"]["labels"].values())
    for _, template in pod_templates(all_manifests(desired)):
        assert all(DNS_LABEL.fullmatch(container["name"]) for container in containers(template))


def test_no_two_objects_of_a_platform_have_the_same_name() -> None:
    manifests = all_manifests(build(make_platform()))
    assert len({(one["kind"], one["metadata"]["name"]) for one in manifests}) == len(manifests)


@given(content=platform_specs.services())
def test_a_digest_does_not_depend_on_the_order_of_keys(content: dict[str, Any]) -> None:
    assert names.digest(content) == names.digest(dict(reversed(content.items())))


@pytest.mark.parametrize(
    ("image", "version"),
    [
        ("mysql:9.7", "9.7"),
        ("registry:5000/mirror/mysql:9.7.2", "9.7.2"),
        ("registry:5000/mysql", "custom"),
        ("mysql@sha256:" + "0" * 64, "custom"),
        ("mysql:9.7@sha256:" + "0" * 64, "9.7"),
    ],
)
def test_an_image_reference_tells_its_version(image: str, version: str) -> None:
    assert names.version_of(image) == version


@pytest.mark.parametrize("name", ["a.b", "A", "1a", "-a", "a-", "a" * 31, "", "a\n", None, 3])
def test_a_name_that_would_break_its_objects_is_no_platform_name(name: object) -> None:
    assert not names.is_platform_name(name)
