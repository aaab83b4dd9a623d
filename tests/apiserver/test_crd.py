"""The API server itself refuses a bad platform, with a sentence that names the field."""

from typing import Any

import pytest
from messaging_operator.crd import custom_resource_definition

from tests.apiserver.world import EXTERNAL_URL, Api, minimal, platforms, resource

GATEWAY = {"externalURL": EXTERNAL_URL}
DATABASE = {"host": "db.example.com", "credentialsSecret": "database-account"}
BROKER = {"host": "mq.example.com", "credentialsSecret": "broker-account"}


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"colour": "blue"}, 'unknown field "spec.colour"'),
        ({"services": {"mesage": {}}}, 'unknown field "spec.services.mesage"'),
        ({"database": {"managed": {}, "external": DATABASE}}, "spec.database: Invalid value: exactly one of managed"),
        ({"broker": {"managed": {}, "external": BROKER}}, "spec.broker: Invalid value: exactly one of managed"),
        (
            {"services": {"message": {"autoscaling": {"minReplicas": 3, "maxReplicas": 2}}}},
            "spec.services.message.autoscaling: Invalid value: minReplicas must not be greater than maxReplicas",
        ),
        (
            {"services": {"user": {"replicas": 1, "autoscaling": {"maxReplicas": 2}}}},
            "spec.services.user: Invalid value: replicas and autoscaling exclude each other",
        ),
        (
            {"services": {"user": {"resources": {"requests": {"memory": "lots"}}}}},
            'spec.services.user.resources.requests.memory: Invalid value: "lots": must be a quantity greater than 0',
        ),
        (
            {"database": {"managed": {"storage": "-5Gi"}}},
            'spec.database.managed.storage: Invalid value: "-5Gi": must be a quantity greater than 0',
        ),
        (
            {"services": {"user": {"resources": {"requests": {"cpu": "2"}, "limits": {"cpu": "1"}}}}},
            "spec.services.user.resources: Invalid value: requests.cpu must not be greater than limits.cpu",
        ),
        (
            {"services": {"user": {"env": [{"name": "MESSAGING_VERSION", "value": "2"}]}}},
            "spec.services.user.env[0]: Invalid value: name must not be that of a setting",
        ),
        ({"gateway": {}}, "spec.gateway.externalURL: Required value"),
        ({"gateway": {"externalURL": "chat.example.com"}}, "spec.gateway.externalURL: Invalid value"),
        (
            {"gateway": GATEWAY | {"service": {"type": "ClusterIP", "nodePort": 30500}}},
            "spec.gateway.service: Invalid value: nodePort needs type NodePort or LoadBalancer",
        ),
        (
            {"gateway": GATEWAY | {"corsOrigins": ["*", "https://a.example.com"]}},
            "spec.gateway: Invalid value: corsOrigins must hold nothing beside *",
        ),
        (
            {"gateway": GATEWAY | {"rateLimits": {"perSecond": 10, "burst": 5}}},
            "spec.gateway.rateLimits: Invalid value: burst must not be smaller than perSecond",
        ),
        ({"services": {"user": {"replicas": 0}}}, "spec.services.user.replicas: Invalid value"),
        ({"version": "latest"}, "spec.version: Invalid value"),
        ({"signUp": "maybe"}, "spec.signUp: Unsupported value"),
    ],
)
async def test_a_bad_spec_is_refused_with_a_sentence_that_names_the_field(
    api: Api, namespace: str, changes: dict[str, Any], sentence: str
) -> None:
    status, answer = await api.create_platform(namespace, minimal(**changes))

    assert status in (400, 422)
    assert sentence in answer["message"]


@pytest.mark.parametrize("name", ["a.b", "1st", "x" * 31, "ends-in-"])
async def test_a_name_that_children_could_not_bear_is_refused(api: Api, namespace: str, name: str) -> None:
    status, answer = await api.create_platform(namespace, minimal(), name)

    assert status == 422
    assert "metadata.name" in answer["message"]


@pytest.mark.parametrize(
    ("before", "after", "sentence"),
    [
        (
            {"database": {"managed": {}}},
            {"database": {"external": DATABASE}},
            "managed and external cannot be exchanged",
        ),
        ({"broker": {"managed": {}}}, {"broker": {"external": BROKER}}, "managed and external cannot be exchanged"),
        (
            {"database": {"managed": {"storageClassName": "fast"}}},
            {"database": {"managed": {"storageClassName": "slow"}}},
            "storageClassName cannot be changed",
        ),
        (
            {"database": {"managed": {"storage": "2Gi"}}},
            {"database": {"managed": {"storage": "1024Mi"}}},
            "storage cannot become smaller",
        ),
        ({"broker": {"managed": {"replicas": 3}}}, {"broker": {"managed": {}}}, "replicas cannot become fewer"),
    ],
)
async def test_a_change_that_would_leave_data_behind_is_refused(
    api: Api, namespace: str, before: dict[str, Any], after: dict[str, Any], sentence: str
) -> None:
    status, made = await api.create_platform(namespace, minimal(**before))
    assert status == 201

    made["spec"] = minimal(**after)
    status, answer = await api.send("PUT", f"{platforms(namespace)}/demo", made)

    assert status == 422
    assert sentence in answer["message"]


async def test_kubectl_shows_whether_a_platform_is_ready_its_version_and_its_address(api: Api, namespace: str) -> None:
    await api.create_platform(namespace, minimal())

    _, table = await api.table(platforms(namespace))

    assert [column["name"] for column in table["columnDefinitions"]][:4] == ["Name", "Ready", "Version", "URL"]


async def test_the_api_server_has_nothing_to_say_against_the_crd(api: Api) -> None:
    name = custom_resource_definition()["metadata"]["name"]

    _, crd = await api.send("GET", f"/apis/apiextensions.k8s.io/v1/customresourcedefinitions/{name}")

    conditions = {one["type"]: one["status"] for one in crd["status"]["conditions"]}
    assert conditions["Established"] == "True"
    assert "NonStructuralSchema" not in conditions


async def test_a_status_is_not_written_with_the_spec(api: Api, namespace: str) -> None:
    body = resource(namespace, "demo", minimal()) | {"status": {"version": "9.9.9"}}

    _, made = await api.send("POST", platforms(namespace), body)

    assert "status" not in made
