"""Presence on message sockets: told to contacts and fellows in small conversations, and to nobody else."""

import asyncio
from collections.abc import Callable
from uuid import UUID, uuid4

import pytest
from messaging.message import presence
from messaging.message.service.admission import new_member
from messaging.message.store import conversations
from messaging_wire.ids import ConversationId, UserId

from tests.messaging.message.rows import insert_rows
from tests.messaging.message.test_people import BLOCKED, CONTACT, NOTHING, deliver, profile, said
from tests.messaging.message.world import Json, Live, User, World


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Changes are coalesced for a tenth of the time, so that the tests need not wait for it."""
    monkeypatch.setattr(presence, "COALESCE_S", 0.1)


def of(user: User, state: str) -> Callable[[Json], bool]:
    """Whether an event tells this of that person."""
    return lambda event: event["user_id"] == user.id and event["state"] == state


def states(live: Live, user: User) -> list[str]:
    """What a socket has heard of a person, in order."""
    return [event["state"] for event in live.events("presence") if event["user_id"] == user.id]


async def test_fellows_hear_who_comes_is_away_and_goes(world: World) -> None:
    ada, ben = world.user("ada"), world.user("ben")
    await world.group(ada, ben)
    async with ada.live() as here:
        async with ben.live() as there:
            told = await here.wait_for("presence", of(ben, "online"))
            assert told == {"user_id": ben.id, "state": "online", "last_seen_at": None}
            await there.accepted("presence", {"state": "away"})
            await here.wait_for("presence", of(ben, "away"))
            await there.accepted("presence", {"state": "online"})
            await there.accepted("presence", {"state": "away"})
        left = await here.wait_for("presence", of(ben, "offline"))
        assert left["last_seen_at"] is not None
        assert states(here, ben)[:2] == ["online", "away"]


async def test_contacts_hear_it_without_a_conversation_and_strangers_do_not(world: World) -> None:
    ada, ben, stranger = world.user("ada"), world.user("ben"), world.user("stranger")
    await deliver(world, said(ada, ben, CONTACT), said(ben, ada, CONTACT))
    async with ada.live() as here, stranger.live() as elsewhere, ben.live():
        await here.wait_for("presence", of(ben, "online"))
        assert states(elsewhere, ben) == []


async def test_a_person_is_online_wherever_they_are(world: World) -> None:
    ada, ben = world.user("ada"), world.user("ben")
    await world.group(ada, ben)
    async with ada.live() as here, ben.live() as laptop:
        async with ben.live() as phone:
            await here.wait_for("presence", of(ben, "online"))
            await phone.accepted("presence", {"state": "away"})
            await asyncio.sleep(0.3)
            assert states(here, ben) == ["online"]
            await laptop.accepted("presence", {"state": "away"})
            await here.wait_for("presence", of(ben, "away"))
        await asyncio.sleep(0.3)
        assert states(here, ben) == ["online", "away"]


async def test_a_socket_that_comes_back_at_once_is_no_news(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    ada, ben = world.user("ada"), world.user("ben")
    await world.group(ada, ben)
    async with ada.live() as here:
        async with ben.live():
            await here.wait_for("presence", of(ben, "online"))
            monkeypatch.setattr(presence, "COALESCE_S", 1.0)
            await asyncio.sleep(0.3)
        async with ben.live():
            await asyncio.sleep(1.3)
        assert states(here, ben) == ["online"]


async def test_who_is_blocked_hears_nothing_and_is_told_offline_when_it_happens(world: World) -> None:
    ada, ben, carol = world.user("ada"), world.user("ben"), world.user("carol")
    await world.group(ada, ben, carol)
    async with ada.live() as here, carol.live() as fellow, ben.live() as there:
        for live in (here, fellow):
            await live.wait_for("presence", of(ben, "online"))
        await deliver(world, said(ben, ada, BLOCKED))
        told = await here.wait_for("presence", of(ben, "offline"))
        assert told["last_seen_at"] is None
        await there.accepted("presence", {"state": "away"})
        await fellow.wait_for("presence", of(ben, "away"))
        assert states(here, ben) == ["online", "offline"]
        await deliver(world, said(ben, ada, NOTHING, 2))
        await here.wait_for("presence", of(ben, "away"))


async def test_who_does_not_show_it_is_offline_to_everybody(world: World) -> None:
    ada, ben = world.user("ada"), world.user("ben")
    await world.group(ada, ben)
    async with ada.live() as here, ben.live() as there:
        await here.wait_for("presence", of(ben, "online"))
        await deliver(world, profile(ben, 2, show_presence=False))
        told = await here.wait_for("presence", of(ben, "offline"))
        assert told["last_seen_at"] is None
        await there.accepted("presence", {"state": "away"})
        await asyncio.sleep(0.3)
        assert states(here, ben) == ["online", "offline"]
        await deliver(world, profile(ben, 3, show_presence=True))
        await here.wait_for("presence", of(ben, "away"))


async def test_a_conversation_of_more_than_a_hundred_tells_nobody(world: World) -> None:
    ada, ben = world.user("ada"), world.user("ben")
    group = await world.group(ada, ben)
    await fill(world, group, 99)
    async with ada.live() as here, ben.live() as there:
        await there.accepted("presence", {"state": "away"})
        await asyncio.sleep(0.5)
        assert here.events("presence") == []


@pytest.mark.parametrize("payload", [{"state": "offline"}, {"state": "busy"}, {}, None, {"state": "away", "x": 1}])
async def test_a_malformed_state_is_refused(world: World, payload: object) -> None:
    async with world.user("ada").live() as live:
        assert await live.refused("presence", payload) == 422


async def test_fellows_are_told_to_the_caller_only_about_the_callers_own_conversations(world: World) -> None:
    ada, ben, carol = world.user("ada"), world.user("ben"), world.user("carol")
    await world.group(ada, ben)
    await world.group(ben, carol)
    ids = [ben.id, carol.id, str(uuid4())]
    answer = await world.service.admin.get("/internal/fellows", params={"ids": ids}, headers=ada.person.headers)
    assert (answer.status_code, answer.json()) == (200, {"user_ids": [ben.id]})
    assert (await world.service.admin.get("/internal/fellows", params={"ids": ids})).status_code == 401
    many = {"ids": [str(uuid4()) for _ in range(101)]}
    refused = await world.service.admin.get("/internal/fellows", params=many, headers=ada.person.headers)
    assert refused.status_code == 422


async def fill(world: World, group: Json, count: int) -> None:
    """Put so many more people into a group in one go."""
    runtime = world.service.host.runtime
    async with runtime.database.writing() as session:
        row = (await conversations.lock(session, [UUID(group["id"])]))[ConversationId(UUID(group["id"]))]
        now = runtime.clock.now()
        await insert_rows(session, [new_member(row, UserId(uuid4()), "member", now) for _ in range(count)])
        row.member_count += count
