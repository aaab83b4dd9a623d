"""What a real-time client tells its owner: the command line prints it, a window shows it. All immutable."""

from dataclasses import dataclass
from datetime import timedelta

from messaging_wire.conversation import Conversation, Receipt
from messaging_wire.ids import ConversationId
from messaging_wire.message import Message
from messaging_wire.realtime import InvitationMade, Typing


@dataclass(frozen=True)
class Connected:
    """Connected and caught up; `again` after an interruption."""

    again: bool


@dataclass(frozen=True)
class Interrupted:
    """The connection ended; the next attempt follows in `retry_in`."""

    reason: str
    retry_in: timedelta


@dataclass(frozen=True)
class Arrived:
    """Messages that follow, without a gap and each once, those told before."""

    conversation_id: ConversationId
    messages: tuple[Message, ...]


@dataclass(frozen=True)
class Changed:
    """Messages told before that are different now: edited, deleted, reacted to."""

    conversation_id: ConversationId
    messages: tuple[Message, ...]


@dataclass(frozen=True)
class ConversationJoined:
    """A conversation that one is in, and was not told of before."""

    conversation: Conversation


@dataclass(frozen=True)
class ConversationGone:
    """A conversation that one is no longer in."""

    conversation_id: ConversationId


@dataclass(frozen=True)
class HistoryReplaced:
    """The platform was restored from a backup: what was told before may not be there any more."""


Happening = (
    Connected
    | Interrupted
    | Arrived
    | Changed
    | ConversationJoined
    | ConversationGone
    | HistoryReplaced
    | Receipt
    | Typing
    | InvitationMade
)
