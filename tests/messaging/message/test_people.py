"""What the message service knows of people: profiles, choices, contacts and blocks, the newest of each."""

import asyncio
import random
from typing import Any
from uuid import UUID

import pytest
from messaging.kernel.ids import new_id
from messaging.message.store import people, relations
from messaging.message.tables import MemberRow
from messaging_wire.events import Envelope, Event, ProfileUpdated, RelationChanged
from messaging_wire.ids import EventId, UserId
from sqlalchemy import select
from sqlmodel import col

from tests.messaging.message.world import User, World

Said = tuple[bool, bool]
NOTHING, CONTACT, BLOCKED = (False, False), (True, False), (False, True)


def enveloped(world: World, event: Event) -> Envelope:
    """An event as a later release would send it."""
    return Envelope(
        id=EventId(new_id()),
        routing_key=event.routing_key,
        occurred_at=world.service.host.runtime.clock.now(),
        body=event.model_dump(mode="json") | {"field_of_a_later_release": True},
    )


async def deliver(world: World, *events: Event) -> None:
    """Hand events over as the broker does."""
    await world.service.host.runtime.bus.publish([enveloped(world, event) for event in events])


def said(user: User, other: User, what: Said, version: int = 1) -> RelationChanged:
    """What the user service tells of a pair."""
    return RelationChanged(
        version=version, user_id=user.person.id, other_id=other.person.id, contact=what[0], blocked=what[1]
    )


def profile(user: User, version: int = 1, **chosen: Any) -> ProfileUpdated:
    """What the user service tells of a person."""
    fields = {"username": user.name, "display_name": user.name} | chosen
    return ProfileUpdated(version=version, user_id=user.person.id, **fields)


async def may_message(world: World, sender: User, other: User) -> bool:
    """Ask the store."""
    async with world.service.host.runtime.database.reading() as session:
        return await relations.may_message(session, sender.person.id, other.person.id)


async def sends_receipts(world: World, user: User) -> list[bool]:
    """What the person's memberships say, of each conversation."""
    async with world.service.host.runtime.database.reading() as session:
        query = select(col(MemberRow.sends_receipts)).where(col(MemberRow.user_id) == user.person.id)
        return list((await session.execute(query)).scalars())


async def test_who_is_not_known_takes_messages_from_everybody(world: World) -> None:
    ada, ben = world.user("ada"), world.user("ben")
    assert await may_message(world, ada, ben)
    assert await may_message(world, ada, ada)


async def test_a_blocked_person_may_not_write_to_the_blocker_who_still_may(world: World) -> None:
    ada, ben = world.user("ada"), world.user("ben")
    await deliver(world, said(ada, ben, BLOCKED))
    assert not await may_message(world, ben, ada)
    assert await may_message(world, ada, ben)


@pytest.mark.parametrize(("what", "may"), [(NOTHING, False), (CONTACT, True), (BLOCKED, False)])
async def test_who_takes_messages_from_contacts_only_takes_none_from_others(
    world: World, what: Said, may: bool
) -> None:
    ada, ben = world.user("ada"), world.user("ben")
    await deliver(world, profile(ada, direct_messages="contacts"), said(ada, ben, what))
    assert await may_message(world, ben, ada) is may
    assert await may_message(world, ada, ada)


async def test_many_pairs_are_asked_of_at_once(world: World) -> None:
    ada, ben, carol, dan = (world.user(name) for name in ("ada", "ben", "carol", "dan"))
    await deliver(world, profile(dan, direct_messages="contacts"))
    await deliver(world, said(ada, ben, BLOCKED), said(carol, ada, CONTACT), said(ada, carol, CONTACT))
    ids = {user.name: user.person.id for user in (ada, ben, carol, dan)}
    pairs = [(ids["ada"], ids["ben"]), (ids["ben"], ids["ada"]), (ids["ada"], ids["dan"]), (ids["ada"], ids["carol"])]

    async with world.service.host.runtime.database.reading() as session:
        assert await relations.blocked_between(session, pairs) == {pairs[0]}
        assert await relations.contacts_of(session, ids["ada"], list(ids.values())) == {ids["carol"]}
        assert await relations.refusing(session, pairs) == {pairs[1], pairs[2]}
        assert await relations.blocked_between(session, []) == await relations.refusing(session, []) == set()
        assert await relations.contacts_of(session, ids["ada"], []) == set()


async def test_an_older_relation_changes_nothing_in_one_batch_or_in_two(world: World) -> None:
    ada, ben = world.user("ada"), world.user("ben")
    await deliver(world, said(ada, ben, BLOCKED, 3), said(ada, ben, CONTACT, 2))
    await deliver(world, said(ada, ben, NOTHING, 1))
    assert not await may_message(world, ben, ada)
    await deliver(world, said(ada, ben, NOTHING, 4))
    assert await may_message(world, ben, ada)


async def test_versions_that_come_at_once_in_any_order_leave_the_newest(world: World) -> None:
    ada, ben = world.user("ada"), world.user("ben")
    events: list[Event] = [said(ada, ben, BLOCKED if version == 12 else CONTACT, version) for version in range(1, 13)]
    events += [profile(ada, version, display_name=f"name {version}") for version in range(1, 13)]
    random.Random(4).shuffle(events)
    await asyncio.gather(*(deliver(world, event) for event in events))
    assert not await may_message(world, ben, ada)
    async with world.service.host.runtime.database.reading() as session:
        known = (await people.find(session, [ada.person.id]))[UserId(UUID(ada.id))]
    assert (known.version, known.display_name, known.username_key) == (12, "name 12", ada.name.casefold())


async def test_all_memberships_follow_the_choice_of_receipts(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(people, "MEMBERSHIPS_AT_ONCE", 2)
    ada, ben = world.user("ada"), world.user("ben")
    for _ in range(5):
        await world.group(ada, ben)
    assert await sends_receipts(world, ada) == [True] * 5
    await deliver(world, profile(ada, 2, send_read_receipts=False))
    assert await sends_receipts(world, ada) == [False] * 5
    assert await sends_receipts(world, ben) == [True] * 5
    await deliver(world, profile(ada, 1, send_read_receipts=True))
    assert await sends_receipts(world, ada) == [False] * 5
    await deliver(world, profile(ada, 3, send_read_receipts=True))
    assert await sends_receipts(world, ada) == [True] * 5


async def test_a_name_from_a_token_is_found_by_its_key_and_renewed_by_the_profile(world: World) -> None:
    ada = world.user("Ada.L")
    await world.group(ada)
    async with world.service.host.runtime.database.reading() as session:
        noted = (await people.find(session, [ada.person.id]))[ada.person.id]
    assert (noted.username_key, noted.version, noted.sends_receipts) == ("ada.l", 0, True)
    await deliver(world, profile(ada, username="Ada.M", show_presence=False))
    async with world.service.host.runtime.database.reading() as session:
        told = (await people.find(session, [ada.person.id]))[ada.person.id]
    assert (told.username_key, told.version, told.shows_presence) == ("ada.m", 1, False)
