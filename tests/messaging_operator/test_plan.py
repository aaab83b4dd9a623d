"""The plan: Secrets first, then stage by stage; nothing that holds data is ever deleted."""

import copy
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from messaging_operator.desired import Desired, Manifest, Platform, build
from messaging_operator.kinds import ObjectKey, key_of
from messaging_operator.observed import Observed, Owner, owner_of
from messaging_operator.plan import Apply, CreateSecret, Delete, Plan, make_plan
from messaging_operator.plan.secrets import STAMP, stamped

from tests.messaging_operator.manifests import make_platform

RESOURCE: Manifest = {"metadata": {"generation": 1}, "status": {}}
AUTOSCALED = {"message": {"autoscaling": {"minReplicas": 2, "maxReplicas": 4}}}


def _live(manifest: Manifest, **status: Any) -> Manifest:
    """Return an object as the API server would give it back, but that nobody applied it."""
    live = copy.deepcopy(manifest)
    live["metadata"] |= {"uid": f"uid-of-{live['metadata']['name']}", "resourceVersion": "1", "generation": 1}
    return live | ({"status": status} if status else {})


def _secrets(desired: Desired, value: str = "c2VjcmV0") -> dict[ObjectKey, Manifest]:
    made = [_live(one.manifest) | {"data": dict.fromkeys((*one.keys, *one.fixed), value)} for one in desired.secrets]
    return {key_of(live): live for live in made}


def _plan(platform: Platform, objects: dict[ObjectKey, Manifest], **more: Any) -> Plan:
    return make_plan(platform, build(platform), Observed(RESOURCE | more, objects))


def test_a_new_platform_begins_with_its_secrets_and_nothing_else() -> None:
    platform = make_platform()

    plan = _plan(platform, {})

    assert {type(action) for action in plan.actions} == {CreateSecret}
    assert len(plan.actions) == len(build(platform).secrets)


def test_stages_that_wait_are_not_touched() -> None:
    platform = make_platform()

    plan = _plan(platform, _secrets(build(platform)))

    applied = {action.manifest["kind"] for action in plan.actions if isinstance(action, Apply)}
    assert "StatefulSet" in applied
    assert not applied & {"Job", "Deployment"}
    waiting = {stage.name: stage.waiting_for for stage in plan.stages if not stage.entered}
    assert waiting["migrations"] == ("stage database",)


def test_what_was_rolled_out_once_is_repaired_everywhere_at_once() -> None:
    platform = make_platform()
    fingerprint = _plan(platform, _secrets(build(platform))).fingerprint

    plan = _plan(platform, _secrets(build(platform)), status={"rolledOut": fingerprint})

    assert {"Job", "Deployment"} <= {action.manifest["kind"] for action in plan.actions if isinstance(action, Apply)}


def test_a_stage_that_is_as_it_was_is_repaired_while_a_changed_one_waits() -> None:
    former, platform = make_platform(), make_platform(images={"overrides": {"auth": "local/auth:dev"}})
    fingerprint = _plan(former, _secrets(build(former))).fingerprint

    plan = _plan(platform, _secrets(build(platform)), status={"rolledOut": fingerprint})

    applied = {str(key_of(action.manifest)) for action in plan.actions if isinstance(action, Apply)}
    assert "Deployment demo-gateway" in applied
    assert "Deployment demo-auth" not in applied


def test_an_autoscaled_service_is_raised_to_its_minimum_while_its_stage_waits() -> None:
    platform = make_platform(services=AUTOSCALED)
    desired = build(platform)
    deployment = next(one for one in desired.objects() if key_of(one) == ObjectKey("Deployment", "demo-message"))
    live = _live(deployment)
    live["spec"]["replicas"] = 0

    plan = _plan(platform, {**_secrets(desired), key_of(live): live})

    raised = [
        action for action in plan.actions if isinstance(action, Apply) and action.manifest["kind"] == "Deployment"
    ]
    assert [action.manifest["spec"] for action in raised] == [{"replicas": 2}]


