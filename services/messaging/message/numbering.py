"""The numbering of a conversation: the only place that gives out `seq` and `rev`, under the conversation's lock."""

import hashlib
from datetime import datetime
from typing import Protocol
from uuid import UUID

from messaging_wire.ids import ClientMessageId, MessageId, UserId

from messaging.kernel.ids import new_id
from messaging.message.tables import ConversationRow, MessageRow


class Numbered(Protocol):
    """A locked conversation's counters."""

    last_seq: int
    last_rev: int
    last_activity_at: datetime


def next_place(conversation: Numbered, now: datetime) -> tuple[int, int, datetime]:
    """Advance a locked conversation's counters; return the `seq`, the `rev` and the time of its new message.

    Times never run backwards inside a conversation, whatever the clocks of replicas do: `?at=` searches by them.
    """
    conversation.last_seq += 1
    conversation.last_rev += 1
    conversation.last_activity_at = max(now, conversation.last_activity_at)
    return conversation.last_seq, conversation.last_rev, conversation.last_activity_at


def append_system(conversation: ConversationRow, *, actor_id: UserId, content: str, now: datetime) -> MessageRow:
    """Give a message of kind `system` its place: what `actor_id` has done."""
    seq, rev, at = next_place(conversation, now)
    return MessageRow(
        conversation_id=conversation.id,
        seq=seq,
        id=MessageId(new_id()),
        rev=rev,
        kind="system",
        sender_id=actor_id,
        client_message_id=ClientMessageId(new_id()),
        content=content,
        content_hash=first_content_hash(conversation.id, content, None),
        created_at=at,
    )


def first_content_hash(conversation_id: UUID, content: str, reply_to: UUID | None) -> bytes:
    """SHA-256 of what makes two sends under one client's id the same; `content` is in NFC already."""
    reply = reply_to.bytes if reply_to is not None else bytes(16)
    return hashlib.sha256(conversation_id.bytes + reply + content.encode()).digest()
