"""A conversation as message would tell of it: what happens in it, as the events that it publishes."""

import itertools
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from messaging.kernel.ids import new_id
from messaging_wire.conversation import Level, Role
from messaging_wire.events import (
    Envelope,
    Event,
    LevelChanged,
    MemberChange,
    MembershipChanged,
    MessageCreated,
    MessageUpdated,
    ReceiptUpdated,
)
from messaging_wire.ids import ConversationId, EventId, MessageId, UserId

_titles = itertools.count(1)


@dataclass
class Story:
    """One conversation; each method is something that happens in it and returns the event that tells of it."""

    id: ConversationId = field(default_factory=lambda: ConversationId(new_id()))
    title: str | None = field(default_factory=lambda: f"Conversation {next(_titles)}")
    members: set[UserId] = field(default_factory=set)
    reads: dict[UserId, int] = field(default_factory=dict)
    member_version: int = 0
    last_seq: int = 0
    last_rev: int = 0
    choices: int = 0
    texts: dict[int, str] = field(default_factory=dict)

    def begins_with(self, *people: UserId) -> MembershipChanged:
        """The conversation is made."""
        self.members |= set(people)
        return self._membership(list(people), "member", complete=True)

    def joins(self, person: UserId) -> MembershipChanged:
        """Somebody joins, and has read what was there."""
        self.members.add(person)
        self.reads[person] = self.last_seq
        return self._membership([person], "member")

    def leaves(self, person: UserId) -> MembershipChanged:
        """Somebody leaves."""
        self.members.discard(person)
        return self._membership([person], None)

    def snapshot(self) -> MembershipChanged:
        """All members are told again, as by `messaging message republish`."""
        self.member_version -= 1
        return self._membership(sorted(self.members), "member", complete=True)

    def sends(self, person: UserId, text: str = "hello", mentions: tuple[UserId, ...] = ()) -> MessageCreated:
        """Somebody sends a message, which reads up to it."""
        self.last_seq += 1
        self.last_rev += 1
        self.reads[person] = self.last_seq
        self.texts[self.last_seq] = text
        return MessageCreated(
            version=self.last_rev,
            message_id=MessageId(new_id()),
            conversation_id=self.id,
            member_version=self.member_version,
            seq=self.last_seq,
            kind="text",
            sender_id=person,
            sender_username="sender",
            content=text,
            mentions=list(mentions),
            created_at=datetime.now(UTC),
        )

    def changes(
        self, seq: int, text: str, *, deleted: bool = False, mentions: tuple[UserId, ...] = ()
    ) -> MessageUpdated:
        """A message is edited, or deleted."""
        self.last_rev += 1
        self.texts[seq] = "" if deleted else text
        return MessageUpdated(
            version=self.last_rev,
            message_id=MessageId(new_id()),
            conversation_id=self.id,
            seq=seq,
            content=text,
            deleted=deleted,
            mentions=list(mentions),
        )

    def reads_up_to(self, person: UserId, seq: int) -> ReceiptUpdated:
        """Somebody has read up to a message."""
        self.reads[person] = max(seq, self.reads.get(person, 0))
        return ReceiptUpdated(version=seq, conversation_id=self.id, user_id=person, read_seq=seq)

    def chooses(self, person: UserId, level: Level, muted_until: datetime | None = None) -> LevelChanged:
        """Somebody chooses what to be told of."""
        self.choices += 1
        return LevelChanged(
            version=self.choices, conversation_id=self.id, user_id=person, level=level, muted_until=muted_until
        )

    def _membership(self, people: list[UserId], role: Role | None, *, complete: bool = False) -> MembershipChanged:
        self.member_version += 1
        return MembershipChanged(
            version=self.member_version,
            conversation_id=self.id,
            kind="group" if self.title else "direct",
            title=self.title,
            changes=[MemberChange(user_id=p, role=role, read_seq=self.reads.get(p, 0)) for p in people],
            complete=complete,
        )


def envelope(event: Event, *, id: UUID | None = None) -> Envelope:  # noqa: A002 - the envelope's own word
    """An event as it travels; another `id` each time, as when it is republished."""
    body: dict[str, Any] = event.model_dump(mode="json")
    return Envelope(id=EventId(id or new_id()), routing_key=event.routing_key, occurred_at=datetime.now(UTC), body=body)
