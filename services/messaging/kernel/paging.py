"""Keyset pages: opaque cursors that name the last row which was seen."""

import base64
import json
from typing import Annotated, Any

from fastapi import Query
from messaging_wire import problems
from messaging_wire.problems import FieldProblem

from messaging.kernel.errors import ProblemError

Limit = Annotated[int, Query(ge=1, le=200, description="How many items at most")]
Cursor = Annotated[str | None, Query(max_length=512, description="next_cursor of the page before")]
DEFAULT_LIMIT = 50


def encode_cursor(key: list[Any]) -> str:
    """Write a sort key (numbers and strings) as an opaque cursor."""
    return base64.urlsafe_b64encode(json.dumps(key, separators=(",", ":")).encode()).rstrip(b"=").decode()


def decode_cursor(cursor: str, *kinds: type) -> list[Any]:
    """Read a cursor made of values of `kinds`, in their order.

    Raises:
        ProblemError: 422, it is not one of ours.
    """
    try:
        key = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (ValueError, UnicodeDecodeError):
        key = None
    if (
        not isinstance(key, list)
        or len(key) != len(kinds)
        or not all(type(value) is kind for value, kind in zip(key, kinds, strict=True))
    ):
        raise bad_cursor()
    return key


def bad_cursor() -> ProblemError:
    """The answer to a cursor that none of our pages had."""
    return ProblemError(
        problems.INVALID_FIELDS, errors=[FieldProblem(field="cursor", message="is not a cursor of this list")]
    )
