"""A platform that is declared comes up stage by stage, and then is left alone."""

from messaging_operator.kinds import AUTOSCALER, CONFIG_MAP, DEPLOYMENT, JOB, SECRET, STATEFUL_SET, ObjectKey
from messaging_operator.names import SERVICES

from tests.apiserver.world import EXTERNAL_URL, World, failing, platforms


async def test_a_declared_platform_becomes_ready_and_says_where_it_is(world: World) -> None:
    await world.declare(networkPolicy={"enabled": True})

    await world.roll_out()

    status = (await world.platform())["status"]
    assert [one["type"] for one in status["conditions"] if one["status"] == "True"] == [
        "Available",
        "Ready",
        "MigrationsApplied",
    ]
    assert (status["version"], status["url"], status["observedGeneration"]) == ("1.0.0", EXTERNAL_URL, 1)
    rows = {row["name"]: (row["state"], row["ready"], row["desired"]) for row in status["components"]}
    assert rows["message"] == ("Ready", 1, 1)
    assert {"mysql", "rabbitmq", "gateway", *SERVICES} <= rows.keys()


async def test_a_second_look_at_an_unchanged_platform_writes_nothing(world: World) -> None:
    autoscaled = {"message": {"autoscaling": {"minReplicas": 2, "maxReplicas": 4}}}
    await world.declare(services=autoscaled, networkPolicy={"enabled": True})
    await world.roll_out()

    world.restart()

    assert await world.look() == 0


async def test_services_wait_for_migrations_and_migrations_for_the_database(world: World) -> None:
    await world.declare()

    await world.look()
    first = {key.kind for key in await world.objects()}
    await world.controllers()
    await world.look()
    second = {key.kind for key in await world.objects()}
    await world.controllers()
    await world.look()
    third = await world.objects()

    assert "StatefulSet" in first
    assert not first & {"Job", "Deployment"}
    assert "Job" in second
    assert "Deployment" not in second
    assert ObjectKey("Deployment", "demo-message") in third
    assert ObjectKey("Deployment", "demo-gateway") not in third


async def test_a_failed_migration_stops_the_rollout_and_the_former_version_serves_on(world: World) -> None:
    await world.declare()
    await world.roll_out()
    before = await world.live(DEPLOYMENT, "demo-message")

    await world.change({"version": "1.0.1"})
    await world.look()
    jobs = [live for live in await world.hand.list(JOB, world.namespace, labels={}) if _is_new(live)]
    for job in jobs:
        await world.set_status(job, _failed(job))
    await world.look()

    conditions = await world.conditions()
    assert conditions["Available"]["status"] == "True"
    assert (conditions["Degraded"]["status"], conditions["Degraded"]["reason"]) == ("True", "MigrationFailed")
    assert "migrate-message" in conditions["Degraded"]["message"]
    assert (conditions["MigrationsApplied"]["status"], conditions["MigrationsApplied"]["reason"]) == ("False", "Failed")
    assert conditions["Stalled"]["status"] == "True"
    after = await world.live(DEPLOYMENT, "demo-message")
    assert after["metadata"]["generation"] == before["metadata"]["generation"]
    assert (await world.platform())["status"]["version"] == "1.0.0"


async def test_a_migration_that_is_tried_again_says_so_before_it_has_failed_for_good(world: World) -> None:
    await world.declare()
    await world.look()
    await world.controllers()
    await world.look()

    job = next(live for live in await world.hand.list(JOB, world.namespace, labels={}) if "auth" in str(live))
    await world.set_status(job, {"failed": 1, "active": 1, "startTime": "2026-01-01T00:00:00Z"})
    await world.look()

    condition = (await world.conditions())["MigrationsApplied"]
    assert (condition["status"], condition["reason"]) == ("False", "Retrying")


