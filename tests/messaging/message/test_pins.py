"""Pinned messages: by whom, how many, and what becomes of them."""

from messaging.message.store.pins import MAX_PINS

from tests.messaging.message.world import Json, User, World


async def pinned(user: User, group: Json) -> list[str]:
    """The ids of what is pinned."""
    page = await user.get(f"/conversation/{group['id']}/pins")
    assert page["next_cursor"] is None
    return [message["id"] for message in page["items"]]


async def test_pins_are_listed_the_last_first_and_seen_on_the_message(world: World) -> None:
    ada, ben = world.user("ada"), world.user("ben")
    group = await world.group(ada, ben)
    first, second = await ada.send(group["id"], "first"), await ben.send(group["id"], "second")

    async with ben.live() as live:
        shown = await ada.put(f"/message/{second['id']}/pin", {})
        heard = await live.wait_for("message_updated")
    await ada.put(f"/message/{first['id']}/pin", {})
    again = await ada.put(f"/message/{second['id']}/pin", {})

    assert shown["pinned"] is heard["pinned"] is True
    assert (shown["rev"], again["rev"], heard["actor_id"]) == (second["rev"] + 1, shown["rev"], ada.id)
    assert await pinned(ben, group) == [first["id"], second["id"]]


async def test_unpinning_takes_it_away_and_again_is_no_error(world: World) -> None:
    ada = world.user("ada")
    group = await world.group(ada)
    message = await ada.send(group["id"])
    await ada.put(f"/message/{message['id']}/pin", {})

    await ada.delete(f"/message/{message['id']}/pin")
    await ada.delete(f"/message/{message['id']}/pin")

    assert await pinned(ada, group) == []
    now = await ada.get(f"/message/{message['id']}")
    assert (now["pinned"], now["rev"]) == (False, message["rev"] + 2)


async def test_both_people_of_a_direct_conversation_pin(world: World) -> None:
    ada, ben = world.user("ada"), world.user("ben")
    await world.group(ben)  # so that ben is known
    direct = await ada.post("/conversation", {"kind": "direct", "member_ids": [ben.id]}, expect=201)
    message = await ada.send(direct["id"])

    assert (await ben.put(f"/message/{message['id']}/pin", {}))["pinned"] is True
    await ada.delete(f"/message/{message['id']}/pin")


async def test_a_conversation_has_fifty_pins_at_most(world: World) -> None:
    ada = world.user("ada")
    group = await world.group(ada)
    messages = [await ada.send(group["id"], str(number)) for number in range(MAX_PINS + 1)]
    for message in messages[:MAX_PINS]:
        await ada.put(f"/message/{message['id']}/pin", {})

    await ada.put(f"/message/{messages[MAX_PINS]['id']}/pin", {}, expect=409)
    await ada.delete(f"/message/{messages[0]['id']}/pin")
    await ada.put(f"/message/{messages[MAX_PINS]['id']}/pin", {})


async def test_a_deleted_message_is_unpinned_and_is_not_pinned_again(world: World) -> None:
    ada = world.user("ada")
    group = await world.group(ada)
    message = await ada.send(group["id"])
    await ada.put(f"/message/{message['id']}/pin", {})
    await ada.delete(f"/message/{message['id']}")

    assert await pinned(ada, group) == []
    assert (await ada.get(f"/message/{message['id']}"))["pinned"] is False
    await ada.put(f"/message/{message['id']}/pin", {}, expect=409)
