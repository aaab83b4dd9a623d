"""Whatever the order, the batches and the repetitions in which events arrive, the same notifications are open."""

import random
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from messaging.kernel.ids import new_id
from messaging.notification.store import notifications as store
from messaging.notification.store.crowds import CROWD
from messaging_wire.events import Envelope, Event, MessageCreated
from messaging_wire.ids import UserId

from tests.messaging.notification.conftest import Notifications
from tests.messaging.notification.story import Story, envelope
from tests.support.tokens import Person

Step = tuple[str, int, int]
Chance = random.Random
PEOPLE = 4

steps = st.lists(
    st.tuples(
        st.sampled_from(["send", "send", "send", "mention", "read", "leave", "join", "edit", "name", "delete"]),
        st.integers(0, PEOPLE - 1),
        st.integers(0, 30),
    ),
    min_size=1,
    max_size=30,
)


@dataclass
class Told:
    """A story, what was sent in it, and all the events that tell of it."""

    story: Story
    sent: list[MessageCreated]
    events: list[Event]
    named: dict[int, set[UserId]] = field(default_factory=lambda: defaultdict(set))
    """Whom edits mention, by the message."""

    def expected(self, person: UserId) -> dict[str, tuple[int, int]]:
        """What is open for somebody: per kind the count and the first seq."""
        return {kind: (len(seqs), seqs[0]) for kind, seqs in self._unread(person).items()}

    def shown(self, person: UserId) -> dict[str, set[tuple[int, str]]]:
        """The last seq and its text, per kind.

        A message that came as such and that an edit has made a mention may still be what the others' shows.
        """
        unread = self._unread(person)
        renamed = {seq for seq in unread.get("mention", []) if person in self.named[seq]}
        shown = {kind: {seqs[-1], *(seq for seq in renamed if seq > seqs[-1])} for kind, seqs in unread.items()}
        return {kind: {(seq, self.story.texts[seq]) for seq in seqs} for kind, seqs in shown.items()}

    def _unread(self, person: UserId) -> dict[str, list[int]]:
        floor = self.story.reads.get(person, 0)
        found: dict[str, list[int]] = {}
        for message in self.sent:
            if person in self.story.members and message.seq > floor:
                named = {*message.mentions, *self.named[message.seq]}
                found.setdefault("mention" if person in named else "message", []).append(message.seq)
        return found


def tell(people: Sequence[UserId], happenings: Sequence[Step], audience: Sequence[UserId] = ()) -> Told:
    """Play the steps that are possible; who is no member neither sends nor reads, and the audience does nothing."""
    told = Told(Story(), [], [])
    story = told.story
    told.events.append(story.begins_with(*people[:-1], *audience))
    for what, who, number in happenings:
        person, is_member = people[who], people[who] in story.members
        seq = number % story.last_seq + 1 if story.last_seq else None
        if what in ("send", "mention") and is_member:
            mentions = (people[number % PEOPLE],) if what == "mention" else ()
            told.sent.append(story.sends(person, f"text {number}", mentions))
            told.events.append(told.sent[-1])
        elif what == "read" and is_member and seq is not None:
            told.events.append(story.reads_up_to(person, seq))
        elif what == "leave" and is_member:
            told.events.append(story.leaves(person))
        elif what == "join" and not is_member:
            told.events.append(story.joins(person))
        elif what == "name" and seq is not None:
            told.named[seq].add(person)
            told.events.append(story.changes(seq, f"name {number}", mentions=(person,)))
        elif what in ("edit", "delete") and seq is not None:
            told.events.append(story.changes(seq, f"edit {number}", deleted=what == "delete"))
    return told


def shuffled(events: Sequence[Event], chance: Chance) -> list[list[Envelope]]:
    """Every event at least once, some redelivered, some published anew, in any order and batches."""
    envelopes = [envelope(event) for event in events]
    envelopes += [one for one in envelopes if chance.random() < 0.3]
    envelopes += [envelope(event) for event in events if chance.random() < 0.3]
    chance.shuffle(envelopes)
    batches: list[list[Envelope]] = [[]]
    for one in envelopes:
        batches[-1].append(one)
        if chance.random() < 0.4:
            batches.append([])
    return batches


async def open_of(notifications: Notifications, person: Person) -> dict[str, tuple[Any, ...]]:
    async with notifications.service.host.runtime.database.reading() as session:
        rows = await store.open_rows(session, person.id, limit=10)
    return {row["kind"]: tuple(row[name] for name in ("count", "first_seq", "last_seq", "message")) for row in rows}


async def deliver_and_compare(notifications: Notifications, people: list[Person], told: Told, chance: Chance) -> None:
    """Deliver all events somehow; then everybody has open what they should."""
    for batch in shuffled(told.events, chance):
        await notifications.bus.publish(batch)
    for person in people:
        found = await open_of(notifications, person)
        assert {kind: row[:2] for kind, row in found.items()} == told.expected(person.id)
        for kind, row in found.items():
            assert row[2:] in told.shown(person.id)[kind]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(happenings=steps, chance=st.randoms(use_true_random=False))
async def test_any_delivery_leaves_the_same_open_notifications(
    notifications: Notifications, happenings: list[Step], chance: Chance
) -> None:
    people = [notifications.person(f"person-{number}") for number in range(PEOPLE)]
    told = tell([person.id for person in people], happenings)
    await deliver_and_compare(notifications, people, told, chance)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(happenings=steps, chance=st.randoms(use_true_random=False))
async def test_the_same_holds_in_a_crowd(notifications: Notifications, happenings: list[Step], chance: Chance) -> None:
    people = [notifications.person(f"person-{number}") for number in range(PEOPLE)]
    silent = [notifications.person() for _ in range(2)]
    audience = [person.id for person in silent] + [UserId(new_id()) for _ in range(CROWD)]
    told = tell([person.id for person in people], happenings, audience)
    await deliver_and_compare(notifications, [*people, *silent], told, chance)
