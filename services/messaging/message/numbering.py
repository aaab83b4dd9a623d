"""The numbering of a conversation: the only place that gives out `seq` and `rev`, under the conversation's lock."""

import hashlib
from datetime import datetime
from uuid import UUID

from messaging_wire.ids import ClientMessageId, MessageId, UserId
from messaging_wire.message import MessageKind

from messaging.kernel.ids import new_id
from messaging.message.tables import ConversationRow, MessageRow


def append_message(
    conversation: ConversationRow,
    *,
    kind: MessageKind,
    sender_id: UserId,
    client_message_id: ClientMessageId,
    content: str,
    reply_to: MessageId | None = None,
    now: datetime,
) -> MessageRow:
    """Give a new message the next `seq` and `rev` of a locked conversation and advance its counters.

    Times never run backwards inside a conversation, whatever the clocks of replicas do: `?at=` searches by them.
    """
    conversation.last_seq += 1
    conversation.last_rev += 1
    conversation.last_activity_at = max(now, conversation.last_activity_at)
    return MessageRow(
        conversation_id=conversation.id,
        seq=conversation.last_seq,
        id=MessageId(new_id()),
        rev=conversation.last_rev,
        kind=kind,
        sender_id=sender_id,
        client_message_id=client_message_id,
        content=content,
        content_hash=first_content_hash(conversation.id, content, reply_to),
        reply_to=reply_to,
        created_at=conversation.last_activity_at,
    )


def append_system(conversation: ConversationRow, *, actor_id: UserId, content: str, now: datetime) -> MessageRow:
    """Give a message of kind `system` its place: what `actor_id` has done."""
    return append_message(
        conversation,
        kind="system",
        sender_id=actor_id,
        client_message_id=ClientMessageId(new_id()),
        content=content,
        now=now,
    )


def first_content_hash(conversation_id: UUID, content: str, reply_to: UUID | None) -> bytes:
    """SHA-256 of what makes two sends under one client's id the same; `content` is in NFC already."""
    reply = reply_to.bytes if reply_to is not None else bytes(16)
    return hashlib.sha256(conversation_id.bytes + reply + content.encode()).digest()
