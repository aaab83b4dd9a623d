"""The chart gives the operator what it uses, all of it and nothing else."""

import subprocess
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from messaging_operator.desired import Manifest
from messaging_operator.kinds import STATEFUL_SET, WRITTEN

from e2e.images import binaries
from tests.apiserver.controlplane import ControlPlane, Request
from tests.apiserver.process import OperatorProcess, running_operator
from tests.apiserver.waiting import until
from tests.apiserver.world import Api, World

CHART = Path(__file__).parents[2] / "charts" / "messaging-operator"
CLASS = "rbac"
ACCOUNT = "system:serviceaccount:{namespace}:messaging-operator"
ASKED_BY_ADMISSION = {
    ("messaging.dev", "messagingplatforms/finalizers", "update"),
    ("", "persistentvolumeclaims", "delete"),
    ("", "secrets", "delete"),
}
"""What OwnerReferencesPermissionEnforcement wants of whoever sets an owner: no request of their own."""

PATHS = {
    "ClusterRole": "/apis/rbac.authorization.k8s.io/v1/clusterroles",
    "ClusterRoleBinding": "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings",
    "Role": "/apis/rbac.authorization.k8s.io/v1/namespaces/{namespace}/roles",
    "RoleBinding": "/apis/rbac.authorization.k8s.io/v1/namespaces/{namespace}/rolebindings",
    "ServiceAccount": "/api/v1/namespaces/{namespace}/serviceaccounts",
}


@pytest.fixture(scope="package")
def helm() -> Path:
    """The helm program."""
    return binaries.ensure("helm")["helm"]


@pytest.fixture
async def charted(api: Api, world: World, helm: Path) -> list[Manifest]:
    """The chart's ServiceAccount and rules, in the cluster: for the whole cluster and one class of resources."""
    documents = _rendered(helm, world.namespace, f"operatorClass={CLASS}")
    for document in documents:
        if document["kind"] in PATHS:
            status, answer = await api.send("POST", PATHS[document["kind"]].format(namespace=world.namespace), document)
            assert status == 201, answer
    return documents


@pytest.fixture
async def operator(
    control_plane: ControlPlane, api: Api, world: World, charted: list[Manifest], tmp_path: Path
) -> AsyncIterator[OperatorProcess]:
    """The operator as the chart's ServiceAccount."""
    token = await _token(api, world.namespace)
    async with running_operator(
        control_plane, tmp_path, f"--class={CLASS}", token=token, namespace=world.namespace
    ) as running:
        await until(running.leads)
        yield running


async def test_nothing_is_forbidden_and_no_permission_is_unused(
    control_plane: ControlPlane, operator: OperatorProcess, world: World, charted: list[Manifest]
) -> None:
    await _live_through_everything(world)

    requests = control_plane.requests(ACCOUNT.format(namespace=world.namespace))
    assert [request for request in requests if request.status == 403] == []
    used = {permission for request in requests for permission in _needed(request)}
    granted = set(_granted(charted))
    assert used - granted == set()
    assert granted - used == ASKED_BY_ADMISSION
    assert {line["level"] for line in operator.lines()} <= {"info", "warning"}


def test_with_a_list_of_namespaces_there_is_no_cluster_role(helm: Path) -> None:
    documents = _rendered(helm, "operator-home", "watchNamespaces={a,b}")

    kinds = [document["kind"] for document in documents]
    assert "ClusterRole" not in kinds
    rules = [document["rules"] for document in documents if document["kind"] == "Role"]
    everywhere = next(one["rules"] for one in _rendered(helm, "x", "replicas=1") if one["kind"] == "ClusterRole")
    assert rules.count(everywhere) == 2