async def test_an_image_that_cannot_be_pulled_is_named_while_the_former_version_serves(world: World) -> None:
    await world.declare()
    await world.roll_out()

    image = "messaging/services:no-such-tag"
    await world.change({"images": {"overrides": {"message": image}}})
    await world.look()
    await world.controllers()
    await world.look()
    deployment = await world.live(DEPLOYMENT, "demo-message")
    container = deployment["spec"]["template"]["spec"]["containers"][0]["name"]
    await world.make_pod(deployment, name="new", status=failing(container, image, "ErrImagePull"))
    await world.set_status(deployment, {"observedGeneration": deployment["metadata"]["generation"], "replicas": 2})
    await world.look()

    conditions = await world.conditions()
    assert (conditions["Degraded"]["status"], conditions["Degraded"]["reason"]) == ("True", "ImagePullBackOff")
    assert "message" in conditions["Degraded"]["message"]
    assert image in conditions["Degraded"]["message"]
    assert conditions["Available"]["status"] == "True"
    row = next(row for row in (await world.platform())["status"]["components"] if row["name"] == "message")
    assert (row["state"], row["reason"]) == ("Failing", "ImagePullBackOff")


async def test_what_an_upgrade_does_not_change_is_repaired_while_the_upgrade_fails(world: World) -> None:
    await world.declare()
    await world.roll_out()
    await world.change({"images": {"overrides": {"message": "messaging/services:no-such-tag"}}})
    await world.look()

    await world.hand.delete(await world.live(CONFIG_MAP, "demo-gateway"))
    await world.hand.delete(await world.live(DEPLOYMENT, "demo-gateway"))
    await world.look()

    await world.live(CONFIG_MAP, "demo-gateway")
    await world.live(DEPLOYMENT, "demo-gateway")
    assert not await world.is_true("Ready")


async def test_a_container_that_cannot_be_configured_is_named(world: World) -> None:
    await world.declare()
    await world.look()
    stateful_set = await world.live(STATEFUL_SET, "demo-mysql")
    status = failing("mysql", "mysql:9.7", "CreateContainerConfigError", 'secret "demo-mysql" not found')

    await world.make_pod(stateful_set, name="demo-mysql-0", status=status)
    await world.look()

    degraded = (await world.conditions())["Degraded"]
    assert degraded["reason"] == "CreateContainerConfigError"
    assert 'mysql: Pod demo-mysql-0, container mysql: secret "demo-mysql" not found' in degraded["message"]


async def test_a_secret_that_somebody_else_should_have_made_is_asked_for(world: World) -> None:
    external = {"external": {"host": "db.example.com", "credentialsSecret": "database-account"}}

    await world.declare(database=external)
    await world.look()
    missing = (await world.conditions())["Degraded"]
    rows = {row["name"]: row.get("reason") for row in (await world.platform())["status"]["components"]}
    secret = {"username": "me", "password": "secret"}
    metadata = {"name": "database-account", "namespace": world.namespace}
    await world.hand.create({"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": secret})
    await world.roll_out()

    assert (missing["status"], missing["reason"]) == ("True", "SecretMissing")
    assert "database-account" in missing["message"]
    assert rows["database"] == "SecretMissing"
    assert await world.is_true("Ready")


async def test_an_upgrade_rolls_through_the_stages_and_leaves_two_jobs_of_each_migration(world: World) -> None:
    await world.declare()
    await world.roll_out()

    for version in ("1.0.1", "1.0.2"):
        await world.change({"version": version})
        await world.roll_out()

    assert (await world.platform())["status"]["version"] == "1.0.2"
    jobs = await world.hand.list(JOB, world.namespace, labels={"app.kubernetes.io/component": "migrate-auth"})
    assert len(jobs) == 2