def test_an_autoscaler_that_is_no_longer_desired_goes_before_anything_else() -> None:
    former = make_platform(services=AUTOSCALED)
    scaler = next(one for one in build(former).objects() if one["kind"] == "HorizontalPodAutoscaler")
    platform = make_platform()

    plan = _plan(platform, {**_secrets(build(platform)), key_of(scaler): _live(scaler)})

    assert isinstance(plan.actions[0], Delete)
    assert key_of(plan.actions[0].live) == key_of(scaler)


def test_an_old_config_map_stays_while_the_former_version_may_need_it() -> None:
    platform = make_platform()
    desired = build(platform)
    old = _live(next(one for one in desired.objects() if one["kind"] == "ConfigMap"))
    old["metadata"]["name"] = "demo-gateway-old"

    plan = _plan(platform, {**_secrets(desired), key_of(old): old})

    assert not [action for action in plan.actions if isinstance(action, Delete)]


def test_the_mark_of_secrets_changes_only_where_a_changed_secret_is_mounted() -> None:
    platform = make_platform()
    desired = build(platform)
    before = _marks(platform, desired, _secrets(desired))
    objects = _secrets(desired)
    objects[ObjectKey("Secret", "demo-user-credentials")]["data"]["database_password"] = "b3RoZXI="

    after = _marks(platform, desired, objects)

    assert {name for name in after if after[name] != before[name]} == {"demo-user", "demo-mysql", "demo-rabbitmq"}
    assert "demo-gateway" not in after


def test_the_mark_of_equal_secrets_differs_from_platform_to_platform() -> None:
    one, other = make_platform(uid="uid-1"), make_platform(uid="uid-2")

    marks = [_marks(platform, build(platform), _secrets(build(platform))) for platform in (one, other)]

    assert not set(marks[0].values()) & set(marks[1].values())


def test_whose_an_object_is() -> None:
    platform = make_platform(uid="uid-1")
    kept = next(iter(_secrets(build(platform)).values()))
    owned = _live(next(iter(build(platform).objects())))
    reborn = make_platform(uid="uid-2")
    strange = {"kind": "Secret", "metadata": {"name": kept["metadata"]["name"]}}

    assert owner_of(owned, platform) is Owner.OURS
    assert owner_of(owned, reborn) is Owner.FORMER
    assert owner_of(owned, make_platform("other", uid="uid-3")) is Owner.OTHER
    assert owner_of(kept, reborn) is Owner.OURS
    assert owner_of(kept, make_platform("other")) is Owner.OTHER
    assert owner_of(strange, platform) is Owner.OTHER


@given(data=st.data())
def test_whatever_is_there_the_plan_has_reasons_and_spares_what_holds_data(data: st.DataObject) -> None:
    platform = make_platform(services=AUTOSCALED)
    desired = build(platform)
    everything = [*(one.manifest for one in desired.secrets), *desired.claims, *desired.objects()]
    chosen = data.draw(st.lists(st.sampled_from(everything), unique_by=lambda one: str(key_of(one))))
    objects = {key_of(one): _live(one) for one in chosen} | (_secrets(desired) if data.draw(st.booleans()) else {})

    plan = _plan(platform, objects)

    assert plan == _plan(platform, objects)
    assert all(action.reason for action in plan.actions)
    deleted = {action.live["kind"] for action in plan.actions if isinstance(action, Delete)}
    assert not deleted & {"Secret", "PersistentVolumeClaim"}
    names = [stage.name for stage in plan.stages]
    order = [names.index(action.stage) for action in plan.actions if action.stage]
    assert order == sorted(order)


def _marks(platform: Platform, desired: Desired, objects: dict[ObjectKey, Manifest]) -> dict[str, str]:
    marks = {}
    for stage in stamped(platform, desired, Observed(RESOURCE, objects)):
        for manifest in stage.objects:
            template = manifest.get("spec", {}).get("template", {"metadata": {}})
            if mark := template["metadata"].get("annotations", {}).get(STAMP):
                marks[manifest["metadata"]["name"]] = mark
    return marks
