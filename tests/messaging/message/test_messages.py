"""Stored messages: editing, deleting, replies; what is kept, what goes, and what others are told of it."""

from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from messaging.message.store import messages
from messaging_wire.events import MessageCreated, MessageUpdated

from tests.messaging.message.world import Json, User, World, body_of, open_world
from tests.support.clock import SetClock
from tests.support.tokens import Issuer


async def versions(world: World, message: Json) -> list[str]:
    """The former texts that are stored of a message."""
    async with world.service.host.runtime.database.reading() as session:
        return [row.content for row in await messages.versions(session, UUID(message["id"]), 100)]


async def test_an_edit_gets_a_new_rev_and_keeps_number_time_and_former_text(world: World) -> None:
    ada, ben = world.user("ada"), world.user("ben")
    group = await world.group(ada, ben)
    sent, later = await ada.send(group["id"], "first"), await ada.send(group["id"], "later")

    async with ben.live() as live:
        edited = await ada.put(f"/message/{sent['id']}", {"content": "second"})
        heard = await live.wait_for("message_updated")

    assert (edited["seq"], edited["rev"], edited["created_at"]) == (sent["seq"], later["rev"] + 1, sent["created_at"])
    assert edited["edited_at"] is not None
    assert heard == edited | {"client_message_id": None, "actor_id": ada.id}
    assert await versions(world, sent) == ["first"]
    (told,) = await world.published(MessageUpdated, group["id"], 1)
    assert (told.version, told.seq, told.content, told.deleted) == (edited["rev"], sent["seq"], "second", False)


async def test_former_texts_are_listed_for_the_sender_alone(world: World) -> None:
    ada, ben = world.user("ada"), world.user("ben")
    group = await world.group(ada, ben)
    sent = await ben.send(group["id"], "first")
    for text in ("second", "third"):
        await ben.put(f"/message/{sent['id']}", {"content": text})
    path = f"/message/{sent['id']}/versions"

    page = await ben.get(path, limit=1)
    rest = await ben.get(path, cursor=page["next_cursor"])

    assert [item["content"] for item in (*page["items"], *rest["items"])] == ["first", "second"]
    assert page["items"][0] == {"rev": sent["rev"], "content": "first", "written_at": sent["created_at"]}
    assert rest["next_cursor"] is None
    assert (await ada.ask("GET", path)).status_code == 403
    assert (await world.user("cleo").ask("GET", path)).status_code == 404
    assert (await ben.ask("GET", path, params={"cursor": "nonsense"})).status_code == 422


async def test_an_edit_mentions_anew_and_only_members(world: World) -> None:
    ada, ben, cleo = (world.user(f"{name}{uuid4().hex[:8]}") for name in ("ada", "ben", "cleo"))
    group = await world.group(ada, ben)
    await world.group(cleo)
    sent = await ada.send(group["id"], "first")

    edited = await ada.put(f"/message/{sent['id']}", {"content": f"@{ben.name.upper()} @{cleo.name} @{ada.name}"})
    again = await ada.put(f"/message/{sent['id']}", {"content": "nobody"})

    assert edited["mentions"] == [ben.id, ada.id]
    assert again["mentions"] == []
    told = await world.published(MessageUpdated, group["id"], 2)
    assert [[str(user) for user in event.mentions] for event in told] == [[ben.id, ada.id], []]


async def test_the_same_text_again_is_no_edit(world: World) -> None:
    ada = world.user("ada")
    group = await world.group(ada)
    sent = await ada.send(group["id"], "same")

    assert await ada.put(f"/message/{sent['id']}", {"content": "same"}) == sent


async def test_a_deleted_message_leaves_its_number_and_nothing_else(world: World) -> None:
    ada, ben = world.user("ada"), world.user("ben")
    group, key = await world.group(ada, ben), uuid4()
    sent = await ada.post("/message", body_of(group["id"], "secret", key), expect=201)
    await ada.put(f"/message/{sent['id']}", {"content": "secret too"})

    async with ben.live() as live:
        await ada.delete(f"/message/{sent['id']}")
        heard = await live.wait_for("message_updated")
    await ada.delete(f"/message/{sent['id']}")

    assert (heard["seq"], heard["content"], heard["rev"]) == (sent["seq"], "", sent["rev"] + 2)
    assert heard["deleted_at"] is not None
    assert await versions(world, sent) == []
    await ada.put(f"/message/{sent['id']}", {"content": "back"}, expect=409)
    repeat = await ada.post("/message", body_of(group["id"], "secret", key), expect=200)
    assert (repeat["id"], repeat["content"], repeat["deleted_at"]) == (sent["id"], "", heard["deleted_at"])


async def test_a_repeat_after_an_edit_is_known_by_what_was_first_sent(world: World) -> None:
    ada, key = world.user("ada"), uuid4()
    group = await world.group(ada)
    sent = await ada.post("/message", body_of(group["id"], "first", key), expect=201)
    await ada.put(f"/message/{sent['id']}", {"content": "second"})

    assert (await ada.post("/message", body_of(group["id"], "first", key), expect=200))["content"] == "second"
    await ada.post("/message", body_of(group["id"], "second", key), expect=409)