async def test_what_is_no_longer_desired_goes_once_its_successor_serves(world: World) -> None:
    await world.declare(services={"message": {"autoscaling": {"minReplicas": 2, "maxReplicas": 4}}})
    await world.roll_out()
    former = {key for key in await world.objects() if key.kind == CONFIG_MAP.name}

    await world.change({"gateway": {"corsOrigins": ["https://a.example.com"], "trustedHops": 1}})
    await world.change({"services": {"message": {"autoscaling": None, "replicas": 3}}})
    await world.roll_out()

    assert await world.gone(AUTOSCALER, "demo-message")
    assert (await world.live(DEPLOYMENT, "demo-message"))["spec"]["replicas"] == 3
    now = {key for key in await world.objects() if key.kind == CONFIG_MAP.name}
    assert len(now) == len(former)
    assert await world.look() == 0


async def test_a_paused_platform_is_not_touched_and_says_so(world: World) -> None:
    await world.declare()
    await world.roll_out()

    await world.change({"paused": True})
    await world.hand.delete(await world.live(DEPLOYMENT, "demo-user"))
    await world.look()

    assert await world.gone(DEPLOYMENT, "demo-user")
    progressing = (await world.conditions())["Progressing"]
    assert (progressing["status"], progressing["reason"]) == ("False", "Paused")
    await world.change({"paused": False})
    await world.roll_out()
    assert await world.is_true("Ready")


async def test_a_version_that_this_operator_does_not_know_is_not_touched(world: World) -> None:
    await world.declare(version="7.3.0")

    await world.look()

    stalled = (await world.conditions())["Stalled"]
    assert (stalled["status"], stalled["reason"]) == ("True", "UnsupportedVersion")
    assert not await world.objects()


async def test_transition_times_change_only_with_the_status_of_their_condition(world: World) -> None:
    await world.declare()
    await world.roll_out()
    before = await world.conditions()

    await world.change({"services": {"user": {"replicas": 2}}})
    await world.look()
    after = await world.conditions()

    assert after["Available"]["observedGeneration"] == before["Available"]["observedGeneration"] + 1
    assert after["Available"]["lastTransitionTime"] == before["Available"]["lastTransitionTime"]


async def test_generated_secrets_hold_no_value_twice(world: World) -> None:
    await world.declare()
    await world.look()

    secrets = await world.hand.list(SECRET, world.namespace, labels={})
    values = [value for live in secrets for key, value in live["data"].items() if not key.endswith("username")]
    assert len(values) == len(set(values)) > 10


def _is_new(job: dict[str, object]) -> bool:
    return "services:1.0.1" in str(job["spec"])


def _failed(job: dict[str, object]) -> dict[str, object]:
    at = "2026-01-01T00:00:00Z"
    because = {"status": "True", "lastTransitionTime": at, "lastProbeTime": at, "reason": "BackoffLimitExceeded"}
    conditions = [{"type": name, "message": "Job has failed", **because} for name in ("FailureTarget", "Failed")]
    return {"failed": 3, "startTime": at, "conditions": conditions}


async def test_a_platform_that_served_still_counts_as_serving_under_an_unknown_version(world: World) -> None:
    await world.declare()
    await world.roll_out()

    await world.change({"version": "7.3.0"})
    await world.look()

    conditions = await world.conditions()
    assert conditions["Available"]["status"] == "True"
    assert conditions["Ready"]["reason"] == "UnsupportedVersion"


async def test_what_a_new_operator_changes_waits_for_its_turn(world: World) -> None:
    await world.declare()
    await world.roll_out()
    former = {"status": {"rolledOut": "what-a-former-operator-wanted"}}
    for name in ("a", "b"):
        world.reconciler._turns.may_roll(name, generation=1, status=_old_status(), fingerprint="new")

    await world.api.merge(f"{platforms(world.namespace)}/demo/status", former)
    await world.hand.delete(await world.live(DEPLOYMENT, "demo-user"))
    waiting = await world.look()
    progressing = (await world.conditions())["Progressing"]
    world.reconciler._turns.leave("a")
    await world.roll_out()

    assert waiting == 1, "the status"
    assert (progressing["status"], progressing["reason"]) == ("True", "WaitsForTurn")
    assert await world.is_true("Ready")


def _old_status() -> dict[str, object]:
    return {"rolledOut": "old", "observedGeneration": 1}
