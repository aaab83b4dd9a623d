"""What travels by REST, and in Socket.IO payloads, about notifications."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import StringConstraints

from messaging_wire.base import Answer, Request, Text, Time
from messaging_wire.ids import ConversationId, MessageId, NotificationId

NotificationKind = Literal["message", "mention", "reminder", "contact", "system"]


class Notification(Answer):
    """A notification; at most one open one per person, conversation and kind: `count` tells for how many messages.

    A message that mentions one counts as `mention` and not as `message`, also once an edit mentions one, unless it was
    read before. Nothing is told of messages of somebody whom one has blocked. PUT /conversation/{id}/notifications says
    of what else nothing is told.
    """

    id: NotificationId
    kind: NotificationKind
    title: str
    message: str
    count: int
    conversation_id: ConversationId | None = None
    message_id: MessageId | None = None
    seq: int | None = None
    created_at: Time
    updated_at: Time
    read_at: Time | None = None


class ReminderCreate(Request):
    """Body of POST /notification: a reminder to oneself, now or `at` a time."""

    message: Annotated[Text, StringConstraints(min_length=1, max_length=1000)]
    at: Time | None = None
    client_id: UUID | None = None


class NotificationUpdate(Request):
    """Body of PUT /notification/{id}."""

    read: bool


class ReadEvent(Request):
    """Payload of the client event `read`: marks one notification read."""

    id: NotificationId


class NotificationRemoved(Answer):
    """Payload of the server event `notification_removed`."""

    id: NotificationId
