"""Whose an object is decides what may happen to it: taken names, Secrets and volumes that outlive a platform."""

from typing import Any

from messaging_operator.kinds import CONFIG_MAP, PLATFORM, SECRET, STATEFUL_SET, VOLUME_CLAIM, ObjectKey

from tests.apiserver.world import World

KEPT = {"Secret", "PersistentVolumeClaim"}
AUTH_SECRET = "demo-auth-credentials"


async def test_an_object_of_somebody_else_is_left_alone_and_named(world: World) -> None:
    theirs = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": _metadata(world, "demo-mysql"), "data": {"a": "b"}}
    await world.hand.create(theirs)

    await world.declare()
    await world.look()

    stalled = (await world.conditions())["Stalled"]
    assert (stalled["status"], stalled["reason"]) == ("True", "NameTaken")
    assert "ConfigMap demo-mysql" in stalled["message"]
    assert (await world.live(CONFIG_MAP, "demo-mysql"))["data"] == {"a": "b"}
    await world.hand.delete(await world.live(CONFIG_MAP, "demo-mysql"))
    await world.roll_out()
    assert await world.is_true("Ready")


async def test_a_secret_of_somebody_else_is_never_filled_with_ours(world: World) -> None:
    theirs = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": _metadata(world, "demo-mysql"),
        "stringData": {"a": "b"},
    }
    await world.hand.create(theirs)

    await world.declare()
    await world.look()

    assert (await world.conditions())["Degraded"]["reason"] == "NameTaken"
    assert (await world.live(SECRET, "demo-mysql"))["data"].keys() == {"a"}
    assert not [key for key in await world.objects() if key.kind == STATEFUL_SET.name]


async def test_all_but_secrets_and_volumes_goes_with_the_resource(world: World) -> None:
    await world.declare()
    await world.roll_out()

    uid = (await world.platform())["metadata"]["uid"]
    owned = {key for key, live in (await world.objects()).items() if _owners(live) == [uid]}
    kept = {key for key, live in (await world.objects()).items() if not _owners(live)}
    assert {key.kind for key in kept} == KEPT
    assert not {key for key in owned if key.kind in KEPT}


async def test_the_deletion_policy_reaches_secrets_and_volumes_that_exist(world: World) -> None:
    await world.declare()
    await world.roll_out()
    uid = (await world.platform())["metadata"]["uid"]

    await world.change({"deletionPolicy": "Delete"})
    await world.roll_out()
    with_delete = {tuple(_owners(live)) for key, live in (await world.objects()).items() if key.kind in KEPT}
    await world.change({"deletionPolicy": "Retain"})
    await world.roll_out()
    with_retain = {tuple(_owners(live)) for key, live in (await world.objects()).items() if key.kind in KEPT}

    assert with_delete == {(uid,)}
    assert with_retain == {()}
    assert await world.look() == 0


async def test_a_platform_of_the_same_name_adopts_what_was_kept(world: World) -> None:
    await world.declare()
    await world.roll_out()
    before = (await world.live(SECRET, AUTH_SECRET))["data"]
    await world.hand.delete(await world.platform())

    await world.declare()
    await world.look()
    waiting = (await world.conditions())["Degraded"]
    await _collect_garbage(world)
    await world.roll_out()

    assert waiting["reason"] == "BeingDeleted"
    assert (await world.live(SECRET, AUTH_SECRET))["data"] == before
    assert await world.is_true("Ready")


async def test_a_lost_key_that_data_depends_on_is_never_made_anew(world: World) -> None:
    await world.declare()
    await world.roll_out()
    secret = await world.live(SECRET, AUTH_SECRET)
    key = secret["data"]["key_encryption_key"]

    await world.hand.merge(_secret_patch(world, {"key_encryption_key": None}))
    await world.look()
    stalled = (await world.conditions())["Stalled"]
    lost = (await world.live(SECRET, AUTH_SECRET))["data"]
    await world.hand.merge(_secret_patch(world, {"key_encryption_key": key}))
    await world.roll_out()

    assert (stalled["status"], stalled["reason"]) == ("True", "KeyLost")
    assert f"kubectl -n {world.namespace} patch secret {AUTH_SECRET}" in stalled["message"]
    assert "key_encryption_key" not in lost
    assert await world.is_true("Ready")
    assert await world.look() == 0


async def test_a_lost_secret_with_such_a_key_stops_the_operator(world: World) -> None:
    await world.declare()
    await world.roll_out()

    await world.hand.delete(await world.live(SECRET, AUTH_SECRET))
    writes = await world.look()

    assert (await world.conditions())["Degraded"]["reason"] == "KeyLost"
    assert await world.gone(SECRET, AUTH_SECRET)
    assert writes == 2, "the status and its event"


async def test_a_lost_password_is_made_anew(world: World) -> None:
    await world.declare()
    await world.roll_out()
    before = (await world.live(SECRET, "demo-mysql"))["data"]

    await world.hand.delete(await world.live(SECRET, "demo-mysql"))
    await world.roll_out()

    after = (await world.live(SECRET, "demo-mysql"))["data"]
    assert after.keys() == before.keys()
    assert after != before
    assert await world.is_true("Ready")


