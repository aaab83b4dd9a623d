"""Blocks and "contacts only": nothing new reaches the blocker in a direct conversation; groups go on."""

from tests.messaging.message.test_invitations import befriend, block, meet
from tests.messaging.message.test_people import NOTHING, deliver, profile, said
from tests.messaging.message.world import Json, User, World, body_of

CANNOT = "urn:messaging:problem:cannot-message"


async def direct(one: User, other: User) -> Json:
    """Their conversation, from the first one's side."""
    made: Json = await one.post("/conversation", {"kind": "direct", "member_ids": [other.id]}, expect=201)
    return made


async def test_a_blocked_person_starts_nothing_and_the_blocker_may(world: World) -> None:
    ada, ben = await meet(world, "ada", "ben")
    await block(world, ben, ada)

    refused = await ada.post("/conversation", {"kind": "direct", "member_ids": [ben.id]}, expect=403)

    assert refused["type"] == CANNOT
    assert (await ben.get("/conversation"))["items"] == []
    made = await direct(ben, ada)
    await ben.send(made["id"], "one may write to whom one has blocked")


async def test_a_blocked_person_continues_nothing_by_any_way(world: World) -> None:
    ada, ben = await meet(world, "ada", "ben")
    place = (await direct(ada, ben))["id"]
    sent = await ada.send(place, "before the block")
    await block(world, ben, ada)

    async with ben.live() as ben_live, ada.live() as live:
        by_rest = await ada.post("/message", body_of(place, "after"), expect=403)
        by_socket = await live.call("send_message", body_of(place, "after"))
        edited = await ada.put(f"/message/{sent['id']}", {"content": "what I could not send"}, expect=403)
        reacted = await ada.put(f"/message/{sent['id']}/reactions/👍", {}, expect=403)
        typed = await live.call("typing", {"conversation_id": place})
        pinned = await ada.put(f"/message/{sent['id']}/pin", {}, expect=403)
        barrier = await ben.send(place, "ben still may")
        await ben_live.wait_for("message", lambda message: message["id"] == barrier["id"])
        assert [event for event, _ in ben_live.heard] == ["message"]

    answers = [by_rest, by_socket["problem"], edited, reacted, typed["problem"], pinned]
    assert {answer["type"] for answer in answers} == {CANNOT}
    await ada.get(f"/conversation/{place}/messages")
    await ada.post("/conversation", {"kind": "direct", "member_ids": [ben.id]})
    await ada.delete(f"/message/{sent['id']}")


async def test_a_repeat_of_what_was_stored_before_the_block_is_answered_as_ever(world: World) -> None:
    ada, ben = await meet(world, "ada", "ben")
    body = body_of((await direct(ada, ben))["id"], "before the block")
    first = await ada.post("/message", body, expect=201)
    await block(world, ben, ada)

    assert (await ada.post("/message", body, expect=200))["id"] == first["id"]


async def test_an_ended_block_lets_them_write_again(world: World) -> None:
    ada, ben = await meet(world, "ada", "ben")
    place = (await direct(ada, ben))["id"]
    await block(world, ben, ada)
    await ada.post("/message", body_of(place), expect=403)

    await deliver(world, said(ben, ada, NOTHING, 3))

    await ada.send(place, "again")


async def test_contacts_only_is_told_as_a_block_is(world: World) -> None:
    ada, ben, carol = await meet(world, "ada", "ben", "carol")
    place = (await direct(ada, ben))["id"]
    await deliver(world, profile(ben, 2, direct_messages="contacts"), profile(carol, 2, direct_messages="contacts"))
    await block(world, carol, ada)

    reserved = await ada.post("/message", body_of(place), expect=403)
    blocked = await ada.post("/conversation", {"kind": "direct", "member_ids": [carol.id]}, expect=403)
    await befriend(world, ada, ben)

    assert reserved == blocked
    await ada.send(place, "as a contact")


async def test_in_groups_messages_of_the_blocked_are_delivered(world: World) -> None:
    ada, ben = await meet(world, "ada", "ben")
    group = await world.group(ada, ben)
    await block(world, ben, ada)

    async with ben.live() as live:
        sent = await ada.send(group["id"], "to everybody")
        await live.wait_for("message", lambda message: message["id"] == sent["id"])


async def test_notes_to_oneself_are_taken_whatever_one_has_chosen(world: World) -> None:
    (ada,) = await meet(world, "ada")
    await deliver(world, profile(ada, 2, direct_messages="contacts"))
    notes = await direct(ada, ada)

    await ada.send(notes["id"], "remember")
