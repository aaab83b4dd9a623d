"""Mentions: the `@names` in a text, and how the ids of who is meant are stored with a message.

A name counts only where a member of the conversation has it (`store/mentions.py`). Sends and edits call this.
"""

import re
from collections.abc import Iterable
from uuid import UUID

from messaging_wire.ids import UserId

from messaging.kernel.names import username_key
from messaging.message.tables import MAX_MENTIONS

ID_BYTES = 16
NAME_LENGTH = range(3, 51)

_NAME = re.compile(r"(?<![A-Za-z0-9._%+@/-])@([A-Za-z0-9][A-Za-z0-9._-]*+)(?!@)")
"""An `@` with nothing of an address before it, and then no second `@`; a full stop behind a name is cut off later."""


def find_names(content: str) -> list[str]:
    """Return the folded user names that a text mentions, each once, in their order, at most `MAX_MENTIONS`."""
    if "@" not in content:
        return []
    names: dict[str, None] = {}
    for found in _NAME.finditer(content):
        name = found[1].rstrip("._-")
        if len(name) in NAME_LENGTH:
            names[username_key(name)] = None
            if len(names) == MAX_MENTIONS:
                break
    return list(names)


def pack(user_ids: Iterable[UUID]) -> bytes | None:
    """The ids as the column `mentions` holds them; None where nobody is mentioned."""
    return b"".join(user_id.bytes for user_id in user_ids) or None


def unpack(stored: bytes | None) -> list[UserId]:
    """The ids that the column `mentions` holds, in their order."""
    if not stored:
        return []
    return [UserId(UUID(bytes=stored[start : start + ID_BYTES])) for start in range(0, len(stored), ID_BYTES)]
