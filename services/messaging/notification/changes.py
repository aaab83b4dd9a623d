"""What people's sockets are told when their notifications change, and how a message is shown in one line."""

from dataclasses import dataclass
from typing import Literal
from uuid import UUID

PREVIEW_LENGTH = 200

ChangeEvent = Literal["notification", "notification_updated", "notification_removed"]


@dataclass(frozen=True)
class Change:
    """One person's notification has something new to tell, was marked or replaced, or is gone."""

    event: ChangeEvent
    user_id: UUID
    notification_id: UUID
    conversation_id: UUID | None = None


@dataclass(frozen=True)
class CrowdChange:
    """Open notifications of messages of a conversation tell of `seq` now, or of later ones, whosever they are."""

    conversation_id: UUID
    seq: int


AnyChange = Change | CrowdChange


def preview(text: str) -> str:
    """Return `text` cut to what a notification shows: at most 200 code points, the last an ellipsis where cut."""
    return text if len(text) <= PREVIEW_LENGTH else text[: PREVIEW_LENGTH - 1].rstrip() + "…"
