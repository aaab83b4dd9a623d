"""Unchanged means: the fields that we own are those that we want, and no other."""

import copy
from collections.abc import Iterator
from typing import Any

import pytest
from kubernetes.aio.client import ApiClient
from messaging_operator.desired import Manifest, Platform, build
from messaging_operator.fields import SERVER_DEFAULTS, unchanged
from messaging_operator.kinds import BY_NAME, key_of
from messaging_operator.spec import parse_spec

from tests.apiserver.world import Api, World, minimal

REQUIRED = frozenset({"apiVersion", "kind", "metadata", "name", "namespace"})


@pytest.fixture(scope="module")
async def pairs(api: Api, client: ApiClient) -> list[tuple[Manifest, Manifest]]:
    """Every desired object of a platform that uses much of the spec, with the live one."""
    await api.create_namespace("fields")
    world = World(api, "fields", client)
    amounts = {"requests": {"cpu": "1000m", "memory": "1024Mi"}, "limits": {"memory": "2048Mi"}}
    selector = {"kubernetes.io/arch": "amd64"}
    autoscaled = {"autoscaling": {"minReplicas": 2, "maxReplicas": 3}, "resources": amounts, "nodeSelector": selector}
    spec = minimal(services={"message": autoscaled}, broker={"managed": {"replicas": 3, "storage": "1024Mi"}})
    platform = Platform("demo", "fields", "uid-1", parse_spec(spec, strict=True))
    desired = [manifest for manifest in _all(platform) if manifest["kind"] != "Secret"]
    for manifest in desired:
        await world.hand.apply(manifest)
    return [(manifest, await world.live(BY_NAME[manifest["kind"]], key_of(manifest).name)) for manifest in desired]


async def test_an_object_just_applied_is_unchanged(pairs: list[tuple[Manifest, Manifest]]) -> None:
    assert [key_of(desired) for desired, live in pairs if not unchanged(desired, live)] == []


async def test_leaving_any_field_out_is_a_change(pairs: list[tuple[Manifest, Manifest]]) -> None:
    unseen = [
        (str(key_of(desired)), path)
        for desired, live in pairs
        for path in _paths(desired)
        if (path[-1], _at(desired, path)) not in SERVER_DEFAULTS and unchanged(_without(desired, path), live)
    ]

    assert unseen == []


async def test_changing_any_value_is_a_change(pairs: list[tuple[Manifest, Manifest]]) -> None:
    unseen = [
        (str(key_of(desired)), path)
        for desired, live in pairs
        for path in _paths(desired)
        if isinstance(_at(desired, path), str | int) and unchanged(_with_another(desired, path), live)
    ]

    assert unseen == []


async def test_adding_a_field_is_a_change(pairs: list[tuple[Manifest, Manifest]]) -> None:
    for desired, live in pairs:
        changed = copy.deepcopy(desired)
        changed["metadata"]["labels"]["new"] = "label"

        assert not unchanged(changed, live)


def _all(platform: Platform) -> list[Manifest]:
    desired = build(platform)
    return [*desired.claims, *desired.objects()]


def _paths(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Return the path of each field that could be left out."""
    if isinstance(value, dict):
        for name, inner in value.items():
            if len(path) > 1 or name not in REQUIRED:
                yield (*path, name)
            yield from _paths(inner, (*path, name))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield (*path, index)
            yield from _paths(inner, (*path, index))


def _at(value: Any, path: tuple[Any, ...]) -> Any:
    for step in path:
        value = value[step]
    return value


def _without(manifest: Manifest, path: tuple[Any, ...]) -> Manifest:
    changed = copy.deepcopy(manifest)
    del _at(changed, path[:-1])[path[-1]]
    return changed


def _with_another(manifest: Manifest, path: tuple[Any, ...]) -> Manifest:
    changed = copy.deepcopy(manifest)
    old = _at(changed, path)
    _at(changed, path[:-1])[path[-1]] = (
        (not old) if isinstance(old, bool) else old + 1 if isinstance(old, int) else old + "x"
    )
    return changed
