"""A message as it travels: encoded once, for its acknowledgement, for every socket, and for other replicas.

All readers of a conversation are shown the same, but for `client_message_id`, which is the sender's own.
"""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import orjson
from messaging_wire.ids import ConversationId, MessageId, UserId
from messaging_wire.message import Message

from messaging.kernel.socketio_server import Outgoing

OWN_ID = b'"client_message_id":'


class Shown:
    """A message as its sender sees it, and its JSON."""

    __slots__ = ("conversation_id", "id", "is_changed", "json", "rev", "sender_id", "seq")

    def __init__(
        self,
        json: bytes,
        *,
        id: MessageId,  # noqa: A002 - the field's name on the wire
        conversation_id: ConversationId,
        seq: int,
        rev: int,
        sender_id: UserId,
        is_changed: bool = False,
    ) -> None:
        self.json = json
        self.id = id
        self.conversation_id = conversation_id
        self.seq = seq
        self.rev = rev
        self.sender_id = sender_id
        self.is_changed = is_changed
        """Whether it is known to be another than as first sent, so that an older change of it may still come."""

    @classmethod
    def of(cls, message: Message) -> "Shown":
        """Encode a view."""
        return cls(
            message.model_dump_json().encode(),
            id=message.id,
            conversation_id=message.conversation_id,
            seq=message.seq,
            rev=message.rev,
            sender_id=message.sender_id,
            is_changed=bool(message.edited_at or message.deleted_at or message.pinned or message.reactions),
        )

    @classmethod
    def read(cls, fields: Mapping[str, Any]) -> "Shown":
        """Take a message from another replica, of whatever release.

        Raises:
            KeyError, ValueError: it is none.
        """
        return cls(
            orjson.dumps(fields),
            id=MessageId(UUID(fields["id"])),
            conversation_id=ConversationId(UUID(fields["conversation_id"])),
            seq=int(fields["seq"]),
            rev=int(fields["rev"]),
            sender_id=UserId(UUID(fields["sender_id"])),
            is_changed=any(fields.get(name) for name in ("edited_at", "deleted_at", "pinned", "reactions")),
        )

    @property
    def json_for_others(self) -> bytes:
        """The JSON for everybody but the sender.

        The key cannot be met inside a text before its place: `client_message_id` stands ahead of `content`, and a
        quotation mark inside a text is escaped.
        """
        start = self.json.find(OWN_ID)
        if start < 0:
            return self.json
        value = start + len(OWN_ID)
        return self.json[:value] + b"null" + self.json[self.json.index(b",", value) :]

    def outgoing(self, event: str) -> tuple[Outgoing, Outgoing]:
        """The event for the message's sender, and for everybody else."""
        return Outgoing.event(event, self.json), Outgoing.event(event, self.json_for_others)

    def message(self) -> Message:
        """The view again."""
        return Message.model_validate_json(self.json)
