"""Conversations: groups, direct ones, notes to self; listing, changing, deleting, join codes."""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from messaging.message.clearing import Clearing
from messaging.message.store import conversations

from tests.messaging.message.test_people import deliver, profile
from tests.messaging.message.world import Json, User, World
from tests.support.clock import SetClock


async def known(*users: User) -> None:
    """Let the service learn of people, as the user service tells."""
    await deliver(users[0].world, *(profile(user, display_name=user.name.title()) for user in users))


async def test_a_pair_has_one_direct_conversation_whoever_begins(world: World) -> None:
    ada, ben = world.user("ada"), world.user("ben")
    await known(ada, ben)

    made = await ada.post("/conversation", {"kind": "direct", "member_ids": [ben.id]}, expect=201)
    again = await ada.post("/conversation", {"kind": "direct", "member_ids": [ben.id]}, expect=200)
    other = await ben.post("/conversation", {"kind": "direct", "member_ids": [ada.id]}, expect=200)

    assert {made["id"], again["id"], other["id"]} == {made["id"]}
    assert (made["owner_id"], made["join_code"], made["member_count"]) == (None, None, 2)
    assert made["peer"] == {"user_id": ben.id, "username": "ben", "display_name": "Ben", "avatar_url": None}
    assert other["peer"]["user_id"] == ada.id


async def test_one_may_write_notes_to_oneself(world: World) -> None:
    ada = world.user("ada")

    made = await ada.post("/conversation", {"kind": "direct", "member_ids": [ada.id]}, expect=201)
    await ada.send(made["id"], "remember")

    seen = await ada.get(f"/conversation/{made['id']}")
    assert (seen["member_count"], seen["unread"], seen["peer"]["user_id"]) == (1, 0, ada.id)
    assert seen["messages"][0]["status"] == "sent"


async def test_a_direct_conversation_needs_a_person_who_exists(world: World) -> None:
    body = {"kind": "direct", "member_ids": [str(uuid4())]}

    assert (await world.user("ada").ask("POST", "/conversation", json=body)).status_code == 404


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "body"),
        ({"title": ""}, "title"),
        ({"title": "x" * 101}, "title"),
        ({"title": "x", "surprise": 1}, "surprise"),
        ({"kind": "direct", "member_ids": []}, "body"),
        ({"kind": "club", "title": "x"}, "kind"),
    ],
)
async def test_what_is_no_conversation_is_refused_by_field(world: World, body: Json, field: str) -> None:
    answer = await world.user("ada").ask("POST", "/conversation", json=body)

    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, field)


async def test_a_direct_one_has_neither_title_nor_code_nor_leaving(world: World) -> None:
    ada, ben = world.user("ada"), world.user("ben")
    await known(ada, ben)
    made = await ada.post("/conversation", {"kind": "direct", "member_ids": [ben.id]}, expect=201)
    path = f"/conversation/{made['id']}"

    await ada.put(path, {"title": "Ours"}, expect=409)
    await ada.post(f"{path}/join-code", expect=409)
    await ada.delete(f"{path}/join-code", expect=409)
    await ada.delete(f"{path}/members/{ben.id}", expect=409)
    await ada.put(f"{path}/members/{ben.id}", {"role": "admin"}, expect=409)


async def test_a_direct_one_that_was_put_aside_comes_back_with_the_next_message(world: World) -> None:
    ada, ben = world.user("ada"), world.user("ben")
    await known(ada, ben)
    made = await ada.post("/conversation", {"kind": "direct", "member_ids": [ben.id]}, expect=201)
    await ada.delete(f"/conversation/{made['id']}")

    assert (await ada.get("/conversation"))["items"] == []
    assert [item["id"] for item in (await ben.get("/conversation"))["items"]] == [made["id"]]
    await ben.send(made["id"], "are you there?")
    assert [item["id"] for item in (await ada.get("/conversation"))["items"]] == [made["id"]]


async def test_other_devices_hear_that_it_was_put_aside_and_find_it_again_by_sync(world: World) -> None:
    ada, ben = world.user("ada"), world.user("ben")
    await known(ada, ben)
    made = await ada.post("/conversation", {"kind": "direct", "member_ids": [ben.id]}, expect=201)

    async with ada.live() as live, ben.live() as ben_live:
        await ada.delete(f"/conversation/{made['id']}")
        told = await live.wait_for("conversation")
        aside = await live.accepted("sync", {"conversations": {}})
        await ben.send(made["id"], "are you there?")
        await live.wait_for("message")
        back = await live.accepted("sync", {"conversations": {}})
        assert ben_live.events("conversation") == []

    assert (told["reason"], told["conversation"]["id"]) == ("deleted", made["id"])
    assert [[item["id"] for item in answer["joined"]] for answer in (aside, back)] == [[], [made["id"]]]


