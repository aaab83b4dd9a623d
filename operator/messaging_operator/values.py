"""The schema of the chart messaging-platform's values: the resource's spec, as Helm checks it; pure.

Called by `messaging-operator crd --values`, whose output is checked in beside the chart; a test compares the two.
What only CEL can say is left to the API server.
"""

from typing import Any, Final

from messaging_operator import names
from messaging_operator.crd import Schema, spec_schema

_OWN: Final[dict[str, Schema]] = {
    "name": {"description": "Name of the platform; that of the release where empty.", "type": "string"},
    "operatorClass": {"description": f"Value of the label {names.API_GROUP}/operator-class.", "type": "string"},
    "global": {"description": "What Helm hands down to every chart; not used.", "type": "object"},
}


def values_schema() -> dict[str, Any]:
    """The JSON Schema of the values."""
    whole = _json_schema(spec_schema())
    version = whole["properties"]["version"]
    version["pattern"] = f"^$|{version['pattern']}"
    whole["required"] = ["gateway"]
    whole["properties"] = _OWN | whole["properties"]
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **whole}


def _json_schema(structural: Schema) -> Schema:
    made = {key: value for key, value in structural.items() if not key.startswith("x-kubernetes-")}
    if structural.get("x-kubernetes-int-or-string"):
        made["type"] = ["integer", "string"]
    if "properties" in structural:
        made["properties"] = {name: _json_schema(part) for name, part in structural["properties"].items()}
        made["additionalProperties"] = False
    elif structural.get("type") == "object" and "additionalProperties" not in structural:
        made["additionalProperties"] = False
    for key in ("items", "additionalProperties"):
        if isinstance(structural.get(key), dict):
            made[key] = _json_schema(structural[key])
    return made
