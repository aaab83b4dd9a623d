"""Specs of every kind: the real API server accepts each that keeps the rules, and all that the operator makes of it."""

from typing import Any

from hypothesis import HealthCheck, given, settings
from messaging_operator.desired import Manifest, Platform, build
from messaging_operator.kinds import BY_NAME
from messaging_operator.spec import parse_spec

from tests.apiserver.world import Api, platforms, resource
from tests.support import platform_specs

NAMESPACE = "default"
fuzzed = settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.too_slow])


async def refusal(api: Api, manifest: Manifest) -> str:
    """What the API server has against the creation of an object, or ''; nothing is created."""
    kind = BY_NAME[manifest["kind"]]
    prefix = f"/apis/{kind.api_version}" if kind.group else f"/api/{kind.api_version}"
    path = f"{prefix}/namespaces/{NAMESPACE}/{kind.plural}"
    status, answer = await api.send("POST", path, manifest, dryRun="All", fieldValidation="Strict")
    return "" if status == 201 else f"{kind.name}: {answer['message']}"


@fuzzed
@given(name=platform_specs.platform_names(), spec=platform_specs.specs())
async def test_a_spec_that_keeps_the_rules_is_accepted(api: Api, name: str, spec: dict[str, Any]) -> None:
    body = resource(NAMESPACE, name, spec)
    status, answer = await api.send("POST", platforms(NAMESPACE), body, dryRun="All", fieldValidation="Strict")
    assert status == 201, answer["message"]
    stored = parse_spec(answer["spec"], strict=True)
    assert build(Platform(name, NAMESPACE, "uid", stored)) == build(
        Platform(name, NAMESPACE, "uid", parse_spec(spec, strict=True))
    ), "defaults of the API server differ from those of the operator"


@fuzzed
@given(name=platform_specs.platform_names(), spec=platform_specs.specs())
async def test_whatever_is_made_of_a_spec_is_accepted(api: Api, name: str, spec: dict[str, Any]) -> None:
    desired = build(Platform(name, NAMESPACE, "uid-of-a-platform", parse_spec(spec, strict=True)))
    manifests = [*(secret.manifest for secret in desired.secrets), *desired.claims, *desired.objects()]
    assert [problem for manifest in manifests if (problem := await refusal(api, manifest))] == []