async def test_one_that_was_put_aside_comes_back_by_beginning_it_again(world: World) -> None:
    ada, ben = world.user("ada"), world.user("ben")
    await known(ada, ben)
    body = {"kind": "direct", "member_ids": [ben.id]}
    made = await ada.post("/conversation", body, expect=201)
    await ada.delete(f"/conversation/{made['id']}")

    await ada.post("/conversation", body, expect=200)

    assert [item["id"] for item in (await ada.get("/conversation"))["items"]] == [made["id"]]


async def test_a_repeated_client_id_gives_the_same_conversation_until_it_is_gone(world: World) -> None:
    ada, body = world.user("ada"), {"title": "Once", "client_id": str(uuid4())}
    made = await ada.post("/conversation", body, expect=201)

    assert (await ada.post("/conversation", body, expect=200))["id"] == made["id"]
    await ada.delete(f"/conversation/{made['id']}")
    await ada.post("/conversation", body, expect=409)


async def test_only_owner_and_admins_write_in_an_announcement_group(world: World) -> None:
    ada, ben = world.user("ada"), world.user("ben")
    group = await world.group(ada, ben)
    await ada.put(f"/conversation/{group['id']}", {"announcement_only": True})

    refused = await ben.ask(
        "POST",
        "/message",
        json={"conversation_id": group["id"], "client_message_id": str(uuid4()), "content": "x"},
    )

    assert refused.status_code == 403
    assert (await ben.get(f"/conversation/{group['id']}"))["announcement_only"] is True
    await ada.send(group["id"], "hear, hear")


async def test_who_may_write_no_more_cannot_announce_by_editing_and_may_react(world: World) -> None:
    ada, ben = world.user("ada"), world.user("ben")
    group = await world.group(ada, ben)
    sent = await ben.send(group["id"], "written while everybody could")
    await ada.put(f"/conversation/{group['id']}", {"announcement_only": True})

    await ben.put(f"/message/{sent['id']}", {"content": "hear, hear"}, expect=403)

    await ben.put(f"/message/{sent['id']}/reactions/👍", {})
    await ben.delete(f"/message/{sent['id']}")


async def test_a_new_title_is_a_system_message_and_a_description_is_not(world: World) -> None:
    ada = world.user("ada")
    group = await world.group(ada)

    await ada.put(f"/conversation/{group['id']}", {"description": "about"})
    changed = await ada.put(f"/conversation/{group['id']}", {"title": "New", "description": "more"})

    assert (changed["title"], changed["description"], changed["last_seq"], changed["unread"]) == ("New", "more", 1, 0)
    assert (changed["last_message"]["kind"], changed["last_message"]["content"]) == (
        "system",
        "ada changed the title to New",
    )


async def test_a_deleted_group_is_there_for_nobody_and_cleared_away_later(world: World) -> None:
    ada, ben = world.user("ada"), world.user("ben")
    group = await world.group(ada, ben)
    await ada.send(group["id"], "soon gone")
    runtime = world.service.host.runtime
    late = SetClock(runtime.clock.now())

    async with ben.live() as live:
        await ada.delete(f"/conversation/{group['id']}")
        told = await live.wait_for("conversation", lambda change: change["reason"] == "deleted")
    assert told["conversation"]["id"] == group["id"]
    assert (await ben.ask("GET", f"/conversation/{group['id']}")).status_code == 404
    assert (await ben.ask("POST", "/conversation/join", json={"join_code": group["join_code"]})).status_code == 404

    clearing = Clearing(runtime.database, late)
    assert not await clearing.clear_some(), "not before every replica has told its members"
    late.advance(timedelta(hours=1))
    while await clearing.clear_some():
        pass
    async with runtime.database.reading() as session:
        assert await conversations.seen_by_all(session, UUID(group["id"]), [ada.person.id]) == []


async def test_too_many_wrong_codes_are_refused_for_a_while(world: World) -> None:
    ada, ben = world.user("ada"), world.user("ben")
    group = await world.group(ada)

    statuses = [
        (await ben.ask("POST", "/conversation/join", json={"join_code": "Z" * 32})).status_code for _ in range(12)
    ]
    right = await ben.ask("POST", "/conversation/join", json={"join_code": group["join_code"]})

    assert statuses == [404] * 10 + [429] * 2
    assert (right.status_code, int(right.headers["Retry-After"]) >= 1) == (429, True)


async def test_names_follow_profiles_and_older_ones_change_nothing(world: World) -> None:
    ada, ben = world.user("ada"), world.user("ben")
    await known(ada, ben)
    made = await ada.post("/conversation", {"kind": "direct", "member_ids": [ben.id]}, expect=201)
    newest = profile(ben, 3, avatar_url="/user/avatar/3")

    await deliver(world, profile(ben, 2), newest)
    await deliver(world, profile(ben, 1))
    await deliver(world, newest)

    peer = (await ada.get(f"/conversation/{made['id']}"))["peer"]
    assert peer["avatar_url"] == "/user/avatar/3"