async def _live_through_everything(world: World) -> None:
    """Make the operator use every permission: roll out, upgrade, repair, clean up after a former operator."""
    autoscaled = {"message": {"autoscaling": {"minReplicas": 2, "maxReplicas": 4}}}
    await world.declare(services=autoscaled, networkPolicy={"enabled": True})
    path = f"/apis/messaging.dev/v1alpha1/namespaces/{world.namespace}/messagingplatforms/demo"
    await world.api.merge(path, {"metadata": {"labels": {"messaging.dev/operator-class": CLASS}}})
    await until(lambda: _is_ready(world, "1.0.0"))
    await _leave_leftovers(world)
    await _leave_a_stuck_pod(world)
    for version in ("1.0.1", "1.0.2"):
        await world.change({"version": version, "deletionPolicy": "Delete"})
        await until(lambda version=version: _is_ready(world, version))  # type: ignore[misc]
    await until(lambda: _has_no_leftovers(world))


async def _leave_leftovers(world: World) -> None:
    """Make one object of each kind that belongs to the platform and that this operator does not want."""
    objects = await world.objects()
    for kind in WRITTEN:
        if kind.name == "Secret":
            continue
        model = next(live for key, live in objects.items() if key.kind == kind.name)
        metadata = {name: model["metadata"][name] for name in ("labels", "namespace", "ownerReferences")}
        leftover = {**model, "metadata": {**metadata, "name": f"leftover-{kind.plural}"}}
        leftover.pop("status", None)
        await world.hand.create(_recreatable(leftover))


def _recreatable(manifest: Manifest) -> Manifest:
    """Leave out what the API server gives an object for itself."""
    spec = dict(manifest.get("spec", {}))
    if manifest["kind"] == "Service":
        spec.pop("clusterIP", None)
        spec.pop("clusterIPs", None)
    if manifest["kind"] == "Job":
        spec.pop("selector", None)
        pod = dict(spec["template"]["metadata"]["labels"])
        labels = {name: value for name, value in pod.items() if not name.endswith(("controller-uid", "job-name"))}
        spec["template"] = {**spec["template"], "metadata": {"labels": labels}}
    return {**manifest, "spec": spec} if spec else manifest


async def _leave_a_stuck_pod(world: World) -> None:
    stateful_set = await world.live(STATEFUL_SET, "demo-mysql")
    await world.make_pod(stateful_set, name="demo-mysql-0", status={}, **{"controller-revision-hash": "long-ago"})


async def _is_ready(world: World, version: str) -> bool:
    await world.controllers()
    status = (await world.platform()).get("status") or {}
    ready = any(one["type"] == "Ready" and one["status"] == "True" for one in status.get("conditions", []))
    return ready and status.get("version") == version


async def _has_no_leftovers(world: World) -> bool:
    await world.controllers()
    objects = await world.objects()
    return not any(key.name.startswith("leftover") or key.kind == "Pod" for key in objects)


async def _token(api: Api, namespace: str) -> str:
    body = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}}
    path = f"/api/v1/namespaces/{namespace}/serviceaccounts/messaging-operator/token"
    status, answer = await api.send("POST", path, body)
    assert status == 201, answer
    return str(answer["status"]["token"])


def _rendered(helm: Path, namespace: str, setting: str) -> list[Manifest]:
    command = [str(helm), "template", "messaging-operator", str(CHART), f"--namespace={namespace}", f"--set={setting}"]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return [document for document in yaml.safe_load_all(output) if document]


def _granted(documents: list[Manifest]) -> Iterator[tuple[str, str, str]]:
    for document in documents:
        for rule in document.get("rules", []) if document["kind"] in ("ClusterRole", "Role") else []:
            yield from _permissions(rule)


def _permissions(rule: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    for group in rule["apiGroups"]:
        for resource in rule["resources"]:
            for verb in rule["verbs"]:
                yield group, resource, verb


def _needed(request: Request) -> Iterator[tuple[str, str, str]]:
    """Return the permissions that a request took: an apply that made the object took `create` as well."""
    yield request.group, request.resource, request.verb
    if request.verb == "patch" and request.status == 201:
        yield request.group, request.resource, "create"
