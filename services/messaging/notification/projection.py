"""What message's events mean for notifications: one transaction per batch, right in whatever order they come.

An open row counts the distinct `seq`s above what its person has read (or closed by hand), never own ones: sending
reads up to one's own message. Each message counts once, however often it is told, as its bit in a block is the mark.
A message whose membership has not been heard of yet is put aside and worked off when that arrives.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar
from uuid import UUID

from messaging_wire.events import (
    Envelope,
    Event,
    LevelChanged,
    MembershipChanged,
    MessageCreated,
    MessageUpdated,
    ReceiptUpdated,
    RelationChanged,
    parse_event,
)
from sqlmodel.ext.asyncio.session import AsyncSession

from messaging.kernel.clock import Clock
from messaging.kernel.purging import NOBODY, deleted_among
from messaging.notification.changes import AnyChange, Change
from messaging.notification.fanout import FanOut
from messaging.notification.levels import apply_levels, apply_relations
from messaging.notification.membership import apply_memberships
from messaging.notification.store import activity, notifications
from messaging.notification.store.activity import Conversation, Pair
from messaging.notification.taking import take_in

E = TypeVar("E", bound=Event)


@dataclass
class Batch:
    """The events of a batch by kind."""

    events: dict[type[Event], list[Any]] = field(default_factory=lambda: defaultdict(list))

    @classmethod
    def of(cls, envelopes: Iterable[Envelope]) -> "Batch":
        """Read the events.

        Raises:
            pydantic.ValidationError: one is not what its routing key says.
        """
        batch = cls()
        for envelope in envelopes:
            event = parse_event(envelope.routing_key, envelope.body)
            if isinstance(event, Event):
                batch.events[type(event)].append(event)
        return batch

    def all_of(self, kind: type[E]) -> list[E]:
        """The events of one kind."""
        return self.events[kind]

    def conversation_ids(self) -> set[UUID]:
        """Every conversation that is spoken of."""
        kinds = (MembershipChanged, LevelChanged, MessageCreated, MessageUpdated, ReceiptUpdated)
        return {event.conversation_id for kind in kinds for event in self.events[kind]}

    def people(self) -> set[UUID]:
        """Everybody of whom something would be kept."""
        found: set[UUID] = {event.sender_id for event in self.all_of(MessageCreated)}
        found |= {event.user_id for kind in (ReceiptUpdated, LevelChanged) for event in self.events[kind]}
        found |= {user for event in self.all_of(RelationChanged) for user in (event.user_id, event.other_id)}
        return found | {change.user_id for event in self.all_of(MembershipChanged) for change in event.changes}


class Projection:
    """Works off one batch in the caller's transaction."""

    def __init__(self, session: AsyncSession, clock: Clock) -> None:
        self._session = session
        self._now = clock.now()
        self._known: dict[UUID, Conversation] = {}
        self._changes: list[AnyChange] = []
        self._gone: set[UUID] = set()

    async def apply(self, envelopes: Sequence[Envelope]) -> list[AnyChange]:
        """Work off events that are new by their ids; return what people are to be told after the commit."""
        batch = Batch.of(envelopes)
        self._known = await activity.lock_conversations(self._session, batch.conversation_ids())
        self._gone = await deleted_among(self._session, batch.people())
        await self._take_choices(batch)
        memberships = [self._without_gone(event) for event in batch.all_of(MembershipChanged)]
        advances = defaultdict[Pair, int](int, await apply_memberships(self._session, self._known, memberships))
        await self._remove_of_former_members({event.conversation_id for event in memberships})
        sent = await self._ripe(batch.all_of(MessageCreated), {event.conversation_id for event in memberships})
        for receipt in batch.all_of(ReceiptUpdated):
            pair = (receipt.conversation_id, receipt.user_id)
            advances[pair] = max(advances[pair], receipt.read_seq)
        for message in sent:
            pair = (message.conversation_id, message.sender_id)
            advances[pair] = max(advances[pair], message.seq)
        await self._tell(sent, batch.all_of(MessageUpdated), advances)
        await activity.save_conversations(self._session, self._known.values())
        return self._changes

    async def _take_choices(self, batch: Batch) -> None:
        """Take in what people want to be told of, ahead of what there is to tell."""
        relations = [event for event in batch.all_of(RelationChanged) if self._gone.isdisjoint(_both(event))]
        await apply_relations(self._session, relations)
        chosen = [event for event in batch.all_of(LevelChanged) if event.user_id not in self._gone]
        self._changes += await apply_levels(self._session, chosen, self._now)

    async def _ripe(self, created: Sequence[MessageCreated], moved: Iterable[UUID]) -> list[MessageCreated]:
        """Sort out what can be worked off, with what had been put aside; put aside what cannot. Texts only."""
        ripe: list[MessageCreated] = []
        unripe: list[dict[str, Any]] = []
        for event in created:
            if event.kind != "text":
                continue
            if event.member_version <= self._known[event.conversation_id].member_version:
                ripe.append(event)
            else:
                unripe.append(
                    {
                        "conversation_id": event.conversation_id,
                        "member_version": event.member_version,
                        "body": event.model_dump_json(),
                        "received_at": self._now,
                    }
                )
        await activity.defer(self._session, unripe)
        for conversation_id in moved:
            while bodies := await activity.take_ripe(self._session, self._known[conversation_id]):
                ripe += [MessageCreated.model_validate_json(body) for body in bodies]
        return [self._unnamed(event) if event.sender_id in self._gone else event for event in ripe]

    def _without_gone(self, event: MembershipChanged) -> MembershipChanged:
        """The event without people who have deleted their accounts: it came late, and brings nobody back."""
        if self._gone.isdisjoint(change.user_id for change in event.changes):
            return event
        return event.model_copy(update={"changes": [one for one in event.changes if one.user_id not in self._gone]})

    def _unnamed(self, event: MessageCreated) -> MessageCreated:
        return event.model_copy(update={"sender_username": NOBODY})

    async def _remove_of_former_members(self, conversation_ids: Iterable[UUID]) -> None:
        """Take away what tells of conversations that a person is no member of any more."""
        rows = await notifications.open_rows_of_former_members(self._session, conversation_ids)
        await notifications.remove(self._session, [row["id"] for row in rows])
        for row in rows:
            self._changes.append(Change("notification_removed", row["user_id"], row["id"], row["conversation_id"]))

    async def _tell(
        self, sent: Sequence[MessageCreated], updated: Sequence[MessageUpdated], advances: Mapping[Pair, int]
    ) -> None:
        """Take in messages and their changes, tell of them, and move read positions forward."""
        taken = await take_in(self._session, sent, updated, self._now)
        fan_out = FanOut(self._session, self._known, taken.blocks, now=self._now)
        kept = {pair: seq for pair, seq in advances.items() if pair[1] not in self._gone}
        self._changes += await fan_out.tell(taken.items, kept)
        for row in await notifications.replace_texts(self._session, taken.replaced):
            self._changes.append(Change("notification_updated", row["user_id"], row["id"], row["conversation_id"]))


def _both(event: RelationChanged) -> tuple[UUID, UUID]:
    return event.user_id, event.other_id
