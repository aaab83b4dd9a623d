"""The JSON document of an exported conversation, written as it is read, and cut into pieces of one size.

    {"format_version": 1, "exported_at": "…", "conversation": {…}, "messages": [{…}, …]}

`conversation` and each message are as `messaging_wire` has them, as the exporting member sees them; messages ascend
by `seq`. docs/exports.md is the description for readers.
"""

from datetime import datetime
from typing import Any

import orjson
from messaging_wire.base import format_time

FORMAT_VERSION = 1
PIECE_BYTES = 256 * 1024


class JsonDocument:
    """Collects a document and gives it away in pieces; holds little more than one piece at a time."""

    def __init__(self, *, exported_at: datetime, piece_bytes: int = PIECE_BYTES) -> None:
        self._exported_at = exported_at
        self._piece_bytes = piece_bytes
        self._buffer = bytearray()
        self._messages = 0

    def begin(self, conversation: dict[str, Any]) -> None:
        """Write what comes before the messages."""
        head = {
            "format_version": FORMAT_VERSION,
            "exported_at": format_time(self._exported_at),
            "conversation": conversation,
        }
        self._buffer += orjson.dumps(head)[:-1] + b',"messages":['

    def add(self, message: dict[str, Any]) -> None:
        """Write one message."""
        self._buffer += (b",\n" if self._messages else b"\n") + orjson.dumps(message)
        self._messages += 1

    def end(self) -> None:
        """Write what comes after the messages."""
        self._buffer += b"\n]}\n"

    def take_piece(self, *, last: bool = False) -> bytes | None:
        """Take out a full piece, or with `last` what is left; None where there is none."""
        size = self._piece_bytes
        if not self._buffer or (len(self._buffer) < size and not last):
            return None
        piece = bytes(self._buffer[:size])
        del self._buffer[:size]
        return piece
