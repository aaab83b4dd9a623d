"""The CustomResourceDefinition, generated from the spec's models; pure.

A structural schema knows less than JSON Schema (no `$ref`, no `null`, no `const`), so pydantic's is
rewritten here and nowhere else. Called by `messaging-operator crd`, whose output is checked in as the
chart's file; tests compare the two.
Source: Kubernetes, "Extend the API with CustomResourceDefinitions", sections on structural schemas and CEL.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from messaging_operator import names
from messaging_operator.spec import PlatformSpec
from messaging_operator.spec.base import CEL_RULES, PUBLISHED_DEFAULT

Schema = dict[str, Any]

_KEPT: Final = (
    "type",
    "description",
    "enum",
    "format",
    "pattern",
    "minimum",
    "maximum",
    "minLength",
    "maxLength",
    "minItems",
    "maxItems",
    "minProperties",
    "maxProperties",
    "required",
    CEL_RULES,
    "x-kubernetes-int-or-string",
    "x-kubernetes-list-type",
    "x-kubernetes-list-map-keys",
)
_NAME_RULE: Final = {
    "rule": f"self.metadata.name.matches('{names.NAME_PATTERN}')",
    "message": "metadata.name must be at most 30 lowercase letters, digits and dashes, begin with a letter"
    " and end with a letter or digit",
}


def custom_resource_definition() -> dict[str, Any]:
    """The CRD as the API server reads it."""
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{names.PLURAL}.{names.API_GROUP}"},
        "spec": {
            "group": names.API_GROUP,
            "names": {
                "categories": ["all"],
                "kind": names.KIND,
                "listKind": f"{names.KIND}List",
                "plural": names.PLURAL,
                "shortNames": ["mp"],
                "singular": names.KIND.lower(),
            },
            "scope": "Namespaced",
            "conversion": {"strategy": "None"},
            "versions": [_version()],
        },
    }


def _version() -> dict[str, Any]:
    return {
        "name": names.API_VERSION.rpartition("/")[2],
        "served": True,
        "storage": True,
        "subresources": {"status": {}},
        "additionalPrinterColumns": [
            _column("Ready", '.status.conditions[?(@.type=="Ready")].status'),
            _column("Version", ".status.version"),
            _column("URL", ".status.url"),
            _column("Age", ".metadata.creationTimestamp", kind="date"),
            _column("Reason", '.status.conditions[?(@.type=="Ready")].reason', priority=1),
        ],
        "schema": {"openAPIV3Schema": _root()},
    }


def _column(name: str, path: str, *, kind: str = "string", priority: int = 0) -> dict[str, Any]:
    return {"name": name, "type": kind, "jsonPath": path, "priority": priority}


def _root() -> Schema:
    return {
        "description": "A messaging platform: five services, a database, a broker and a gateway.",
        "type": "object",
        "required": ["spec"],
        "properties": {
            "apiVersion": {"type": "string"},
            "kind": {"type": "string"},
            "metadata": {"type": "object", "properties": {"name": {"type": "string", "maxLength": 253}}},
            "spec": spec_schema(),
            "status": _status(),
        },
        CEL_RULES: [_NAME_RULE],
    }


def spec_schema() -> Schema:
    """The structural schema of `spec`."""
    raw = PlatformSpec.model_json_schema(by_alias=True)
    return _structural(raw, raw.get("$defs", {}))


def _structural(raw: Mapping[str, Any], definitions: Mapping[str, Any]) -> Schema:
    whole = _resolved(raw, definitions)
    made: Schema = {key: whole[key] for key in _KEPT if key in whole}
    if "const" in whole:
        made["enum"] = [whole["const"]]
    default = whole.get(PUBLISHED_DEFAULT, whole.get("default"))
    if isinstance(default, str | int) or PUBLISHED_DEFAULT in whole:
        made["default"] = default
    rewrite: Callable[[Any], Schema] = lambda part: _structural(part, definitions)  # noqa: E731
    if "properties" in whole:
        made["properties"] = {name: rewrite(part) for name, part in whole["properties"].items()}
    if "items" in whole:
        made["items"] = rewrite(whole["items"])
    for pattern, values in whole.get("patternProperties", {}).items():
        made["additionalProperties"] = rewrite(values)
        made[CEL_RULES] = [_key_rule(pattern, whole["propertyNames"]["maxLength"])]
    return made


def _resolved(raw: Mapping[str, Any], definitions: Mapping[str, Any]) -> dict[str, Any]:
    """The schema with `$ref` and "or null" replaced by what they stand for; what stands beside them wins."""
    whole = dict(raw)
    while "$ref" in whole or "anyOf" in whole:
        if "$ref" in whole:
            whole = {**definitions[whole.pop("$ref").rpartition("/")[2]], **whole}
        else:
            options = [option for option in whole.pop("anyOf") if option.get("type") != "null"]
            if len(options) != 1:
                raise ValueError(f"no structural schema for a choice of {options}")
            whole = {**options[0], **whole}
    return whole


def _key_rule(pattern: str, max_length: int) -> dict[str, str]:
    """The rule for a map's keys, for which a structural schema has no place of its own."""
    rule = f"self.all(key, key.size() <= {max_length} && key.matches('{pattern}'))"
    return {"rule": rule, "message": "every key must be that of a label"}


def _status() -> Schema:
    text = {"type": "string", "maxLength": 1024}
    whole_number = {"type": "integer", "format": "int64"}
    return {
        "description": "What the platform is, as the operator last saw it.",
        "type": "object",
        "properties": {
            "observedGeneration": whole_number,
            "version": text,
            "rolledOut": text,
            "url": text,
            "components": {
                "type": "array",
                "maxItems": 50,
                "x-kubernetes-list-type": "map",
                "x-kubernetes-list-map-keys": ["name"],
                "items": {
                    "type": "object",
                    "required": ["name"],
                    "properties": {
                        "name": text,
                        "state": text,
                        "ready": {"type": "integer", "format": "int32"},
                        "desired": {"type": "integer", "format": "int32"},
                        "reason": text,
                        "message": {"type": "string", "maxLength": 32768},
                    },
                },
            },
            "conditions": {
                "type": "array",
                "maxItems": 20,
                "x-kubernetes-list-type": "map",
                "x-kubernetes-list-map-keys": ["type"],
                "items": {
                    "type": "object",
                    "required": ["type", "status", "lastTransitionTime", "reason", "message"],
                    "properties": {
                        "type": text,
                        "status": {"type": "string", "enum": ["True", "False", "Unknown"]},
                        "reason": text,
                        "message": {"type": "string", "maxLength": 32768},
                        "lastTransitionTime": {"type": "string", "format": "date-time"},
                        "observedGeneration": whole_number,
                    },
                },
            },
        },
    }
