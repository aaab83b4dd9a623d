"""What happened in conversations and concerns open sockets: this replica's, and other replicas' by hints.

A hint is transient and may be lost; the database holds everything that it says. Replicas of two releases may talk to
one another: unknown fields are ignored.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Annotated, Any, Literal
from uuid import UUID

import orjson
from messaging_wire.base import Answer
from messaging_wire.conversation import Conversation, Receipt
from messaging_wire.ids import ConversationId, UserId
from messaging_wire.message import Message
from messaging_wire.realtime import InvitationMade
from pydantic import Field, TypeAdapter, ValidationError

from messaging.message.shown import Shown

TOPIC = "message.hint"


@dataclass(frozen=True)
class NewMessages:
    """Messages were stored, under the membership of `member_version`; as their senders see them, ascending."""

    conversation_id: ConversationId
    member_version: int
    messages: Sequence[Shown]


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
    """Somebody joined, left or put it aside, or it changed for them alone: the conversation as each of them sees it."""

    kind: Literal["told"] = "told"
    reason: Literal["joined", "left", "changed", "deleted"]
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


_OTHERS: TypeAdapter[News] = TypeAdapter(
    Annotated[
        ChangedMessage
        | MembersChanged
        | ToldConversation
        | ChangedConversation
        | Invited
        | NewReceipts
        | TypingNow
        | Missed,
        Field(discriminator="kind"),
    ]
)


def write_hint(origin: UUID, items: Sequence[News]) -> bytes:
    """The body of a hint: news of one replica, in order. Messages stand in it as they were encoded before."""
    return orjson.dumps({"origin": origin, "items": [_raw(item) for item in items]})


def is_from(origin: UUID, body: bytes) -> bool:
    """Tell, without reading it, whether a hint is from that replica of this release."""
    return body.startswith(b'{"origin":"%s"' % str(origin).encode())


def read_hint(body: bytes) -> list[News]:
    """Read those of a hint's news that this release knows.

    Raises:
        ValueError: it is no hint.
    """
    raw = orjson.loads(body)
    items = raw.get("items") if isinstance(raw, dict) else None
    if items is None:
        raise ValueError("not a hint")
    known: list[News] = []
    for item in items:
        with suppress(ValidationError, ValueError, LookupError, TypeError):
            known.append(_read_messages(item) if item["kind"] == "messages" else _OTHERS.validate_python(item))
    return known


def _raw(item: News) -> object:
    if not isinstance(item, NewMessages):
        return orjson.Fragment(item.model_dump_json())
    return {
        "kind": "messages",
        "conversation_id": item.conversation_id,
        "member_version": item.member_version,
        "messages": [orjson.Fragment(message.json) for message in item.messages],
    }


def _read_messages(item: dict[str, Any]) -> NewMessages:
    return NewMessages(
        ConversationId(UUID(item["conversation_id"])),
        int(item["member_version"]),
        [Shown.read(message) for message in item["messages"]],
    )
