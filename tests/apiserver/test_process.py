"""The operator as a process: it watches, leads alone, answers probes and goes in good order."""

import base64
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from messaging_operator.kinds import DEPLOYMENT, LEASE, SECRET

from e2e.images import binaries
from tests.apiserver import controlplane
from tests.apiserver.controlplane import ControlPlane
from tests.apiserver.process import OperatorProcess, running_operator
from tests.apiserver.waiting import until
from tests.apiserver.world import Api, World, minimal


@pytest.fixture
async def operator(control_plane: ControlPlane, world: World, tmp_path: Path) -> AsyncIterator[OperatorProcess]:
    """An operator that serves the test's namespace and leads."""
    space = world.namespace
    async with running_operator(control_plane, tmp_path, f"--namespace={space}", namespace=space) as running:
        await until(running.leads)
        yield running


async def test_it_brings_a_platform_up_and_repairs_it_by_what_its_watches_tell(
    operator: OperatorProcess, world: World
) -> None:
    await world.declare()
    await until(lambda: _ready_with_controllers(world))

    await world.hand.delete(await world.live(DEPLOYMENT, "demo-message"))
    await until(lambda: _exists(world, "demo-message"))

    status, text = await operator.probe("/metrics")
    assert status == 200
    condition = f'condition="Ready",namespace="{world.namespace}",platform="demo"'
    assert f"messaging_operator_platform_condition{{{condition}}}" in text
    assert "messaging_operator_leader 1.0" in text
    assert (await operator.probe("/healthz"))[0] == 200


async def test_its_logs_are_json_and_hold_no_secret(operator: OperatorProcess, world: World) -> None:
    await world.declare()
    await until(lambda: _ready_with_controllers(world))

    secrets = await world.hand.list(SECRET, world.namespace, labels={})
    values = [base64.b64decode(value).decode() for live in secrets for value in live["data"].values()]
    assert {line["level"] for line in operator.lines()} == {"info"}
    text = operator.log.read_text()
    assert not [value for value in values if len(value) >= 20 and value in text]


async def test_it_tells_kubernetes_events_once(operator: OperatorProcess, world: World, api: Api) -> None:
    await world.declare()
    await until(lambda: _ready_with_controllers(world))

    async def told() -> bool:
        return "RolledOut" in {one["reason"] for one in await _events(api, world.namespace)}

    await until(told)
    events = await _events(api, world.namespace)
    assert len({one["message"] for one in events}) == len(events)
    assert {one["involvedObject"]["name"] for one in events} == {"demo"}


async def test_a_standby_is_ready_and_takes_over_when_the_leader_is_asked_to_go(
    operator: OperatorProcess, control_plane: ControlPlane, world: World, tmp_path: Path
) -> None:
    space = world.namespace
    async with running_operator(control_plane, tmp_path, f"--namespace={space}", namespace=space) as standby:
        await until(lambda: _answers(standby))
        assert not await standby.leads()

        assert await operator.stop() == 0

        await until(standby.leads)
        lease = await world.live(LEASE, "messaging-operator")
        assert lease["spec"]["leaseTransitions"] == 1
        await world.declare()
        await until(lambda: _exists_any(world))


async def test_a_leader_whose_lease_was_taken_ends(operator: OperatorProcess, world: World) -> None:
    lease = await world.live(LEASE, "messaging-operator")
    lease["spec"]["holderIdentity"] = "another"

    await world.hand.replace(lease)

    assert await operator.process.wait() == 1
    assert "LeadershipLostError" in operator.lines()[-1]["error"]


async def test_it_survives_a_platform_that_it_cannot_serve(operator: OperatorProcess, world: World, api: Api) -> None:
    await api.create_platform(world.namespace, minimal(version="9.9.9"), "strange")
    await world.declare()

    await until(lambda: _ready_with_controllers(world))

    assert operator.process.returncode is None


async def test_it_waits_until_its_resource_is_known(tmp_path: Path) -> None:
    programs = binaries.ensure("etcd", "kube-apiserver")
    with controlplane.running(tmp_path, etcd=programs["etcd"], apiserver=programs["kube-apiserver"]) as plane:
        async with running_operator(plane, tmp_path) as operator, plane.session() as session, plane.client() as client:
            api = Api(session, plane.url)
            await until(lambda: _has_logged(operator, "crd_missing"))

            await api.create_definition()
            world = World(api, "default", client)
            await world.declare()

            await until(lambda: _exists_any(world))


async def _has_logged(operator: OperatorProcess, event: str) -> bool:
    return event in {line["event"] for line in operator.lines()}


async def _ready_with_controllers(world: World) -> bool:
    await world.controllers()
    conditions = await world.conditions()
    return "Ready" in conditions and conditions["Ready"]["status"] == "True"


async def _exists(world: World, name: str) -> bool:
    return not await world.gone(DEPLOYMENT, name)


async def _exists_any(world: World) -> bool:
    return bool(await world.objects())


async def _answers(operator: OperatorProcess) -> bool:
    try:
        return (await operator.probe("/readyz"))[0] == 200
    except OSError:
        return False


async def _events(api: Api, namespace: str) -> list[dict[str, Any]]:
    _, found = await api.send("GET", f"/api/v1/namespaces/{namespace}/events")
    items: list[dict[str, Any]] = found["items"]
    return items
