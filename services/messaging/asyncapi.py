"""The AsyncAPI document: what travels by Socket.IO through the gateway, and by events between services.

`messaging asyncapi` prints it; the result is checked in as docs/asyncapi.yaml.
"""

from typing import Any, Final

import yaml
from messaging_wire import conversation, events, message, notification, realtime, user
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from messaging.kernel.settings import VERSION

Event = tuple[str, type[BaseModel], str]

CLIENT_TO_MESSAGE: Final[tuple[tuple[str, type[BaseModel], type[BaseModel], str], ...]] = (
    (
        "send_message",
        message.SendRequest,
        realtime.MessageAcknowledged,
        "Send a message; acknowledged when it is stored durably",
    ),
    ("sync", realtime.SyncRequest, realtime.SyncAnswer, "Ask for what is missing of up to 200 conversations"),
    ("receipt", realtime.ReceiptEvent, realtime.Acknowledged, "Say how far one has come"),
    ("typing", realtime.TypingEvent, realtime.Acknowledged, "Say that one is typing"),
    ("presence", realtime.PresenceEvent, realtime.Acknowledged, "Say that one is there, or away from the keyboard"),
    ("refresh", realtime.RefreshEvent, realtime.Acknowledged, "Bring a newer token of the same session"),
)
MESSAGE_TO_CLIENT: Final[tuple[Event, ...]] = (
    ("message", message.Message, "A new message, in seq order per conversation"),
    ("message_updated", message.Message, "A message was edited or deleted"),
    ("conversation", realtime.ConversationChanged, "One's membership or the conversation changed"),
    ("invitation", realtime.InvitationMade, "Somebody asks one into a group"),
    ("receipt", conversation.Receipt, "How far a member has come"),
    ("typing", realtime.Typing, "A member is typing; good for 6 s"),
    ("presence", user.Presence, "A contact, or a fellow member of a small conversation, came, went or is away"),
    ("resync", realtime.Resync, "Something may have been missed"),
    ("session_ended", realtime.SessionEnded, "The socket is closed after this"),
)
CLIENT_TO_NOTIFICATION: Final[tuple[tuple[str, type[BaseModel], type[BaseModel], str], ...]] = (
    ("read", notification.ReadEvent, realtime.Acknowledged, "Mark a notification as read"),
    ("refresh", realtime.RefreshEvent, realtime.Acknowledged, "Bring a newer token of the same session"),
)
NOTIFICATION_TO_CLIENT: Final[tuple[Event, ...]] = (
    ("notification", notification.Notification, "A new or grown notification"),
    ("notification_updated", notification.Notification, "A notification changed, such as by being read"),
    ("notification_removed", notification.NotificationRemoved, "A notification is gone"),
    ("session_ended", realtime.SessionEnded, "The socket is closed after this"),
)


def document() -> dict[str, Any]:
    """Build the document from the wire types (AsyncAPI 3.0, https://www.asyncapi.com/docs/reference/specification/v3.0.0)."""
    channels = {
        "message": _socket(realtime.MESSAGE_PATH, CLIENT_TO_MESSAGE, MESSAGE_TO_CLIENT),
        "notification": _socket(realtime.NOTIFICATION_PATH, CLIENT_TO_NOTIFICATION, NOTIFICATION_TO_CLIENT),
        "events": {
            "address": events.EXCHANGE,
            "description": "Between services: a durable topic exchange; the routing key names the event",
            "messages": {kind.routing_key: _message(kind, (kind.__doc__ or "").strip()) for kind in events.ALL},
        },
    }
    return {
        "asyncapi": "3.0.0",
        "info": {"title": "Messaging platform, real time", "version": VERSION},
        "channels": channels,
        "operations": _operations(channels),
        "components": {"schemas": _schemas()},
    }


def _socket(
    path: str, asked: tuple[tuple[str, type[BaseModel], type[BaseModel], str], ...], told: tuple[Event, ...]
) -> dict[str, Any]:
    messages = {f"client.{name}": _message(kind, text) for name, kind, _, text in asked}
    messages |= {f"client.{name}.ack": _message(ack, f"Acknowledges {name}") for name, _, ack, _ in asked}
    messages["refused"] = _message(realtime.Refused, "Acknowledges any event that failed")
    messages |= {f"server.{name}": _message(kind, text) for name, kind, text in told}
    return {
        "address": path,
        "description": 'Socket.IO 5, namespace "/", WebSocket first; CONNECT auth is {"token": "<access token>"}',
        "messages": messages,
    }


def _operations(channels: dict[str, Any]) -> dict[str, Any]:
    """Who sends what: clients their events, services the acknowledgements, their own events and those between them."""
    operations: dict[str, Any] = {}
    for channel, described in channels.items():
        names = list(described["messages"])
        received = [name for name in names if name.startswith("client.") and not name.endswith(".ack")]
        sides = {"receive": received or names, "send": [name for name in names if name not in received]}
        for action, chosen in sides.items():
            operations[f"{channel}.{action}"] = {
                "action": action,
                "channel": {"$ref": f"#/channels/{channel}"},
                "messages": [{"$ref": f"#/channels/{channel}/messages/{name}"} for name in chosen],
            }
    return operations


def _message(kind: type[BaseModel], text: str) -> dict[str, Any]:
    return {"summary": text.splitlines()[0], "payload": {"$ref": f"#/components/schemas/{kind.__name__}"}}


def _kinds() -> list[type[BaseModel]]:
    kinds: list[type[BaseModel]] = [realtime.Refused, events.Envelope, *events.ALL]
    for _, asked, acknowledgement, _ in (*CLIENT_TO_MESSAGE, *CLIENT_TO_NOTIFICATION):
        kinds += [asked, acknowledgement]
    kinds += [told for _, told, _ in (*MESSAGE_TO_CLIENT, *NOTIFICATION_TO_CLIENT)]
    return list(dict.fromkeys(kinds))


def _schemas() -> dict[str, Any]:
    _, schema = models_json_schema(
        [(kind, "validation") for kind in _kinds()], ref_template="#/components/schemas/{model}"
    )
    definitions: dict[str, Any] = schema["$defs"]
    return definitions


def render_document() -> str:
    """The document as YAML, stable from run to run."""
    return yaml.safe_dump(document(), sort_keys=True, allow_unicode=True, width=120)
