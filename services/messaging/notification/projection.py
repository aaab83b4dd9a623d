"""What message's events mean for notifications: one transaction per batch, right in whatever order they come.

An open row counts the distinct `seq`s above what its person has read (or closed by hand), never own ones: sending
reads up to one's own message. Each message counts once, however often it is told, as its `activity` row is the mark.
A message whose membership has not been heard of yet is put aside and worked off when that arrives.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar
from uuid import UUID

from messaging_wire.events import (
    Envelope,
    Event,
    MembershipChanged,
    MessageCreated,
    MessageUpdated,
    ReceiptUpdated,
    parse_event,
)
from sqlmodel.ext.asyncio.session import AsyncSession

from messaging.kernel.clock import Clock
from messaging.kernel.purging import NOBODY, deleted_among
from messaging.notification.changes import Change, preview
from messaging.notification.fanout import FanOut
from messaging.notification.membership import apply_memberships
from messaging.notification.store import activity, notifications
from messaging.notification.store.activity import Conversation, Pair, Place

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
        return {event.conversation_id for events in self.events.values() for event in events}

    def people(self) -> set[UUID]:
        """Everybody of whom something would be kept."""
        found: set[UUID] = {event.sender_id for event in self.all_of(MessageCreated)}
        found |= {event.user_id for event in self.all_of(ReceiptUpdated)}
        return found | {change.user_id for event in self.all_of(MembershipChanged) for change in event.changes}


class Projection:
    """Works off one batch in the caller's transaction."""

    def __init__(self, session: AsyncSession, clock: Clock) -> None:
        self._session = session
        self._now = clock.now()
        self._known: dict[UUID, Conversation] = {}
        self._changes: list[Change] = []
        self._gone: set[UUID] = set()

    async def apply(self, envelopes: Sequence[Envelope]) -> list[Change]:
        """Work off events that are new by their ids; return what people are to be told after the commit."""
        batch = Batch.of(envelopes)
        self._known = await activity.lock_conversations(self._session, batch.conversation_ids())
        self._gone = await deleted_among(self._session, batch.people())
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
        await self._read_up_to({pair: seq for pair, seq in advances.items() if pair[1] not in self._gone})
        await self._note_activity(sent, batch.all_of(MessageUpdated))
        await activity.save_conversations(self._session, self._known.values())
        return self._changes

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

    async def _read_up_to(self, advances: dict[Pair, int]) -> None:
        """Move read positions forward, never back; close or count anew the rows that this concerns."""
        known = await activity.memberships_of(self._session, advances)
        moved: dict[Pair, dict[str, Any]] = {}
        for pair, seq in advances.items():
            row = known.get(pair)
            if row is None:
                fresh = {"conversation_id": pair[0], "user_id": pair[1], "role": None, "version": 0}
                moved[pair] = {**fresh, "read_seq": seq}
            elif row["read_seq"] < seq:
                moved[pair] = {**row, "read_seq": seq}
        await activity.save_memberships(self._session, moved.values())
        rows = await notifications.open_rows_of(self._session, [pair for pair in moved if pair in known])
        counts = await notifications.counted(self._session, [row["id"] for row in rows])
        done = [row for row in rows if row["id"] not in counts]
        await notifications.close(self._session, [row["id"] for row in done], self._now)
        kept = [row for row in rows if row["id"] in counts and counts[row["id"]][0] != row["count"]]
        recounted = [{**row, "count": counts[row["id"]][0], "first_seq": counts[row["id"]][1]} for row in kept]
        await notifications.advance(self._session, recounted)
        for row in (*done, *kept):
            self._changes.append(Change("notification_updated", row["user_id"], row["id"], row["conversation_id"]))

    async def _note_activity(self, sent: Sequence[MessageCreated], updated: Sequence[MessageUpdated]) -> None:
        """Note messages and their changes, by `rev`; tell members of those that are new."""
        places: set[Place] = {(message.conversation_id, message.seq) for message in sent}
        places |= {(change.conversation_id, change.seq) for change in updated}
        known = await activity.activities_at(self._session, places)
        state: dict[Place, dict[str, Any]] = {place: dict(row) for place, row in known.items()}
        fresh: dict[Place, MessageCreated] = {}
        for message in sent:
            place: Place = (message.conversation_id, message.seq)
            if not state.get(place, {}).get("sent", False):
                fresh[place] = message
                self._note(state, place, rev=message.version, text=message.content)
                state[place]["sent"] = True
        replaced: set[Place] = set()
        for change in updated:
            place = (change.conversation_id, change.seq)
            if self._note(state, place, rev=change.version, text="" if change.deleted else change.content):
                replaced.add(place)
        mentions = [
            {"conversation_id": message.conversation_id, "user_id": user, "seq": message.seq, "seen_at": self._now}
            for message in fresh.values()
            for user in set(message.mentions)
        ]
        touched = [state[place] for place in sorted(fresh.keys() | replaced)]
        await activity.save_activities(self._session, touched, mentions)
        fan_out = FanOut(self._session, self._known, now=self._now)
        self._changes += await fan_out.tell(fresh, {place: state[place]["preview"] for place in fresh})
        for place in sorted(replaced - fresh.keys()):
            await self._replace_text(place, state[place]["preview"])

    def _note(self, state: dict[Place, dict[str, Any]], place: Place, *, rev: int, text: str) -> bool:
        """Take a message's text over unless a newer one is known; tell whether it was taken."""
        if place in state and state[place]["rev"] >= rev:
            return False
        sent = state.get(place, {}).get("sent", False)
        state[place] = {
            "conversation_id": place[0],
            "seq": place[1],
            "rev": rev,
            "sent": sent,
            "preview": preview(text),
            "seen_at": self._now,
        }
        return True

    async def _replace_text(self, place: Place, text: str) -> None:
        for row in await notifications.replace_text(self._session, place, text):
            self._changes.append(Change("notification_updated", row["user_id"], row["id"], place[0]))
