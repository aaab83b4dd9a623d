"""What travels by Socket.IO: payloads of client events, their acknowledgements, and payloads of server events."""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from messaging_wire.base import Answer, Request
from messaging_wire.conversation import Conversation
from messaging_wire.ids import ConversationId, UserId
from messaging_wire.message import Message
from messaging_wire.problems import Problem

MESSAGE_PATH = "/message/socket.io/"
NOTIFICATION_PATH = "/notification/socket.io/"


class Position(Request):
    """How far a client has come in one conversation."""

    seq: int = Field(default=0, ge=0)
    rev: int | None = Field(default=None, ge=0)


def _short_form(value: Any) -> Any:
    return {"seq": value} if isinstance(value, int) else value


class SyncRequest(Request):
    """Payload of `sync`: what the client has of each conversation; `{id: seq}` is accepted for short."""

    epoch: str | None = Field(default=None, max_length=64)
    conversations: dict[ConversationId, Annotated[Position, BeforeValidator(_short_form)]] = Field(
        default_factory=dict, max_length=200
    )


class ConversationSync(Answer):
    """What a client misses of one conversation: new messages by `seq`, changed older ones by `rev`.

    Whoever applies it names `rev` of this answer in the next `sync`: every change up to there is had.
    """

    messages: list[Message]
    changes: list[Message] = Field(default_factory=list)
    first_seq: int
    last_seq: int
    last_rev: int
    rev: int = 0
    more: bool


class SyncAnswer(Answer):
    """Acknowledgement of `sync`: conversations not named in the request stand in `joined`, lost ones in `gone`."""

    ok: Literal[True] = True
    epoch: str
    conversations: dict[ConversationId, ConversationSync]
    joined: list[Conversation]
    gone: list[ConversationId]


class ReceiptEvent(Request):
    """Payload of the client event `receipt`."""

    conversation_id: ConversationId
    delivered_seq: int | None = Field(default=None, ge=0)
    read_seq: int | None = Field(default=None, ge=0)


class TypingEvent(Request):
    """Payload of the client event `typing`."""

    conversation_id: ConversationId


class PresenceEvent(Request):
    """Payload of the client event `presence`: what this socket's person is; a new socket is online."""

    state: Literal["online", "away"]


class RefreshEvent(Request):
    """Payload of `refresh`: a newer access token of the same person and session."""

    token: str = Field(min_length=1, max_length=8192)


class Typing(Answer):
    """Payload of the server event `typing`, good for 6 s."""

    conversation_id: ConversationId
    user_id: UserId


class Acknowledged(Answer):
    """Acknowledgement of an event that succeeded and has nothing to tell."""

    ok: Literal[True] = True


class MessageAcknowledged(Acknowledged):
    """Acknowledgement of `send_message`: the message is durably stored."""

    message: Message


class Refused(Answer):
    """Acknowledgement of an event that failed."""

    ok: Literal[False] = False
    problem: Problem


class Resync(Answer):
    """Payload of `resync`: something may have been missed, in one conversation or anywhere."""

    conversation_id: ConversationId | None = None


class ConversationChanged(Answer):
    """Payload of the server event `conversation`.

    `deleted` also tells a person's devices that they have put a direct conversation aside; its next message brings it
    back, and `sync` gives it as joined.
    """

    reason: Literal["joined", "changed", "left", "deleted"]
    conversation: Conversation


class InvitationMade(Answer):
    """Payload of the server event `invitation`: somebody asks one into a group."""

    conversation_id: ConversationId
    title: str
    inviter_id: UserId


class SessionEnded(Answer):
    """Payload of `session_ended`, after which the server closes the socket."""

    reason: str
