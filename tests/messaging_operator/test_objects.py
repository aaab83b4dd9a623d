"""What single objects say: examples of each kind, of what owns them, rolls them and leaves them alone."""

from typing import Any

import pytest
from messaging_operator import names
from messaging_operator.desired import Manifest, build

from tests.messaging_operator.manifests import (
    all_manifests,
    build_all,
    containers,
    find,
    make_platform,
    of_kind,
    pod_templates,
)

LABELS = {"name", "instance", "component", "version", "managed-by", "part-of"}


def test_stages_come_in_the_order_of_the_roll_out() -> None:
    assert [stage.name for stage in build(make_platform()).stages] == [
        "secrets",
        "configuration",
        "policies",
        "database",
        "broker",
        "migrations",
        "services",
        "gateway",
        "autoscaling",
    ]


def test_every_object_carries_the_labels_and_its_owner() -> None:
    desired = build(make_platform())
    for manifest in desired.objects():
        metadata = manifest["metadata"]
        assert metadata["labels"].keys() == {f"app.kubernetes.io/{label}" for label in LABELS}
        assert metadata["labels"]["app.kubernetes.io/instance"] == "demo"
        assert metadata["ownerReferences"] == [
            {
                "apiVersion": names.API_VERSION,
                "blockOwnerDeletion": True,
                "controller": True,
                "kind": "MessagingPlatform",
                "name": "demo",
                "uid": "uid-1",
            }
        ]


@pytest.mark.parametrize(("policy", "owned"), [("Retain", False), ("Delete", True)])
def test_volumes_and_secrets_go_with_the_resource_only_where_it_says_so(policy: str, owned: bool) -> None:
    desired = build(make_platform(deletionPolicy=policy))
    kept = [*(secret.manifest for secret in desired.secrets), *desired.claims]
    assert len(kept) == 9
    assert all(("ownerReferences" in manifest["metadata"]) is owned for manifest in kept)
    assert all(secret.retained is not owned for secret in desired.secrets)
    for stateful_set in of_kind(list(desired.objects()), "StatefulSet"):
        retention = stateful_set["spec"]["persistentVolumeClaimRetentionPolicy"]
        assert retention == {"whenDeleted": "Retain", "whenScaled": "Retain"}


def test_a_claim_is_controlled_by_nobody_but_its_stateful_set() -> None:
    for claim in build(make_platform(deletionPolicy="Delete")).claims:
        assert [owner["controller"] for owner in claim["metadata"]["ownerReferences"]] == [False]


def test_the_claims_are_those_that_the_stateful_sets_would_make() -> None:
    desired = build(make_platform(broker={"managed": {"replicas": 3, "storage": "2Gi"}}))
    assert [claim["metadata"]["name"] for claim in desired.claims] == [
        "data-demo-mysql-0",
        "data-demo-rabbitmq-0",
        "data-demo-rabbitmq-1",
        "data-demo-rabbitmq-2",
    ]
    templates = {
        one["metadata"]["name"]: one["spec"]["volumeClaimTemplates"][0]
        for one in of_kind(list(desired.objects()), "StatefulSet")
    }
    for claim in desired.claims:
        workload = claim["metadata"]["name"].removeprefix("data-").rpartition("-")[0]
        assert claim["spec"] == templates[workload]["spec"]
        assert templates[workload]["metadata"]["labels"].items() <= claim["metadata"]["labels"].items()


def test_no_owner_is_named_outside_of_a_cluster() -> None:
    manifests = build_all(make_platform(uid="", deletionPolicy="Delete"))
    assert not any("ownerReferences" in manifest["metadata"] for manifest in manifests)


def test_an_external_database_and_broker_leave_nothing_to_run_here() -> None:
    external = {"host": "elsewhere.example.com", "credentialsSecret": "account"}
    desired = build(make_platform(database={"external": external}, broker={"external": external}))
    assert not of_kind(all_manifests(desired), "StatefulSet")
    assert not desired.claims
    assert [secret.name for secret in desired.secrets] == ["demo-auth-credentials", "demo-export-credentials"]
    assert {(one.name, one.component) for one in desired.references} == {("account", "database"), ("account", "broker")}


def test_the_key_that_encrypts_keys_is_never_made_again() -> None:
    critical = {secret.name: set(secret.critical) for secret in build(make_platform()).secrets if secret.critical}
    assert critical == {"demo-auth-credentials": {"key_encryption_key"}}


def test_replicas_of_an_autoscaled_service_are_left_to_the_autoscaler() -> None:
    autoscaled = {"message": {"autoscaling": {"minReplicas": 2, "maxReplicas": 5}}, "user": {"replicas": 3}}
    manifests = build_all(make_platform(services=autoscaled))
    assert "replicas" not in find(manifests, "Deployment", "demo-message")["spec"]
    assert find(manifests, "Deployment", "demo-user")["spec"]["replicas"] == 3
    (autoscaler,) = of_kind(manifests, "HorizontalPodAutoscaler")
    assert autoscaler["spec"]["scaleTargetRef"] == {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "name": "demo-message",
    }
    assert (autoscaler["spec"]["minReplicas"], autoscaler["spec"]["maxReplicas"]) == (2, 5)


