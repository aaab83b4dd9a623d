"""Wire objects for the tests of pure parts."""

from datetime import UTC, datetime
from uuid import UUID

from messaging_wire.conversation import Conversation, Me
from messaging_wire.ids import ConversationId, MessageId, UserId
from messaging_wire.message import Message

ADA = UserId(UUID(int=1))
CONVERSATION = ConversationId(UUID(int=2))
MOMENT = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)


def message(seq: int, rev: int | None = None, content: str = "text", **fields: object) -> Message:
    """A message by Ada."""
    return Message.model_validate(
        {
            "id": MessageId(UUID(int=1000 + seq)),
            "conversation_id": CONVERSATION,
            "seq": seq,
            "rev": seq if rev is None else rev,
            "kind": "text",
            "sender_id": ADA,
            "content": content,
            "created_at": MOMENT,
            **fields,
        }
    )


def conversation(*, last_seq: int = 0, joined_seq: int = 0, read_seq: int = 0, **fields: object) -> Conversation:
    """A group of Ada's."""
    return Conversation.model_validate(
        {
            "id": CONVERSATION,
            "kind": "group",
            "title": "Reading circle",
            "created_at": MOMENT,
            "last_activity_at": MOMENT,
            "first_seq": 1,
            "last_seq": last_seq,
            "last_rev": last_seq,
            "member_count": 2,
            "unread": last_seq - read_seq,
            "me": Me(role="member", joined_seq=joined_seq, delivered_seq=read_seq, read_seq=read_seq),
            **fields,
        }
    )
