"""The CRD: a structural schema whose rules Kubernetes can afford, and the very file that the chart installs."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from hypothesis import given
from messaging_operator.crd import custom_resource_definition, spec_schema
from messaging_operator.desired import Platform, build
from messaging_operator.spec import parse_spec
from messaging_operator.values import values_schema

from tests.messaging_operator.manifests import MINIMAL
from tests.support import platform_specs

ROOT = Path(__file__).parents[2]
STRUCTURAL = {
    "type", "description", "enum", "format", "pattern", "minimum", "maximum", "minLength", "maxLength", "minItems",
    "maxItems", "minProperties", "maxProperties", "required", "default", "properties", "items", "additionalProperties",
    "x-kubernetes-validations", "x-kubernetes-int-or-string", "x-kubernetes-list-type", "x-kubernetes-list-map-keys",
}  # fmt: skip
"""What a structural schema may say, of apiextensions.k8s.io/v1."""


def parts(schema: dict[str, Any], path: str = "spec") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every part of a schema with its path."""
    yield path, schema
    for name, part in schema.get("properties", {}).items():
        yield from parts(part, f"{path}.{name}")
    for key in ("items", "additionalProperties"):
        if key in schema:
            yield from parts(schema[key], f"{path}[]")


def version() -> dict[str, Any]:
    (only,) = custom_resource_definition()["spec"]["versions"]
    found: dict[str, Any] = only
    return found


def test_the_chart_installs_the_crd_that_the_spec_gives() -> None:
    checked_in = yaml.safe_load((ROOT / "charts/messaging-operator/files/crd.yaml").read_text())
    assert checked_in == custom_resource_definition(), (
        "run: messaging-operator crd > charts/messaging-operator/files/crd.yaml"
    )


def test_the_platform_chart_checks_values_by_the_same_spec() -> None:
    checked_in = json.loads((ROOT / "charts/messaging-platform/values.schema.json").read_text())
    assert checked_in == values_schema(), (
        "run: messaging-operator crd --values > charts/messaging-platform/values.schema.json"
    )


def test_every_part_is_structural() -> None:
    for path, part in parts(version()["schema"]["openAPIV3Schema"], ""):
        assert part.keys() <= STRUCTURAL, path
        assert ("type" in part) != ("x-kubernetes-int-or-string" in part), path


def test_every_size_is_bounded_so_that_rules_can_be_priced() -> None:
    for path, part in parts(spec_schema()):
        bound = {
            "string": part.keys() & {"maxLength", "enum"},
            "array": part.keys() & {"maxItems"},
            "object": part.keys() & {"properties", "maxProperties"} or path.endswith("storage.database"),
        }
        assert bound.get(part.get("type", ""), True), path


def test_every_field_is_described() -> None:
    undescribed = [path for path, part in parts(spec_schema()) if not path.endswith("[]") and "description" not in part]
    assert not undescribed


def test_defaults_keep_their_own_schema() -> None:
    for path, part in parts(spec_schema()):
        if "default" in part and "x-kubernetes-int-or-string" not in part:
            jsonschema.validate(part["default"], {key: part[key] for key in part if not key.startswith("x-")}), path


def test_people_see_whether_it_is_ready_which_version_and_where() -> None:
    columns = {column["name"]: column["priority"] for column in version()["additionalPrinterColumns"]}
    assert columns == {"Ready": 0, "Version": 0, "URL": 0, "Age": 0, "Reason": 1}
    assert version()["subresources"] == {"status": {}}
    assert custom_resource_definition()["spec"]["names"]["shortNames"] == ["mp"]
    assert custom_resource_definition()["spec"]["conversion"] == {"strategy": "None"}


def test_kubectl_can_remember_the_whole_crd_in_an_annotation() -> None:
    assert len(json.dumps(custom_resource_definition())) < 262_144


VALUES = jsonschema.Draft202012Validator(values_schema())


@given(spec=platform_specs.specs())
def test_the_schemas_and_the_parser_accept_the_same_specs(spec: dict[str, Any]) -> None:
    VALUES.validate(spec)


SPEC = spec_schema()


def defaulted(value: Any, schema: dict[str, Any]) -> Any:
    """A value as the API server stores it: with the schema's defaults in it."""
    if isinstance(value, list):
        return [defaulted(part, schema["items"]) for part in value]
    if not isinstance(value, dict) or "properties" not in schema:
        return value
    properties = schema["properties"]
    whole = {name: part["default"] for name, part in properties.items() if "default" in part} | value
    return {name: defaulted(part, properties[name]) for name, part in whole.items()}


@given(spec=platform_specs.specs())
def test_defaults_of_the_api_server_change_nothing(spec: dict[str, Any]) -> None:
    stored = defaulted(spec, SPEC)
    written, read = (Platform("demo", "chat", "uid", parse_spec(one, strict=True)) for one in (spec, stored))
    assert build(written) == build(read)


@pytest.mark.parametrize(
    "field", [{"gatway": {}}, {"services": {"auth": {"replica": 1}}}, {"storage": {"database": {"x": 1}}}]
)
def test_the_values_schema_refuses_unknown_fields(field: dict[str, Any]) -> None:
    with pytest.raises(jsonschema.ValidationError):
        VALUES.validate(MINIMAL | field)