async def test_a_wanting_password_is_added_and_the_others_stay(world: World) -> None:
    await world.declare()
    await world.roll_out()
    before = (await world.live(SECRET, AUTH_SECRET))["data"]

    await world.hand.merge(_secret_patch(world, {"broker_password": None}))
    await world.roll_out()

    after = (await world.live(SECRET, AUTH_SECRET))["data"]
    assert after.keys() == before.keys()
    assert {key for key in after if after[key] != before[key]} == {"broker_password"}


async def test_a_larger_volume_reaches_the_claim_and_the_database_is_made_anew_around_it(world: World) -> None:
    await _create_storage_class(world)
    await world.declare(database={"managed": {"storage": "1Gi", "storageClassName": "elastic"}})
    await world.roll_out()
    claim = await world.live(VOLUME_CLAIM, "data-demo-mysql-0")
    await world.set_status(claim, {"phase": "Bound", "capacity": {"storage": "1Gi"}})
    before = await world.live(STATEFUL_SET, "demo-mysql")

    await world.change({"database": {"managed": {"storage": "2Gi"}}})
    await world.look()
    leaving = await world.live(STATEFUL_SET, "demo-mysql")
    await _finish_orphaning(world, leaving)
    await world.roll_out()

    assert leaving["metadata"]["finalizers"] == ["orphan"]
    assert (await world.live(VOLUME_CLAIM, "data-demo-mysql-0"))["spec"]["resources"]["requests"]["storage"] == "2Gi"
    after = await world.live(STATEFUL_SET, "demo-mysql")
    assert after["metadata"]["uid"] != before["metadata"]["uid"]
    assert after["spec"]["volumeClaimTemplates"][0]["spec"]["resources"]["requests"]["storage"] == "2Gi"
    assert await world.is_true("Ready")


async def test_a_refusal_of_the_api_server_shows_in_the_status(world: World) -> None:
    await world.declare(database={"managed": {"storage": "1Gi"}})
    await world.roll_out()
    claim = await world.live(VOLUME_CLAIM, "data-demo-mysql-0")
    await world.set_status(claim, {"phase": "Bound", "capacity": {"storage": "1Gi"}})

    await world.change({"database": {"managed": {"storage": "2Gi"}}})
    await world.look()

    degraded = (await world.conditions())["Degraded"]
    assert (degraded["status"], degraded["reason"]) == ("True", "ApplyRefused")
    assert "PersistentVolumeClaim data-demo-mysql-0" in degraded["message"]
    assert await world.is_true("Available")


async def test_a_resource_of_another_class_is_not_touched(world: World) -> None:
    await world.declare()
    path = f"/apis/messaging.dev/v1alpha1/namespaces/{world.namespace}/messagingplatforms/demo"
    await world.api.merge(path, {"metadata": {"labels": {"messaging.dev/operator-class": "other"}}})

    assert await world.look() == 0

    world.operator_class = "other"
    world.restart()
    await world.roll_out()
    assert await world.is_true("Ready")


def _metadata(world: World, name: str) -> dict[str, str]:
    return {"name": name, "namespace": world.namespace}


def _owners(live: dict[str, Any]) -> list[str]:
    return [owner["uid"] for owner in live["metadata"].get("ownerReferences", [])]


def _secret_patch(world: World, data: dict[str, str | None]) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Secret", "metadata": _metadata(world, AUTH_SECRET), "data": data}


async def _collect_garbage(world: World) -> None:
    """Delete what only gone platforms own, as the garbage collector does."""
    uid = (await world.platform())["metadata"]["uid"]
    for live in (await world.objects()).values():
        if _owners(live) and uid not in _owners(live):
            await world.hand.delete(live)


async def _create_storage_class(world: World) -> None:
    metadata, kind = {"name": "elastic"}, {"apiVersion": "storage.k8s.io/v1", "kind": "StorageClass"}
    body = {**kind, "metadata": metadata, "provisioner": "example.com/disk", "allowVolumeExpansion": True}
    status, answer = await world.api.send("POST", "/apis/storage.k8s.io/v1/storageclasses", body)
    assert status == 201, answer


async def _finish_orphaning(world: World, live: dict[str, Any]) -> None:
    """Take the finalizer off, as the garbage collector does when the pods have been let go."""
    metadata = {**_metadata(world, live["metadata"]["name"]), "finalizers": None}
    await world.hand.merge({"apiVersion": live["apiVersion"], "kind": live["kind"], "metadata": metadata})
    assert ObjectKey("StatefulSet", "demo-mysql") not in await world.objects()


async def test_a_resource_that_is_gone_is_done_with(world: World) -> None:
    await world.declare()
    await world.hand.delete(await world.platform())

    assert await world.look() == 0
    assert await world.gone(PLATFORM, "demo")
