"""Whatever the CRD accepts the operator can build, and the API server accepts all that it builds."""

import asyncio
from typing import Any

import pytest
from hypothesis import HealthCheck, event, given, settings
from kubernetes.aio.client import ApiClient
from messaging_operator import generation
from messaging_operator.cluster import Cluster
from messaging_operator.desired import Platform, build
from messaging_operator.spec import SpecError, parse_spec

from tests.apiserver.specs import specs
from tests.apiserver.world import Api, platforms, resource

NAMESPACE = "fuzz"


@pytest.fixture(scope="module")
async def cluster(api: Api, client: ApiClient) -> Cluster:
    """A cluster with a namespace in which nothing is ever made: all runs are dry."""
    await api.create_namespace(NAMESPACE)
    return Cluster(client)


@settings(
    max_examples=25,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture, HealthCheck.data_too_large],
)
@given(spec=specs())
async def test_what_the_crd_accepts_is_built_and_accepted_in_full(
    cluster: Cluster, api: Api, spec: dict[str, Any]
) -> None:
    body = resource(NAMESPACE, "demo", spec)
    status, answer = await api.send("POST", platforms(NAMESPACE), body, dryRun="All", fieldValidation="Strict")
    event(f"the API server answers {status}")
    if status != 201:
        with pytest.raises(SpecError):
            parse_spec(spec, strict=True)
        return

    desired = build(Platform("demo", NAMESPACE, "uid-1", parse_spec(answer["spec"], strict=False)))

    secrets = [generation.with_values(secret) for secret in desired.secrets]
    manifests = [*secrets, *desired.claims, *desired.objects()]
    await asyncio.gather(*(cluster.apply(manifest, dry_run=True) for manifest in manifests))
