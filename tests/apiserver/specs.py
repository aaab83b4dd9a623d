"""Specs made from the CRD's own schema: whatever it describes may come, sensible or not."""

from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st
from messaging_operator.crd import custom_resource_definition

QUANTITIES = ("1", "500m", "1Gi", "1024Mi", "2e3", "0.5", "1000000u", "3", "64Mi", "10G")
NODE_PORTS = st.integers(30000, 32767)
"""The range of a cluster's node ports is a flag of its API server, which no schema can know."""
ONE_OF = ("managed", "external")
"""Fields of which exactly one must be given: without help nearly every example would be refused."""


def specs() -> st.SearchStrategy[dict[str, Any]]:
    """Return specs of MessagingPlatforms."""
    (version,) = custom_resource_definition()["spec"]["versions"]
    schema = version["schema"]["openAPIV3Schema"]["properties"]["spec"]
    return _objects(schema).map(_with_known_version)


def _with_known_version(spec: dict[str, Any]) -> dict[str, Any]:
    return spec | {"version": "1.0.0"}


def _values(name: str, schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    if name == "nodePort":
        return NODE_PORTS
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    if schema.get("x-kubernetes-int-or-string"):
        return st.sampled_from(QUANTITIES)
    makers = {"object": _maps_or_objects, "array": _lists, "integer": _integers, "boolean": _booleans, "string": _texts}
    return makers[schema["type"]](schema)


def _maps_or_objects(schema: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    return _maps(schema) if "additionalProperties" in schema else _objects(schema)


def _lists(schema: dict[str, Any]) -> st.SearchStrategy[list[Any]]:
    items, most = _values("", schema["items"]), min(3, schema.get("maxItems", 3))
    return st.lists(items, min_size=schema.get("minItems", 0), max_size=most, unique_by=_identity(schema))


def _integers(schema: dict[str, Any]) -> st.SearchStrategy[int]:
    return st.integers(schema.get("minimum", 0), schema.get("maximum", 2**31 - 1))


def _booleans(_: dict[str, Any]) -> st.SearchStrategy[bool]:
    return st.booleans()


def _identity(schema: dict[str, Any]) -> Callable[[Any], Any]:
    """Return by what the items of a list must differ."""
    keys = schema.get("x-kubernetes-list-map-keys", [])

    def identity(item: Any) -> Any:
        return tuple(item.get(key) for key in keys) if keys else repr(item)

    return identity


def _texts(schema: dict[str, Any]) -> st.SearchStrategy[str]:
    least, most = schema.get("minLength", 0), min(schema.get("maxLength", 40), 40)
    if "pattern" in schema:
        return st.from_regex(schema["pattern"].replace("$", r"\Z"), fullmatch=True).filter(
            lambda text: least <= len(text) <= schema.get("maxLength", 1000)
        )
    alphabet = st.characters(min_codepoint=32, max_codepoint=0x2FF)
    return st.text(alphabet, min_size=least, max_size=most)


def _maps(schema: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    keys = st.from_regex(r"[a-z]{1,8}(/[a-z]{1,8})?", fullmatch=True)
    return st.dictionaries(keys, _values("", schema["additionalProperties"]), max_size=2)


def _objects(schema: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    properties, required = schema.get("properties", {}), schema.get("required", [])
    fields = {name: _values(name, part) for name, part in properties.items()}
    if set(ONE_OF) <= fields.keys():
        return st.sampled_from(ONE_OF).flatmap(lambda chosen: st.fixed_dictionaries({chosen: fields[chosen]}))
    return st.fixed_dictionaries(
        {name: fields[name] for name in required},
        optional={name: made for name, made in fields.items() if name not in required},
    )
