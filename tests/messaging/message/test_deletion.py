"""A person deletes their account: what becomes of their groups, direct conversations, messages, reactions and name."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from messaging.kernel.purging import NOBODY
from messaging_wire.events import (
    Envelope,
    MembershipChanged,
    MessageUpdated,
    ProfileUpdated,
    RelationChanged,
)
from messaging_wire.ids import UserId
from sqlalchemy import text

from tests.messaging.message.world import Json, User, World, body_of, open_world
from tests.messaging.notification.story import envelope
from tests.support.databases import DIALECTS
from tests.support.deletions import Deletions, tables_with
from tests.support.services import database_place


@pytest.fixture(scope="module", params=DIALECTS)
async def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    """A replica that begins to remove people at once."""
    place = database_place(request, "message", tmp_path_factory)
    async with open_world(place, purge_delay_s=0.05) as made:
        yield made


async def hear(world: World, *envelopes: Envelope) -> None:
    await world.service.host.runtime.bus.publish(list(envelopes))


@pytest.fixture(scope="module")
def deletions(world: World) -> Deletions:
    return Deletions(world.service.host.runtime.bus)


async def holds(world: World, *words: str) -> set[str]:
    return await tables_with(world.service.host.runtime.database, *words)


async def contents(user: User, conversation_id: str) -> list[str]:
    page = await user.get(f"/conversation/{conversation_id}/messages")
    return [message["content"] for message in page["items"]]


async def test_their_messages_become_tombstones_where_they_chose_so(world: World, deletions: Deletions) -> None:
    ada, bob = world.user("ada-tombstone"), world.user("bob")
    group = await world.group(bob, ada)
    secret = await ada.send(group["id"], "the secret of ada")
    await ada.put(f"/message/{secret['id']}", {"content": "another secret of ada"})
    await bob.send(group["id"], "bob's own words")
    await bob.put(f"/message/{secret['id']}/reactions/👍", {})

    await deletions.complete(ada.person.id)

    page = await bob.get(f"/conversation/{group['id']}/messages")
    assert [message["seq"] for message in page["items"]] == list(range(1, page["last_seq"] + 1))
    gone = next(message for message in page["items"] if message["id"] == secret["id"])
    assert (gone["content"], gone["reactions"], gone["mentions"]) == ("", {}, [])
    assert gone["deleted_at"] is not None
    assert gone["rev"] > secret["rev"]
    assert "bob's own words" in await contents(bob, group["id"])
    assert await holds(world, "secret of ada", "ada-tombstone") == set()


async def test_their_messages_stay_without_their_name_where_they_chose_so(world: World, deletions: Deletions) -> None:
    ada, bob = world.user("ada-keeps"), world.user("bob")
    group = await world.group(bob, ada)
    words = await ada.send(group["id"], "words that stay")
    await ada.put(f"/message/{words['id']}", {"content": "words that stay for good"})

    await deletions.complete(ada.person.id, "keep")

    kept = next(m for m in (await bob.get(f"/conversation/{group['id']}/messages"))["items"] if m["id"] == words["id"])
    assert (kept["content"], kept["sender_id"], kept["deleted_at"]) == ("words that stay for good", ada.id, None)
    assert await holds(world, "ada-keeps") == set()


async def test_clients_that_were_away_learn_of_it_by_changes(world: World, deletions: Deletions) -> None:
    ada, bob = world.user("ada"), world.user("bob")
    group = await world.group(bob, ada)
    sent = [await ada.send(group["id"], f"word {number}") for number in range(3)]
    before = (await bob.get(f"/conversation/{group['id']}"))["last_rev"]

    await deletions.complete(ada.person.id)

    changes = await bob.get(f"/conversation/{group['id']}/changes", after_rev=before)
    tombstones = {m["id"] for m in changes["items"] if m["deleted_at"] is not None}
    assert tombstones == {message["id"] for message in sent}
    assert len({m["rev"] for m in changes["items"]}) == len(changes["items"])


async def test_open_sockets_and_other_services_are_told_of_each_tombstone(world: World, deletions: Deletions) -> None:
    ada, bob = world.user("ada"), world.user("bob")
    group = await world.group(bob, ada)
    sent = [await ada.send(group["id"], f"word {number}") for number in range(3)]
    async with bob.live() as socket:
        await deletions.complete(ada.person.id)
        for message in sent:
            told = await socket.wait_for("message_updated", lambda m, key=message["id"]: m["id"] == key)  # type: ignore[misc]
            assert (told["content"], told["deleted_at"] is None) == ("", False)
    events = await world.published(MessageUpdated, group["id"], 3)
    assert {str(event.message_id) for event in events} == {message["id"] for message in sent}
    assert all(event.deleted and event.content == "" for event in events)


async def test_they_leave_their_groups_and_an_owner_is_followed(world: World, deletions: Deletions) -> None:
    ada, bob, cleo = world.user("ada-leaves"), world.user("bob"), world.user("cleo")
    group = await world.group(ada, bob, cleo)
    await ada.put(f"/conversation/{group['id']}/members/{cleo.id}", {"role": "admin"})

    await deletions.complete(ada.person.id, "keep")

    after = await bob.get(f"/conversation/{group['id']}")
    assert (after["owner_id"], after["member_count"]) == (cleo.id, 2)
    assert {member["user_id"] for member in after["members"]} == {bob.id, cleo.id}
    said = await contents(bob, group["id"])
    assert said[-2:] == [f"{NOBODY} left", "cleo is the owner now"]
    assert f"{NOBODY} made cleo an admin" in said
    last = world.ear.events(MembershipChanged, group["id"])[-1]
    assert [(str(c.user_id), c.role, c.username) for c in last.changes if c.role is None] == [(ada.id, None, "")]


async def test_a_group_that_nobody_is_left_in_goes(world: World, deletions: Deletions) -> None:
    ada = world.user("ada-alone")
    group = await world.group(ada)
    await ada.send(group["id"], "to myself and nobody else")

    await deletions.complete(ada.person.id)

    assert (await ada.ask("GET", f"/conversation/{group['id']}")).status_code == 404
    assert await holds(world, "ada-alone", "to myself and nobody else") == set()


async def test_a_whole_group_that_deletes_its_accounts_at_once_leaves_nothing(
    world: World, deletions: Deletions
) -> None:
    people = [world.user(f"leaver-{number}") for number in range(8)]
    group = await world.group(*people)
    await asyncio.gather(*(person.send(group["id"], "all of us go") for person in people))

    await asyncio.gather(*(deletions.complete(person.person.id) for person in people))

    assert await holds(world, "leaver-", "all of us go") == set()
    last = world.ear.events(MembershipChanged, group["id"])[-1]
    assert last.complete
    assert last.changes == []


async def test_the_other_side_of_a_direct_conversation_stays_readable_and_takes_no_more(
    world: World, deletions: Deletions
) -> None:
    ada, bob = world.user("ada-direct"), world.user("bob")
    await ada.get("/conversation")
    await ada.post("/conversation", {"title": "so that she is known"}, expect=201)
    direct = await bob.post("/conversation", {"kind": "direct", "member_ids": [ada.id]}, expect=201)
    await ada.send(direct["id"], "from her")
    await bob.send(direct["id"], "from him")

    await deletions.complete(ada.person.id, "keep")

    seen = await bob.get(f"/conversation/{direct['id']}")
    assert seen["peer"] == {"user_id": ada.id, "username": "", "display_name": "", "avatar_url": None}
    assert await contents(bob, direct["id"]) == ["from her", "from him"]
    body = {"conversation_id": direct["id"], "client_message_id": bob.id, "content": "are you there?"}
    answer = await bob.ask("POST", "/message", json=body)
    assert (answer.status_code, answer.json()["type"]) == (403, "urn:messaging:problem:cannot-message")


async def test_a_direct_conversation_goes_when_both_have_left(world: World, deletions: Deletions) -> None:
    ada, bob = world.user("ada"), world.user("bob")
    await ada.post("/conversation", {"title": "so that she is known"}, expect=201)
    direct = await bob.post("/conversation", {"kind": "direct", "member_ids": [ada.id]}, expect=201)
    await bob.send(direct["id"], "words between the two")
    for person in (ada, bob):
        await deletions.complete(person.person.id, "keep")

    assert await holds(world, "words between the two") == set()


async def test_notes_to_oneself_go(world: World, deletions: Deletions) -> None:
    ada = world.user("ada-notes")
    await ada.post("/conversation", {"title": "so that she is known"}, expect=201)
    notes = await ada.post("/conversation", {"kind": "direct", "member_ids": [ada.id]}, expect=201)
    await ada.send(notes["id"], "a note to myself")

    await deletions.complete(ada.person.id)

    assert await holds(world, "a note to myself", "ada-notes") == set()


async def test_their_name_goes_out_of_what_others_did_to_them(world: World, deletions: Deletions) -> None:
    ada, bob = world.user("ada-removed"), world.user("bob")
    group = await world.group(bob, ada)
    await bob.put(f"/conversation/{group['id']}/members/{ada.id}", {"role": "admin"})
    await bob.delete(f"/conversation/{group['id']}/members/{ada.id}")

    await deletions.complete(ada.person.id, "keep")

    said = await contents(bob, group["id"])
    assert said == [f"{NOBODY} joined", f"bob made {NOBODY} an admin", f"bob removed {NOBODY}"]
    assert await holds(world, "ada-removed") == set()


async def test_their_reactions_and_pins_go_and_those_of_others_stay(world: World, deletions: Deletions) -> None:
    ada, bob = world.user("ada"), world.user("bob")
    group = await world.group(bob, ada)
    await bob.put(f"/conversation/{group['id']}/members/{ada.id}", {"role": "admin"})
    message = await bob.send(group["id"], "react to this")
    for user in (ada, bob):
        await user.put(f"/message/{message['id']}/reactions/👍", {})
    await ada.put(f"/message/{message['id']}/reactions/🎉", {})
    await ada.put(f"/message/{message['id']}/pin", {})

    await deletions.complete(ada.person.id, "keep")

    after = await bob.get(f"/message/{message['id']}")
    assert {emoji: reaction["count"] for emoji, reaction in after["reactions"].items()} == {"👍": 1}
    assert after["pinned"] is False
    assert after["content"] == "react to this"


async def test_nobody_can_bring_them_into_a_group_or_write_to_them_any_more(world: World, deletions: Deletions) -> None:
    ada, bob = world.user("ada"), world.user("bob")
    await ada.post("/conversation", {"title": "so that she is known"}, expect=201)
    group = await world.group(bob)

    await deletions.complete(ada.person.id)

    added = await bob.ask("POST", f"/conversation/{group['id']}/members", json={"user_id": ada.id})
    direct = await bob.ask("POST", "/conversation", json={"kind": "direct", "member_ids": [ada.id]})
    assert [added.status_code, direct.status_code] == [404, 404]


async def test_what_comes_late_brings_nobody_back(world: World, deletions: Deletions) -> None:
    ada, bob = world.user("ada-late"), world.user("bob")
    await ada.post("/conversation", {"title": "so that she is known"}, expect=201)
    await deletions.complete(ada.person.id)

    profile = ProfileUpdated(
        version=7, user_id=UserId(ada.person.id), username="ada-late", display_name="ada-late of late"
    )
    relation = RelationChanged(
        version=3, user_id=UserId(ada.person.id), other_id=UserId(bob.person.id), contact=True, blocked=False
    )
    await hear(world, envelope(profile), envelope(relation))

    assert await holds(world, "ada-late") == set()
    async with world.service.host.runtime.database.engine.connect() as connection:
        found = await connection.execute(
            text("SELECT COUNT(*) FROM relation WHERE user_id = :id"), {"id": ada.person.id.bytes}
        )
        assert found.scalar_one() == 0


async def test_the_event_again_is_answered_again_and_changes_nothing(world: World, deletions: Deletions) -> None:
    ada, bob = world.user("ada"), world.user("bob")
    group = await world.group(bob, ada)
    await ada.send(group["id"], "once")
    await deletions.complete(ada.person.id)
    before = await bob.get(f"/conversation/{group['id']}")

    for _ in range(2):
        await deletions.tell(ada.person.id)

    first, *others = await deletions.answered(ada.person.id, times=3)
    assert [first, first] == others
    assert first.service == "message"
    after = await bob.get(f"/conversation/{group['id']}")
    assert (after["last_seq"], after["last_rev"]) == (before["last_seq"], before["last_rev"])


async def test_many_messages_go_while_others_go_on_talking(world: World, deletions: Deletions) -> None:
    ada, bob = world.user("ada"), world.user("bob")
    group = await world.group(bob, ada)
    async with ada.live() as socket:
        for hundred in range(3):
            sends = (body_of(group["id"], f"many {hundred} {number}") for number in range(100))
            await asyncio.gather(*(socket.accepted("send_message", each) for each in sends))

    _, sent = await asyncio.gather(
        deletions.complete(ada.person.id),
        asyncio.gather(*(bob.send(group["id"], f"meanwhile {number}") for number in range(20))),
    )

    assert len({message["seq"] for message in sent}) == 20
    last = (await bob.get(f"/conversation/{group['id']}"))["last_seq"]
    items: list[Json] = []
    while len(items) < last:
        after_seq = items[-1]["seq"] if items else 0
        items += (await bob.get(f"/conversation/{group['id']}/messages", after_seq=after_seq, limit=200))["items"]
    assert [message["seq"] for message in items] == list(range(1, last + 1))
    assert not [message for message in items if message["content"].startswith("many")]
    assert len([message for message in items if message["deleted_at"] is not None]) == 300
    assert len({message["rev"] for message in items}) == len(items)