async def test_a_repeat_is_answered_even_when_its_sender_is_no_member_any_more(world: World) -> None:
    ada, ben, key = world.user("ada"), world.user("ben"), uuid4()
    group = await world.group(ada, ben)
    sent = await ben.post("/message", body_of(group["id"], "lost acknowledgement", key), expect=201)
    await ada.delete(f"/conversation/{group['id']}/members/{ben.id}")

    assert (await ben.post("/message", body_of(group["id"], "lost acknowledgement", key), expect=200))["id"] == sent[
        "id"
    ]
    await ben.post("/message", body_of(group["id"], "another"), expect=404)


async def test_system_messages_are_neither_edited_nor_deleted(world: World) -> None:
    ada, ben = world.user("ada"), world.user("ben")
    group = await world.group(ada, ben)
    joined = (await ada.get(f"/conversation/{group['id']}/messages"))["items"][0]

    await ben.put(f"/message/{joined['id']}", {"content": "x"}, expect=403)
    await ada.delete(f"/message/{joined['id']}", expect=403)


async def test_each_new_message_is_published_with_the_membership_it_was_sent_under(world: World) -> None:
    ada, ben = world.user("ada"), world.user("ben")
    group = await world.group(ada)
    await ada.send(group["id"], "alone")
    await ben.post("/conversation/join", {"join_code": group["join_code"]})
    await ben.send(group["id"], "together")

    told = await world.published(MessageCreated, group["id"], 3)

    assert [(event.seq, event.member_version, event.kind) for event in told] == [
        (1, 1, "text"),
        (2, 2, "system"),
        (3, 2, "text"),
    ]
    assert [(event.sender_username, event.content) for event in told] == [
        ("ada", "alone"),
        ("ben", "ben joined"),
        ("ben", "together"),
    ]


async def test_only_the_sender_sees_the_clients_id(world: World) -> None:
    ada, ben, key = world.user("ada"), world.user("ben"), uuid4()
    group = await world.group(ada, ben)

    async with ada.live() as mine, ben.live() as theirs:
        sent = await ada.post("/message", body_of(group["id"], "x", key), expect=201)
        heard = [await live.wait_for("message", lambda one: one["id"] == sent["id"]) for live in (mine, theirs)]

    assert [message["client_message_id"] for message in heard] == [str(key), None]
    assert (await ben.get(f"/message/{sent['id']}"))["client_message_id"] is None


@pytest.fixture
async def timed(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[tuple[World, SetClock]]:
    """A replica whose clock stands where the test puts it."""
    clock = SetClock()
    place: Json = {"data_dir": tmp_path_factory.mktemp("message")}
    async with open_world(place, clock=clock, issuer=Issuer(clock=clock)) as world:
        yield world, clock


async def test_after_its_time_a_message_is_not_edited_any_more(timed: tuple[World, SetClock]) -> None:
    world, clock = timed
    person = world.issuer.person("ada", lifetime=timedelta(days=30))
    ada = User(world, person)
    group = await world.group(ada)
    sent = await ada.send(group["id"], "first")

    clock.advance(timedelta(hours=23))
    await ada.put(f"/message/{sent['id']}", {"content": "second"})
    clock.advance(timedelta(hours=2))
    await ada.put(f"/message/{sent['id']}", {"content": "third"}, expect=403)


async def test_times_do_not_run_backwards_in_a_conversation(timed: tuple[World, SetClock]) -> None:
    world, clock = timed
    ada = User(world, world.issuer.person("ada", lifetime=timedelta(days=30)))
    group = await world.group(ada)
    first = await ada.send(group["id"], "at ten")

    clock.advance(timedelta(seconds=-2))
    second = await ada.send(group["id"], "by a clock that went back")

    assert second["created_at"] >= first["created_at"]


async def test_history_is_found_by_time(timed: tuple[World, SetClock]) -> None:
    world, clock = timed
    ada = User(world, world.issuer.person("ada", lifetime=timedelta(days=30)))
    group = await world.group(ada)
    for number in range(10):
        clock.advance(timedelta(minutes=1))
        await ada.send(group["id"], f"minute {number + 1}")
    path = f"/conversation/{group['id']}/messages"

    async def at(time: str) -> list[int]:
        return [message["seq"] for message in (await ada.get(path, at=time, limit=3))["items"]]

    assert await at("2026-11-24T09:00:00Z") == [1, 2, 3]
    assert await at("2026-11-24T10:04:00Z") == [4, 5, 6]
    assert await at("2026-11-24T10:04:00.000001Z") == [5, 6, 7]
    assert await at("2026-11-24T11:00:00+01:00") == [1, 2, 3]
    assert await at("2026-11-24T12:00:00Z") == []
    assert (await ada.ask("GET", path, params={"at": "2026-11-24T10:04:00"})).status_code == 422
    assert (await ada.ask("GET", path, params={"at": "2026-11-24T10:04:00Z", "after_seq": 1})).status_code == 422
