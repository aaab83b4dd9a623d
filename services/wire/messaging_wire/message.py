"""What travels by REST, and in Socket.IO payloads, about messages."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from messaging_wire.base import Answer, Request, Text, Time
from messaging_wire.ids import ClientMessageId, ConversationId, MessageId, UserId

Content = Annotated[Text, StringConstraints(min_length=1, max_length=4000)]
MessageKind = Literal["text", "system"]
MessageStatus = Literal["sent", "delivered", "read"]


class SendRequest(Request):
    """Body of POST /message and of the event `send_message`; idempotent for ever by (sender, client_message_id)."""

    conversation_id: ConversationId
    client_message_id: ClientMessageId
    content: Content
    reply_to: MessageId | None = None


class EditRequest(Request):
    """Body of PUT /message/{id}."""

    content: Content


class Reaction(Answer):
    """How many people reacted with one emoji, and the first 20 of them; `me` tells whether the reader is one.

    In events, which are the same for everybody, `me` is null: the reader is one where `user_ids` holds them, is none
    where it holds all of `count`, and else still is what they were, unless `actor_id` of the message is themselves.
    """

    count: int
    me: bool | None
    user_ids: list[UserId]


class Message(Answer):
    """A message as one reader sees it: `client_message_id` only to its sender; a tombstone has `deleted_at`.

    `reactions` are in the order in which the emojis were first used. `actor_id` stands in `message_updated` only: who
    made the change.
    """

    id: MessageId
    conversation_id: ConversationId
    seq: int
    rev: int
    kind: MessageKind
    sender_id: UserId
    client_message_id: ClientMessageId | None = None
    content: str
    reply_to: MessageId | None = None
    mentions: list[UserId] = Field(default_factory=list)
    attachments: list[dict[str, str]] = Field(default_factory=list)
    pinned: bool = False
    reactions: dict[str, Reaction] = Field(default_factory=dict)
    created_at: Time
    edited_at: Time | None = None
    deleted_at: Time | None = None
    status: MessageStatus = "sent"
    actor_id: UserId | None = None


class MessageVersion(Answer):
    """A former text of a message, the one it had until it was edited at a later `written_at`."""

    rev: int
    content: str
    written_at: Time


class MessagePage(Answer):
    """A page of a conversation's history, ascending by `seq`; `more` tells of messages beyond, in the asked way."""

    items: list[Message]
    first_seq: int
    last_seq: int
    more: bool


class ChangePage(Answer):
    """Messages that were made or changed after a `rev`, in ascending `rev`."""

    items: list[Message]
    last_rev: int
    more: bool
