"""What happened in conversations and concerns open sockets: this replica's, and other replicas' by hints.

A hint is transient and may be lost; the database holds everything that it says. Replicas of two releases may talk to
one another: unknown fields are ignored.
"""

from contextlib import suppress
from typing import Annotated, Literal
from uuid import UUID

from messaging_wire.base import Answer
from messaging_wire.conversation import Conversation, Receipt
from messaging_wire.ids import ConversationId, UserId
from messaging_wire.message import Message
from messaging_wire.realtime import InvitationMade
from pydantic import Field, SerializeAsAny, TypeAdapter, ValidationError

TOPIC = "message.hint"


class NewMessages(Answer):
    """Messages were stored, under the membership of `member_version`; as their senders see them."""

    kind: Literal["messages"] = "messages"
    conversation_id: ConversationId
    member_version: int
    messages: list[Message]


class ChangedMessage(Answer):
    """A message was edited or deleted."""

    kind: Literal["changed_message"] = "changed_message"
    conversation_id: ConversationId
    member_version: int
    message: Message


class MembersChanged(Answer):
    """People came or went; `member_version` is the one afterwards."""

    kind: Literal["members"] = "members"
    conversation_id: ConversationId
    member_version: int
    joined: list[UserId] = Field(default_factory=list)
    left: list[UserId] = Field(default_factory=list)


class ToldConversation(Answer):
    """Somebody joined or left, or it changed for them alone: the conversation as each of them sees it."""

    kind: Literal["told"] = "told"
    reason: Literal["joined", "left", "changed"]
    views: dict[UserId, Conversation]


class ChangedConversation(Answer):
    """The conversation itself changed or was deleted, for every member."""

    kind: Literal["conversation"] = "conversation"
    conversation_id: ConversationId
    reason: Literal["changed", "deleted"]


class Invited(Answer):
    """Somebody asks people into a group."""

    kind: Literal["invited"] = "invited"
    users: list[UserId]
    invitation: InvitationMade


class NewReceipts(Answer):
    """Members of a small conversation have come further."""

    kind: Literal["receipts"] = "receipts"
    conversation_id: ConversationId
    receipts: list[Receipt]


class TypingNow(Answer):
    """A member of a small conversation is typing."""

    kind: Literal["typing"] = "typing"
    conversation_id: ConversationId
    user_id: UserId


class Missed(Answer):
    """The sending replica could not tell what happened for a while."""

    kind: Literal["missed"] = "missed"


News = (
    NewMessages
    | ChangedMessage
    | MembersChanged
    | ToldConversation
    | ChangedConversation
    | Invited
    | NewReceipts
    | TypingNow
    | Missed
)


class Hint(Answer):
    """The body of a hint: news of one replica, in order."""

    origin: UUID
    items: list[SerializeAsAny[Answer]]


class _RawHint(Answer):
    origin: UUID
    items: list[dict[str, object]]


_NEWS: TypeAdapter[News] = TypeAdapter(Annotated[News, Field(discriminator="kind")])


def read_hint(body: bytes) -> tuple[UUID, list[News]]:
    """Read a hint's origin and those of its news that this release knows.

    Raises:
        pydantic.ValidationError: it is no hint.
    """
    raw = _RawHint.model_validate_json(body)
    known: list[News] = []
    for item in raw.items:
        with suppress(ValidationError):
            known.append(_NEWS.validate_python(item))
    return raw.origin, known
