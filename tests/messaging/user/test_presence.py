"""Presence from a socket of the message service to GET /user/presence, with both services on one bus."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from messaging.kernel import presence as leases
from messaging.kernel.bus_memory import MemoryBus
from messaging.kernel.ids import new_id
from messaging.message import presence as told
from messaging.user.service import presence as answered
from messaging.user.store import last_seen

from tests.messaging.message.world import Live, User, World, expect, open_world
from tests.messaging.user.conftest import Users, open_users
from tests.messaging.user.test_contacts import befriend
from tests.support.databases import DIALECTS
from tests.support.serve import served
from tests.support.services import database_place
from tests.support.tokens import Issuer, Person

Json = dict[str, Any]


@dataclass
class Town:
    """Both services, which hear of each other by one bus as in the one-process form."""

    users: Users
    world: World
    bus: MemoryBus

    async def somebody(self) -> User:
        """A person with a profile."""
        return User(self.world, await self.users.known())

    def live(self, person: User) -> Live:
        """A socket of the message service."""
        return person.live()

    async def befriend(self, one: User, other: User) -> None:
        """Make contacts of two people."""
        await befriend(self.users, one.person, other.person)

    async def seen(self, viewer: User, *others: User) -> list[Json]:
        """What somebody is told of others."""
        ids = ",".join(other.id for other in others)
        items: list[Json] = expect(await self.users.get(f"/presence?ids={ids}", viewer.person), 200)["items"]
        return items

    async def becomes(self, viewer: User, other: User, state: str) -> Json:
        """Wait until somebody sees another so."""
        async with asyncio.timeout(10):
            while True:
                items = await self.seen(viewer, other)
                if items and items[0]["state"] == state:
                    return items[0]
                await asyncio.sleep(0.02)

    async def stored(self, person: Person) -> datetime | None:
        """What is written of when a person was last seen."""
        async with self.users.service.host.runtime.database.reading() as session:
            return (await last_seen.find(session, [person.id])).get(person.id)

    def hint(self, replica: object, person: Person, state: str, *, before_s: float = 0) -> None:
        """What a replica of the message service tells."""
        at = self.users.service.host.runtime.clock.now() - timedelta(seconds=before_s)
        body = leases.PresenceHint.model_validate({"replica": replica, "at": at, "states": {person.id: state}})
        self.bus.of("message").publish_hint(leases.TOPIC, body.model_dump_json().encode())


@pytest.fixture(scope="module", params=DIALECTS)
async def town(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Town]:
    bus, issuer = MemoryBus(), Issuer()
    async with AsyncExitStack() as stack:
        message_place = database_place(request, "message", tmp_path_factory)
        world = await stack.enter_async_context(open_world(message_place, issuer=issuer, bus=bus.of("message")))
        admin = await stack.enter_async_context(served(world.service.host.admin))
        user_place = database_place(request, "user", tmp_path_factory) | {"message_internal_url": admin}
        users = await stack.enter_async_context(open_users(user_place, bus=bus.of("user"), issuer=issuer))
        yield Town(users, world, bus)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Changes are coalesced for a tenth of the time, so that the tests need not wait for it."""
    monkeypatch.setattr(told, "COALESCE_S", 0.1)
    monkeypatch.setattr(answered, "COALESCE_S", 0.1)


async def test_a_contact_sees_who_comes_is_away_and_goes_and_when(town: Town) -> None:
    ada, ben = await town.somebody(), await town.somebody()
    await town.befriend(ada, ben)
    assert await town.seen(ada, ben) == [{"user_id": ben.id, "state": "offline", "last_seen_at": None}]
    async with town.live(ben) as live:
        assert (await town.becomes(ada, ben, "online"))["last_seen_at"] is None
        await live.accepted("presence", {"state": "away"})
        await town.becomes(ada, ben, "away")
    left = await town.becomes(ada, ben, "offline")
    assert left["last_seen_at"] is not None
    async with asyncio.timeout(5):
        while await town.stored(ben.person) is None:
            await asyncio.sleep(0.02)
    assert await town.seen(ada, ben) == [left]


async def test_contacts_hear_each_other_by_events_of_the_user_service_alone(town: Town) -> None:
    ada, ben = await town.somebody(), await town.somebody()
    async with town.live(ada) as here, town.live(ben):
        await town.befriend(ada, ben)
        await here.wait_for("presence", lambda event: event["user_id"] == ben.id and event["state"] == "online")
        await town.users.put(f"/blocks/{ada.id}", ben.person)
        await here.wait_for("presence", lambda event: event["user_id"] == ben.id and event["state"] == "offline")


