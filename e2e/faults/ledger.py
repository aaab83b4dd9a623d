"""What a crowd knows together: what was tried, what was acknowledged, and each message once in memory."""

import time
from collections import defaultdict
from dataclasses import dataclass, field

from e2e.checker import Json

KEPT = ("id", "conversation_id", "seq", "rev", "kind", "sender_id", "content", "edited_at", "deleted_at")
"""What the checker looks at; the rest of a message is not kept, or a hundred thousand of them would not fit."""


@dataclass
class Ledger:
    """Shared by the members of a crowd."""

    attempted: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    """By conversation: texts that somebody tried to send, or to give to a message."""
    sent: list[tuple[float, Json]] = field(default_factory=list)
    """Messages with the monotonic time of their acknowledgement, in that order."""
    edited: list[Json] = field(default_factory=list)
    """Messages as edits were acknowledged."""
    deleted: set[str] = field(default_factory=set)
    """Ids of messages whose deletion was acknowledged."""
    _records: dict[tuple[str, int], Json] = field(default_factory=dict)

    def record(self, message: Json) -> Json:
        """What is kept of a message; the same object for all who got the same."""
        record = {name: message.get(name) for name in KEPT}
        known = self._records.setdefault((message["id"], message["rev"]), record)
        return known if known == record else record

    def acknowledge(self, message: Json) -> Json:
        """Note a send that was acknowledged just now."""
        record = self.record(message)
        self.sent.append((time.monotonic(), record))
        return record

    def acknowledged(self, conversation_id: str) -> list[Json]:
        """All that was acknowledged in a conversation, sends and edits."""
        everything = [*(message for _, message in self.sent), *self.edited]
        return [message for message in everything if message["conversation_id"] == conversation_id]
