"""Small builders of Envoy's own notation (v3 API): the plain dicts that every renderer here puts together.

Field names follow https://www.envoyproxy.io/docs/envoy/v1.40.0/api-v3/api.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

TYPE_URL_PREFIX = "type.googleapis.com/"

Message = dict[str, Any]
"""One protobuf message in its JSON form."""


def typed(message_type: str, fields: Mapping[str, Any] | None = None) -> Message:
    """A `google.protobuf.Any`: the fields of a message together with its type's name."""
    return {"@type": TYPE_URL_PREFIX + message_type, **(fields or {})}


def extension(name: str, message_type: str, fields: Mapping[str, Any] | None = None) -> Message:
    """A named extension (filter, option, monitor, …) with its typed configuration."""
    return {"name": name, "typed_config": typed(message_type, fields)}


def seconds(duration: timedelta) -> str:
    """A protobuf duration: `1.5s`."""
    return f"{duration.total_seconds():g}s"


def address(host: str, port: int) -> Message:
    """A TCP address."""
    return {"socket_address": {"address": host, "port_value": port}}


def set_header(name: str, value: str, *, action: str = "OVERWRITE_IF_EXISTS_OR_ADD") -> Message:
    """A `HeaderValueOption`; `value` may hold Envoy's `%COMMANDS%`."""
    return {"header": {"key": name, "value": value}, "append_action": action}
