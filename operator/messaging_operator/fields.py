"""Whether a live object already is what we would apply: compared by ``managedFields`` paths and by values.

Pure. Called by plan.py. A comparison of values alone cannot see that a field which we no longer state is still set by
us; so an object counts as unchanged only when the paths that the API server says we own are exactly those of the
desired manifest, and their values are equal. The format of paths (``f:``, ``k:``, ``v:``, ``.``) is FieldsV1 of
https://kubernetes.io/docs/reference/using-api/server-side-apply/.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from messaging_operator.desired import Manifest
from messaging_operator.names import FIELD_MANAGER
from messaging_operator.spec import quantity

_QUANTITY_FIELDS = frozenset({"limits", "requests", "sizeLimit", "averageValue", "divisor", "capacity"})

SERVER_DEFAULTS: tuple[tuple[str, Any], ...] = (
    ("apiVersion", "v1"),
    ("defaultMode", 420),
    ("divisor", "0"),
    ("kind", "PersistentVolumeClaim"),
    ("protocol", "TCP"),
    ("scheme", "HTTP"),
    ("status", {"phase": "Pending"}),
    ("volumeMode", "Filesystem"),
)
"""What the API server adds inside lists and maps that are compared whole: there, absent and default mean the same."""

_NEVER_OWNED = frozenset({"apiVersion", "kind"})


def unchanged(desired: Manifest, live: Manifest, *, manager: str = FIELD_MANAGER) -> bool:
    """Return whether applying `desired` as `manager` would change nothing in `live`."""
    owned = applied_fields(live, manager)
    if owned is None or owned["apiVersion"] != desired["apiVersion"]:
        return False
    stated = {key: value for key, value in desired.items() if key not in _NEVER_OWNED}
    stated["metadata"] = {k: v for k, v in stated["metadata"].items() if k not in ("name", "namespace")}
    return _same_map(stated, live, owned["fieldsV1"], field="")


def applied_fields(live: Manifest, manager: str) -> Manifest | None:
    """Return the ``managedFields`` entry of what `manager` last applied to `live`, or None."""
    for entry in live["metadata"].get("managedFields", []):
        if entry["manager"] == manager and entry["operation"] == "Apply" and not entry.get("subresource"):
            found: Manifest = entry
            return found
    return None


def owns(live: Manifest, manager: str, *path: str) -> bool:
    """Return whether `manager` owns the field at `path` (plain names, no lists) by an apply."""
    entry = applied_fields(live, manager)
    node: Any = entry["fieldsV1"] if entry else {}
    for name in path:
        if not isinstance(node, dict) or f"f:{name}" not in node:
            return False
        node = node[f"f:{name}"]
    return True


def same_quantity(one: Any, other: Any) -> bool:
    """Return whether two values are equal quantities: ``1000m`` and ``1``, ``1024Mi`` and ``1Gi``."""
    try:
        return quantity.value(str(one)) == quantity.value(str(other))
    except ValueError:
        return False


def same_value(desired: Any, live: Any, *, field: str = "") -> bool:
    """Return whether two values are equal as a whole, with the API server's defaults in `live` left out."""
    if isinstance(desired, Mapping):
        if not isinstance(live, Mapping) or not set(desired) <= set(live):
            return False
        extra = [(key, live[key]) for key in live if key not in desired]
        inner = field if field in _QUANTITY_FIELDS else ""
        return all(item in SERVER_DEFAULTS for item in extra) and all(
            same_value(value, live[key], field=inner or key) for key, value in desired.items()
        )
    if isinstance(desired, list):
        return (
            isinstance(live, list)
            and len(desired) == len(live)
            and all(same_value(one, other, field=field) for one, other in zip(desired, live, strict=True))
        )
    equal = type(desired) is type(live) and desired == live
    return bool(equal or (field in _QUANTITY_FIELDS and same_quantity(desired, live)))


def _same(desired: Any, live: Any, owned: Mapping[str, Any], field: str) -> bool:
    inside = [name for name in owned if name != "."]
    if isinstance(desired, Mapping) and inside:
        return isinstance(live, Mapping) and _same_map(desired, live, owned, field)
    if isinstance(desired, list) and inside:
        return isinstance(live, list) and _same_items(desired, live, owned, field)
    if inside:
        return False
    return same_value(desired, live, field=field)


def _same_map(desired: Mapping[str, Any], live: Mapping[str, Any], owned: Mapping[str, Any], field: str) -> bool:
    names = {name[2:] for name in owned if name.startswith("f:")}
    inner = field if field in _QUANTITY_FIELDS else ""
    stated = {name for name, value in desired.items() if not _leaves_no_path(name, value, names)}
    return stated == names and all(
        name in live and _same(desired[name], live[name], owned[f"f:{name}"], inner or name) for name in stated
    )


def _leaves_no_path(name: str, value: Any, names: set[str]) -> bool:
    """Return whether `value` is a map without content, which some types own no path for."""
    return value == {} and name not in names


def _same_items(desired: list[Any], live: list[Any], owned: Mapping[str, Any], field: str) -> bool:
    identities = [name for name in owned if name != "."]
    if len(identities) != len(desired):
        return False
    for identity in identities:
        if identity.startswith("v:"):
            value = json.loads(identity[2:])
            if value not in desired or value not in live:
                return False
            continue
        keys = json.loads(identity[2:])
        one, other = _item(desired, keys), _item(live, keys)
        if one is None or other is None:
            return False
        item_fields = owned[identity]
        if not [name for name in item_fields if name != "."]:
            if not same_value(one, other, field=field):
                return False
        elif not _same_map(one, other, item_fields, field):
            return False
    return True


def _item(items: Sequence[Any], keys: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return the item of an associative list with these keys; a key that is left out is at its default."""
    for item in items:
        if all(item.get(key, value) == value for key, value in keys.items()):
            return dict(item)
    return None
