"""Whatever is edited or deleted by hand comes back, and nothing else is written for it."""

from collections.abc import AsyncIterator

import pytest
from kubernetes.aio.client import ApiClient
from messaging_operator.desired import Manifest
from messaging_operator.kinds import (
    AUTOSCALER,
    CONFIG_MAP,
    DEPLOYMENT,
    DISRUPTION_BUDGET,
    JOB,
    NETWORK_POLICY,
    SECRET,
    SERVICE,
    STATEFUL_SET,
    Kind,
)

from tests.apiserver.world import Api, World

AUTOSCALED = {"message": {"autoscaling": {"minReplicas": 2, "maxReplicas": 4}}}


@pytest.fixture(scope="module")
async def settled(api: Api, client: ApiClient) -> AsyncIterator[World]:
    """A platform that is ready, with an autoscaled message service; each test leaves it so."""
    await api.create_namespace("drift")
    world = World(api, "drift", client)
    await world.declare(services=AUTOSCALED, networkPolicy={"enabled": True})
    await world.roll_out()
    yield world
    assert await world.look() == 0


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        (DEPLOYMENT, "demo-user"),
        (DEPLOYMENT, "demo-gateway"),
        (SERVICE, "demo-message"),
        (CONFIG_MAP, "demo-gateway"),
        (AUTOSCALER, "demo-message"),
        (NETWORK_POLICY, "demo-mysql"),
        (DISRUPTION_BUDGET, "demo-auth"),
        (STATEFUL_SET, "demo-rabbitmq"),
    ],
    ids=str,
)
async def test_a_deleted_object_comes_back(settled: World, kind: Kind, name: str) -> None:
    await settled.hand.delete(await settled.live(kind, name))

    await settled.look()

    await settled.live(kind, name)
    await settled.roll_out()
    assert await settled.is_true("Ready")


async def test_a_deleted_deployment_comes_back_although_the_database_is_away(settled: World) -> None:
    await settled.set_status(
        await settled.live(STATEFUL_SET, "demo-mysql"), {"readyReplicas": 0, "availableReplicas": 0}
    )
    await settled.hand.delete(await settled.live(DEPLOYMENT, "demo-user"))

    await settled.look()

    await settled.live(DEPLOYMENT, "demo-user")
    assert not await settled.is_true("Available")
    await settled.roll_out()


async def test_replicas_of_a_service_with_a_fixed_number_go_back_to_it(settled: World) -> None:
    await _scale(settled, "demo-user", 5)

    await settled.look()

    assert await _replicas(settled, "demo-user") == 1
    await settled.roll_out()


async def test_an_autoscaled_service_scaled_to_zero_is_raised_to_its_minimum(settled: World) -> None:
    await _scale(settled, "demo-message", 0)

    await settled.look()

    assert await _replicas(settled, "demo-message") == 2
    await settled.roll_out()


async def test_what_an_autoscaler_chose_is_left_alone(settled: World) -> None:
    await _scale(settled, "demo-message", 4)
    await settled.controllers()
    await settled.look()

    assert await settled.look() == 0
    assert await _replicas(settled, "demo-message") == 4


async def test_a_deleted_autoscaled_deployment_starts_with_what_its_autoscaler_wants(settled: World) -> None:
    autoscaler = await settled.live(AUTOSCALER, "demo-message")
    await settled.set_status(autoscaler, {"desiredReplicas": 3, "currentReplicas": 3})
    await settled.hand.delete(await settled.live(DEPLOYMENT, "demo-message"))

    await settled.look()

    assert await _replicas(settled, "demo-message") == 3
    await settled.roll_out()


async def test_turning_autoscaling_on_keeps_the_replicas_there_are(settled: World) -> None:
    await settled.change({"services": {"user": {"replicas": 3}}})
    await settled.roll_out()

    await settled.change({"services": {"user": {"replicas": None, "autoscaling": {"maxReplicas": 5}}}})
    await settled.look()

    assert await _replicas(settled, "demo-user") == 3
    await settled.change({"services": {"user": {"replicas": 1, "autoscaling": None}}})
    await settled.roll_out()
    assert await _replicas(settled, "demo-user") == 1