async def test_fellow_members_see_it_and_strangers_are_not_told_that_there_is_anybody(town: Town) -> None:
    ada, ben, carol = await town.somebody(), await town.somebody(), await town.somebody()
    await town.world.group(ada, ben)
    async with town.live(ben), town.live(carol):
        await town.becomes(ada, ben, "online")
        assert [item["user_id"] for item in await town.seen(ada, carol, ben, ada)] == [ben.id, ada.id]
        nobody = await town.users.get(f"/presence?ids={uuid4()}", ada.person)
        assert (nobody.status_code, nobody.json()) == (200, {"items": [], "next_cursor": None})


async def test_who_is_blocked_is_not_told_that_there_is_anybody(town: Town) -> None:
    ada, ben = await town.somebody(), await town.somebody()
    await town.befriend(ada, ben)
    await town.world.group(ada, ben)
    async with town.live(ada), town.live(ben):
        await town.becomes(ada, ben, "online")
        await town.users.put(f"/blocks/{ada.id}", ben.person)
        assert await town.seen(ada, ben) == []
        await town.becomes(ben, ada, "online")


async def test_who_does_not_show_it_is_offline_to_everybody_and_was_never_seen(town: Town) -> None:
    ada, ben = await town.somebody(), await town.somebody()
    await town.befriend(ada, ben)
    await town.users.put("/preferences", ben.person, {"show_presence": False})
    async with town.live(ben):
        await asyncio.sleep(0.3)
        for viewer in (ada, ben):
            assert await town.seen(viewer, ben) == [{"user_id": ben.id, "state": "offline", "last_seen_at": None}]
    await asyncio.sleep(0.4)
    assert await town.seen(ada, ben) == [{"user_id": ben.id, "state": "offline", "last_seen_at": None}]


async def test_only_the_last_replica_that_lets_go_writes_when_somebody_was_seen(town: Town) -> None:
    ada, ben = await town.somebody(), await town.somebody()
    await town.befriend(ada, ben)
    one, two = new_id(), new_id()
    town.hint(one, ben.person, "online", before_s=60)
    town.hint(two, ben.person, "away", before_s=50)
    await town.becomes(ada, ben, "online")
    town.hint(one, ben.person, "offline", before_s=40)
    await town.becomes(ada, ben, "away")
    await asyncio.sleep(0.3)
    assert (await town.seen(ada, ben))[0]["last_seen_at"] is None
    town.hint(two, ben.person, "offline", before_s=30)
    first = await town.becomes(ada, ben, "offline")
    town.hint(two, ben.person, "offline", before_s=35)  # an earlier time, told late, is not the last
    await asyncio.sleep(0.3)
    assert await town.seen(ada, ben) == [first]


async def test_a_replica_that_died_keeps_nobody_online_for_ever(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    ada, ben = await town.somebody(), await town.somebody()
    await town.befriend(ada, ben)
    town.hint(new_id(), ben.person, "online", before_s=1)
    await town.becomes(ada, ben, "online")
    monkeypatch.setattr(leases, "LEASE", timedelta(0))
    left = await town.becomes(ada, ben, "offline")
    assert left["last_seen_at"] is not None


async def test_a_replica_that_comes_later_hears_who_is_there_at_once(
    town: Town, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> None:
    ben = await town.somebody()
    request.param = "sqlite"
    async with town.live(ben):
        await town.becomes(ben, ben, "online")
        place = database_place(request, "user", tmp_path_factory)
        async with open_users(place, bus=town.bus.of("another"), issuer=town.world.issuer) as other:
            await other.account(ben.person)
            later = Town(other, town.world, town.bus)
            await later.becomes(ben, ben, "online")


async def test_while_the_message_service_is_away_contacts_are_still_answered(users: Users) -> None:
    ada, ben = await users.known(), await users.known()
    await befriend(users, ada, ben)
    stranger = await users.known()
    answer = await users.get(f"/presence?ids={ben.id},{stranger.id}", ada)
    assert [item["user_id"] for item in answer.json()["items"]] == [str(ben.id)]


@pytest.mark.parametrize("query", ["", "?ids=", "?ids=no-id", "?ids=" + ",".join([str(uuid4())] * 101)])
async def test_a_malformed_list_of_ids_is_refused(users: Users, query: str) -> None:
    assert (await users.get(f"/presence{query}", await users.known())).status_code == 422


async def test_a_deleted_persons_last_seen_is_not_written(town: Town) -> None:
    stranger = town.users.somebody()
    town.hint(new_id(), stranger, "offline")
    await asyncio.sleep(0.4)
    assert await town.stored(stranger) is None
