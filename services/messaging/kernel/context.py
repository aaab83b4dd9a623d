"""What belongs to the request or delivery that is being worked on, carried along by context variables."""

import re
import secrets
from contextvars import ContextVar

request_id: ContextVar[str] = ContextVar("request_id", default="")
traceparent: ContextVar[str | None] = ContextVar("traceparent", default=None)

_SAFE_ID = re.compile(r"^[A-Za-z0-9._:/+=@-]{1,128}$")
_TRACEPARENT = re.compile(r"^[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$")


def accept_request_id(value: str) -> str:
    """Return `value` where it is safe to log and to send back, else a new id."""
    return value if _SAFE_ID.match(value) else secrets.token_hex(16)


def accept_traceparent(value: str) -> str | None:
    """Return `value` where it is a W3C traceparent (https://www.w3.org/TR/trace-context/), else None."""
    return value if _TRACEPARENT.match(value) else None