async def test_replicas_are_handed_over_once_even_while_their_stage_waits(settled: World) -> None:
    autoscaled = {"services": {"user": {"replicas": None, "autoscaling": {"minReplicas": 2, "maxReplicas": 50}}}}
    await settled.change({"version": "1.0.1", **autoscaled})
    await settled.look()

    assert await settled.look() == 0
    assert await _replicas(settled, "demo-user") == 1
    await settled.roll_out()
    assert await _replicas(settled, "demo-user") == 2
    await settled.change({"services": {"user": {"replicas": 1, "autoscaling": None}}})
    await settled.roll_out()


async def test_an_edited_field_goes_back_and_a_field_of_somebody_else_stays(settled: World) -> None:
    live = await settled.live(SERVICE, "demo-auth")
    mine = {"metadata": {"annotations": {"example.com/mine": "yes"}}, "spec": {"ports": [_port(9999)]}}
    await _merge(settled, live, mine)

    await settled.look()

    after = await settled.live(SERVICE, "demo-auth")
    assert {port["port"] for port in live["spec"]["ports"]} <= {port["port"] for port in after["spec"]["ports"]}
    assert after["metadata"]["annotations"]["example.com/mine"] == "yes"


async def test_labels_that_were_taken_off_come_back(settled: World) -> None:
    live = await settled.live(CONFIG_MAP, "demo-gateway")
    await _merge(settled, live, {"metadata": {"labels": dict.fromkeys(live["metadata"]["labels"])}})

    await settled.look()

    after = await settled.live(CONFIG_MAP, "demo-gateway")
    assert after["metadata"]["labels"] == live["metadata"]["labels"]


async def test_a_deleted_migration_job_runs_again(settled: World) -> None:
    job = (await settled.hand.list(JOB, settled.namespace, labels={}))[0]
    await settled.hand.delete(job)

    await settled.look()

    again = await settled.live(JOB, job["metadata"]["name"])
    assert again["metadata"]["uid"] != job["metadata"]["uid"]
    await settled.roll_out()


async def test_an_edited_password_is_a_rotation_that_rolls_the_database_first_and_then_its_clients(
    settled: World,
) -> None:
    secret = await settled.live(SECRET, "demo-user-credentials")
    before = {name: await _generation(settled, name) for name in ("demo-user", "demo-export")}
    database = await settled.live(STATEFUL_SET, "demo-mysql")

    await _merge(settled, secret, {"stringData": {"database_password": "another"}})
    await settled.look()

    assert (await settled.live(STATEFUL_SET, "demo-mysql"))["metadata"]["generation"] > database["metadata"][
        "generation"
    ]
    assert await _generation(settled, "demo-user") == before["demo-user"]
    await settled.roll_out()
    assert await _generation(settled, "demo-user") > before["demo-user"]
    assert await _generation(settled, "demo-export") == before["demo-export"]


async def test_a_pod_of_an_old_revision_that_never_becomes_ready_is_deleted(settled: World) -> None:
    stateful_set = await settled.live(STATEFUL_SET, "demo-mysql")
    await settled.set_status(stateful_set, {"currentRevision": "old", "updateRevision": "new"})
    stuck = {"phase": "Running", "conditions": [{"type": "Ready", "status": "False"}]}
    await settled.make_pod(stateful_set, name="demo-mysql-0", status=stuck, **{"controller-revision-hash": "old"})

    await settled.look()

    pods = [key.name for key in await settled.objects() if key.kind == "Pod"]
    assert pods == []
    await settled.roll_out()


async def _scale(world: World, name: str, replicas: int) -> None:
    """Scale by the subresource, as kubectl and autoscalers do."""
    path = f"/apis/apps/v1/namespaces/{world.namespace}/deployments/{name}/scale"
    status, scale = await world.api.send("GET", path)
    assert status == 200, scale
    status, answer = await world.api.send("PUT", path, {**scale, "spec": {"replicas": replicas}})
    assert status == 200, answer


async def _replicas(world: World, name: str) -> int:
    return int((await world.live(DEPLOYMENT, name))["spec"]["replicas"])


async def _generation(world: World, name: str) -> int:
    return int((await world.live(DEPLOYMENT, name))["metadata"]["generation"])


async def _merge(world: World, live: Manifest, change: Manifest) -> None:
    """Merge by plain HTTP, as another field manager."""
    kinds = {"ConfigMap": "configmaps", "Secret": "secrets", "Service": "services"}
    path = f"/api/v1/namespaces/{world.namespace}/{kinds[live['kind']]}/{live['metadata']['name']}"
    status, answer = await world.api.merge(path, change)
    assert status == 200, answer


def _port(number: int) -> Manifest:
    return {"name": "mine", "port": number, "protocol": "TCP"}
