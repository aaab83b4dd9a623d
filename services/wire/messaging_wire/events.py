"""Events between services, over the durable topic exchange `messaging.events`.

Each carries `version`, the version of its entity: consumers assume no order and ignore what is older than they have.
Readers ignore unknown fields; a field is only ever added, with a default.
"""

from typing import ClassVar, Literal

from pydantic import BaseModel, Field

from messaging_wire.base import Answer, Time
from messaging_wire.conversation import ConversationKind, Level, Role
from messaging_wire.ids import ConversationId, EventId, MessageId, SessionId, UserId

EXCHANGE = "messaging.events"
DirectMessages = Literal["everyone", "contacts"]


class Event(Answer):
    """The base of all events; `routing_key` names the kind on the wire."""

    routing_key: ClassVar[str]

    version: int = Field(ge=0)
    """The entity's version after the change; greater is newer."""


class Envelope(Answer):
    """What travels: one event as `body`, or several of one kind and one transaction as `bodies`.

    `id` makes consumers idempotent: they take all of an envelope in one transaction, or none. `traceparent` continues
    the W3C trace. Handlers get each event with the `id` of what it came in and its own `index` there.
    """

    id: EventId
    routing_key: str
    occurred_at: Time
    traceparent: str | None = None
    body: dict[str, object] = Field(default_factory=dict)
    bodies: list[dict[str, object]] = Field(default_factory=list)
    index: int = Field(default=0, exclude=True)

    def __len__(self) -> int:
        """How many events it carries."""
        return len(self.bodies) or 1

    def unpack(self) -> "list[Envelope]":
        """The events that it carries, each in an envelope of its own."""
        if not self.bodies:
            return [self]
        return [
            Envelope.model_construct(
                id=self.id,
                routing_key=self.routing_key,
                occurred_at=self.occurred_at,
                traceparent=self.traceparent,
                body=body,
                bodies=[],  # named, or the library looks at the signature of its default's factory each time
                index=index,
            )
            for index, body in enumerate(self.bodies)
        ]


class UserCreated(Event):
    """An account was made (auth)."""

    routing_key: ClassVar[str] = "user.created"

    user_id: UserId
    username: str
    email: str
    created_at: Time


class ProfileUpdated(Event):
    """A profile was made or changed (user); `version` counts its changes."""

    routing_key: ClassVar[str] = "profile.updated"

    user_id: UserId
    username: str
    display_name: str
    avatar_url: str | None = None
    direct_messages: DirectMessages = "everyone"
    send_read_receipts: bool = True
    show_presence: bool = True


class RelationChanged(Event):
    """What one person has said of another (user); `version` counts the changes of this pair in this direction.

    Contacts hold both ways, each told by an event of its own; a block holds one way.
    """

    routing_key: ClassVar[str] = "relation.changed"

    user_id: UserId
    other_id: UserId
    contact: bool
    blocked: bool


class UserDeleted(Event):
    """An account was deleted (auth): each service removes what it holds and answers with `user.purged`."""

    routing_key: ClassVar[str] = "user.deleted"

    user_id: UserId
    messages: Literal["keep", "delete"]


class UserPurged(Event):
    """A service holds nothing of a deleted account any more."""

    routing_key: ClassVar[str] = "user.purged"

    user_id: UserId
    service: str


class SessionRevoked(Event):
    """A session, or all of a person's when `session_id` is null, ended (auth). A hint: the feed is the truth."""

    routing_key: ClassVar[str] = "session.revoked"

    user_id: UserId
    session_id: SessionId | None = None
    position: int


class MemberChange(Answer):
    """One person's membership after a change; `role` is null when they are no member any more."""

    user_id: UserId
    role: Role | None = None
    username: str = ""
    read_seq: int = 0


class MembershipChanged(Event):
    """Members came, went or changed role (message).

    `version` is the conversation's `member_version`, which grows by exactly one with each such event. In a snapshot
    (`complete` is true: the first event of a conversation, or a republished one) `changes` holds every member, and
    earlier versions need not be waited for.
    """

    routing_key: ClassVar[str] = "membership.changed"

    conversation_id: ConversationId
    kind: ConversationKind
    title: str | None = None
    changes: list[MemberChange]
    complete: bool = False


class LevelChanged(Event):
    """A member chose what to be told of (message); `version` counts the member's changes."""

    routing_key: ClassVar[str] = "level.changed"

    conversation_id: ConversationId
    user_id: UserId
    level: Level
    muted_until: Time | None = None


class MessageCreated(Event):
    """A message was stored (message); `version` is its `rev`.

    `member_version` is the membership under which it was sent: a consumer that knows an older one waits for
    `membership.changed`.
    """

    routing_key: ClassVar[str] = "message.created"

    message_id: MessageId
    conversation_id: ConversationId
    member_version: int
    seq: int
    kind: Literal["text", "system"]
    sender_id: UserId
    sender_username: str
    content: str
    mentions: list[UserId] = Field(default_factory=list)
    created_at: Time


class MessageUpdated(Event):
    """A message was edited or deleted (message); `version` is its `rev`."""

    routing_key: ClassVar[str] = "message.updated"

    message_id: MessageId
    conversation_id: ConversationId
    seq: int
    content: str
    deleted: bool = False
    mentions: list[UserId] = Field(default_factory=list)
    sender_id: UserId | None = None
    sender_username: str = ""
    """As far as whoever changed it is its sender."""


class ReceiptUpdated(Event):
    """A member has read up to `read_seq` (message); `version` equals it."""

    routing_key: ClassVar[str] = "receipt.updated"

    conversation_id: ConversationId
    user_id: UserId
    read_seq: int


ALL: tuple[type[Event], ...] = (
    UserCreated,
    UserDeleted,
    UserPurged,
    ProfileUpdated,
    RelationChanged,
    SessionRevoked,
    MembershipChanged,
    LevelChanged,
    MessageCreated,
    MessageUpdated,
    ReceiptUpdated,
)
BY_ROUTING_KEY: dict[str, type[Event]] = {event.routing_key: event for event in ALL}


def parse_event(routing_key: str, body: dict[str, object] | bytes | str) -> BaseModel:
    """Read an event's body by its routing key.

    Raises:
        KeyError: no such event is known here.
        pydantic.ValidationError: the body is not one.
    """
    model = BY_ROUTING_KEY[routing_key]
    return model.model_validate_json(body) if isinstance(body, bytes | str) else model.model_validate(body)
