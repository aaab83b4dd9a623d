"""The newest messages over all of a person's conversations, page by page."""

import asyncio
import random

from tests.messaging.message.world import Json, User, World


async def pages(user: User, limit: int) -> list[Json]:
    """All messages of all conversations, as the pages give them."""
    items: list[Json] = []
    cursor: Json = {}
    while True:
        page = await user.get("/message", limit=limit, **cursor)
        items += page["items"]
        assert len(page["items"]) <= limit
        if page["next_cursor"] is None:
            return items
        assert len(page["items"]) == limit
        cursor = {"cursor": page["next_cursor"]}


async def everything(user: User, groups: list[Json]) -> list[Json]:
    """The same by each conversation's history."""
    found: list[Json] = []
    for group in groups:
        found += (await user.get(f"/conversation/{group['id']}/messages", limit=200))["items"]
    return sorted(found, key=lambda one: (one["created_at"], one["conversation_id"], one["seq"]), reverse=True)


async def test_pages_hold_every_message_once_newest_first(world: World) -> None:
    ada, chance = world.user("ada"), random.Random(4)
    groups = [await world.group(ada) for _ in range(5)]
    for _ in range(12):
        await asyncio.gather(*(ada.send(chance.choice(groups)["id"]) for _ in range(chance.randint(1, 6))))
    expected = await everything(ada, groups)

    for limit in (1, 3, 7, 200):
        assert await pages(ada, limit) == expected


async def test_messages_of_one_moment_are_not_lost_between_pages(world: World) -> None:
    ada = world.user("ada")
    groups = [await world.group(ada) for _ in range(3)]
    await asyncio.gather(*(ada.send(group["id"], str(number)) for group in groups for number in range(20)))

    assert await pages(ada, 7) == await everything(ada, groups)


async def test_what_comes_meanwhile_moves_nothing_between_pages(world: World) -> None:
    ada = world.user("ada")
    groups = [await world.group(ada) for _ in range(2)]
    for number in range(10):
        await ada.send(groups[number % 2]["id"], str(number))
    first = await ada.get("/message", limit=4)
    for group in groups:
        await ada.send(group["id"], "later")
    second = await ada.get("/message", limit=6, cursor=first["next_cursor"])

    assert [one["content"] for one in (*first["items"], *second["items"])] == [str(n) for n in range(9, -1, -1)]
    assert second["next_cursor"] is None


async def test_only_conversations_of_mine_are_in_it(world: World) -> None:
    ada, ben = world.user("ada"), world.user("ben")
    await ben.send((await world.group(ben))["id"], "ben's")
    shared = await world.group(ada, ben)
    await ben.send(shared["id"], "ours")
    await ada.delete(f"/conversation/{shared['id']}/members/{ben.id}")

    assert [one["content"] for one in await pages(ben, 2)] == ["ben's"]
    assert (await ben.ask("GET", "/message", params={"cursor": "nonsense"})).status_code == 422