def test_a_migration_has_a_new_name_whenever_its_template_changes() -> None:
    def jobs(**spec: Any) -> set[str]:
        return {job["metadata"]["name"] for job in of_kind(build_all(make_platform(**spec)), "Job")}

    assert jobs() == jobs(gateway={"externalURL": "http://other"}, signUp="closed")
    assert jobs().isdisjoint(jobs(version="1.0.1"))


def test_a_migration_that_cannot_succeed_is_not_tried_again() -> None:
    for job in of_kind(build_all(make_platform()), "Job"):
        (rule,) = job["spec"]["podFailurePolicy"]["rules"]
        assert rule["action"] == "FailJob"
        assert rule["onExitCodes"]["values"] == [2]
        assert rule["onExitCodes"]["containerName"] == job["spec"]["template"]["spec"]["containers"][0]["name"]
        assert job["spec"]["template"]["spec"]["restartPolicy"] == "Never"
        assert "ttlSecondsAfterFinished" not in job["spec"]


def test_no_service_sends_requests_to_a_migration() -> None:
    manifests = build_all(make_platform())
    for job in of_kind(manifests, "Job"):
        labels = job["spec"]["template"]["metadata"]["labels"]
        assert not any(one["spec"]["selector"].items() <= labels.items() for one in of_kind(manifests, "Service"))


def test_a_new_start_script_rolls_the_broker(monkeypatch: pytest.MonkeyPatch) -> None:
    former = find(build_all(make_platform()), "StatefulSet", "demo-rabbitmq")
    monkeypatch.setattr("messaging_operator.desired.scripts.RABBITMQ", "#!/bin/bash\nexec rabbitmq-server\n")
    assert find(build_all(make_platform()), "StatefulSet", "demo-rabbitmq") != former


def test_a_growing_broker_restarts_no_node() -> None:
    one, three = (
        find(build_all(make_platform(broker={"managed": {"replicas": replicas}})), "StatefulSet", "demo-rabbitmq")
        for replicas in (1, 3)
    )
    assert one["spec"]["template"] == three["spec"]["template"]


def test_every_pod_that_serves_others_has_time_to_stop_well() -> None:
    for manifest, template in pod_templates(build_all(make_platform())):
        if manifest["kind"] == "Deployment":
            (container,) = template["spec"]["containers"]
            sleep_s = container["lifecycle"]["preStop"]["sleep"]["seconds"]
            assert template["spec"]["terminationGracePeriodSeconds"] >= sleep_s + 30
    broker = find(build_all(make_platform()), "StatefulSet", "demo-rabbitmq")["spec"]["template"]["spec"]
    assert broker["containers"][0]["lifecycle"]["preStop"]["exec"]["command"][-1] == "drain"
    assert broker["terminationGracePeriodSeconds"] >= 50 + 60


def test_new_routes_reach_a_running_gateway_and_new_limits_roll_it() -> None:
    def gateway(**fields: Any) -> tuple[Manifest, Manifest]:
        manifests = build_all(make_platform(gateway={"externalURL": "http://localhost:5000", **fields}))
        return find(manifests, "Deployment", "demo-gateway"), find(manifests, "ConfigMap", "demo-gateway")

    deployment, routes = gateway()
    same_deployment, other_routes = gateway(corsOrigins=["http://web.example.com"])
    other_deployment, _ = gateway(rateLimits={"perSecond": 5, "burst": 10})
    assert same_deployment == deployment
    assert other_routes != routes
    assert other_deployment != deployment


def test_the_databases_limit_of_connections_fits_what_the_pools_may_open() -> None:
    scaled = {"message": {"autoscaling": {"maxReplicas": 9}}, "auth": {"replicas": 3}}
    options = find(build_all(make_platform(services=scaled)), "StatefulSet", "demo-mysql")
    arguments = options["spec"]["template"]["spec"]["containers"][0]["args"]
    pools = (9 + 1) * 10 + (3 + 1) * 5 + 3 * (1 + 1) * 5
    (limit,) = [int(one.partition("=")[2]) for one in arguments if one.startswith("--max-connections=")]
    assert limit >= pools + 5 * 2 + 20


def test_scaling_a_little_does_not_restart_the_database() -> None:
    small, larger = (
        find(build_all(make_platform(services={"message": {"replicas": count}})), "StatefulSet", "demo-mysql")
        for count in (1, 5)
    )
    assert small == larger


def test_a_registry_stands_before_every_image_that_is_not_overridden() -> None:
    images = {
        "registry": "mirror.example.com/m",
        "overrides": {"message": "local/message:dev"},
        "pullSecrets": [{"name": "pull"}],
    }
    found = set()
    for _, template in pod_templates(build_all(make_platform(images=images))):
        found |= {container["image"] for container in containers(template)}
        assert template["spec"]["imagePullSecrets"] == [{"name": "pull"}]
    assert found == {
        "mirror.example.com/m/messaging/services:1.0.0",
        "mirror.example.com/m/mysql:9.7",
        "mirror.example.com/m/rabbitmq:4.3",
        "mirror.example.com/m/envoyproxy/envoy:v1.40.0",
        "local/message:dev",
    }


def test_a_whole_platform_fits_a_node_of_two_cores() -> None:
    requested = 0
    for manifest, template in pod_templates(build_all(make_platform())):
        for container in template["spec"]["containers"]:
            assert "memory" in container["resources"]["limits"]
            requested += int(container["resources"]["requests"]["cpu"].removesuffix("m"))
        assert manifest["spec"].get("replicas", 1) == 1
    assert requested <= 1200
