"""The spec: what is read, what is refused, and with which sentence."""

from typing import Any

import pytest
from hypothesis import given
from messaging_operator.spec import DeletionPolicy, SignUp, SpecError, parse_spec

from tests.messaging_operator.manifests import MINIMAL
from tests.support import platform_specs


def refusal(spec: dict[str, Any]) -> str:
    """The sentences with which a spec is refused."""
    with pytest.raises(SpecError) as caught:
        parse_spec(MINIMAL | spec, strict=True)
    return str(caught.value)


def test_what_is_not_said_has_a_default() -> None:
    spec = parse_spec(MINIMAL, strict=True)
    assert spec.database.managed is not None
    assert spec.database.managed.storage == "10Gi"
    assert spec.broker.managed is not None
    assert spec.broker.managed.replicas == 1
    assert spec.sign_up is SignUp.OPEN
    assert spec.deletion_policy is DeletionPolicy.RETAIN
    assert spec.gateway.trusted_hops == 0
    assert spec.services.message.most_replicas == 1


@given(spec=platform_specs.specs())
def test_every_spec_that_keeps_the_rules_is_read(spec: dict[str, Any]) -> None:
    parse_spec(spec, strict=True)


def test_a_spec_cannot_be_changed() -> None:
    spec = parse_spec(MINIMAL, strict=True)
    with pytest.raises(ValueError, match="frozen"):
        spec.paused = True  # type: ignore[misc]


def test_a_file_with_an_unknown_field_is_refused() -> None:
    assert refusal({"gatway": {}}) == "spec.gatway: unknown field"
    assert refusal({"services": {"message": {"replica": 2}}}) == "spec.services.message.replica: unknown field"


def test_a_resource_with_an_unknown_field_is_read_without_it() -> None:
    newer = MINIMAL | {"email": {"host": "mail"}, "services": {"auth": {"replicas": 2, "newer": True}}}
    assert parse_spec(newer, strict=False).services.auth.replicas == 2


@pytest.mark.parametrize(
    ("spec", "sentence"),
    [
        ({"version": "latest"}, "spec.version: String should match pattern"),
        (
            {"database": {"managed": {}, "external": {"host": "db", "credentialsSecret": "account"}}},
            "spec.database: exactly one of managed and external must be given",
        ),
        ({"broker": {}}, "spec.broker: exactly one of managed and external must be given"),
        ({"broker": {"managed": {"replicas": 2}}}, "spec.broker.managed.replicas: Input should be 1 or 3"),
        ({"database": {"managed": {"storage": "-5Gi"}}}, "spec.database.managed.storage: must be greater than 0"),
        ({"database": {"managed": {"storage": "5GB"}}}, "spec.database.managed.storage: '5GB' is no quantity"),
        (
            {"services": {"auth": {"autoscaling": {"minReplicas": 3, "maxReplicas": 2}}}},
            "spec.services.auth.autoscaling: minReplicas must not be greater than maxReplicas",
        ),
        (
            {"services": {"auth": {"replicas": 1, "autoscaling": {"maxReplicas": 2}}}},
            "spec.services.auth: replicas and autoscaling exclude each other",
        ),
        (
            {"services": {"auth": {"autoscaling": {"maxReplicas": 2}, "resources": {"requests": {"memory": "1Gi"}}}}},
            "spec.services.auth: resources.requests.cpu must be given with autoscaling",
        ),
        (
            {"services": {"auth": {"resources": {"requests": {"cpu": "1"}, "limits": {"cpu": "500m"}}}}},
            "spec.services.auth.resources: requests.cpu must not be greater than limits.cpu",
        ),
        (
            {"services": {"auth": {"env": [{"name": "MESSAGING_DATABASE_HOST", "value": "x"}]}}},
            "spec.services.auth.env[0]: name must not be that of a setting",
        ),
        (
            {"gateway": {"externalURL": "http://a", "service": {"nodePort": 30500}}},
            "spec.gateway.service: nodePort needs type NodePort or LoadBalancer",
        ),
        (
            {"gateway": {"externalURL": "http://a", "corsOrigins": ["*", "http://b"]}},
            "spec.gateway: corsOrigins must hold nothing beside *",
        ),
        ({"gateway": {"externalURL": "http://a/path"}}, "spec.gateway.externalURL: String should match pattern"),
        ({"gateway": {}}, "spec.gateway.externalURL: required"),
        (
            {"services": {"auth": {"tolerations": [{"value": "x"}]}}},
            "spec.services.auth.tolerations[0]: operator must be Exists where key is empty",
        ),
    ],
)
def test_what_cannot_be_is_refused_with_the_name_of_its_field(spec: dict[str, Any], sentence: str) -> None:
    assert refusal(spec).startswith(sentence)


def test_every_problem_is_told_at_once() -> None:
    assert refusal({"version": "1", "paused": 3, "x": 1}).count("spec.") == 3


def test_a_whole_is_not_refused_again_for_its_part() -> None:
    bad = {"key": "a", "operator": "In"}
    terms = {"nodeSelectorTerms": [{"matchExpressions": [bad]}]}
    affinity = {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": terms}}
    assert refusal({"services": {"auth": {"affinity": affinity}}}).count("spec.") == 1
