"""Reading back: pages by number from every side, changes by rev, lists by latest activity."""

from typing import Any

import pytest

from tests.messaging.message.world import Json, User, World

TEXTS = 10


@pytest.fixture(scope="module")
async def talk(world: World) -> tuple[User, Json]:
    """A group with ten messages, of which the fourth was edited and the sixth deleted."""
    ada = world.user("ada")
    group = await world.group(ada)
    sent = [await ada.send(group["id"], f"text {number}") for number in range(1, TEXTS + 1)]
    await ada.put(f"/message/{sent[3]['id']}", {"content": "edited"})
    await ada.delete(f"/message/{sent[5]['id']}")
    return ada, await ada.get(f"/conversation/{group['id']}")


@pytest.mark.parametrize(
    ("query", "seqs", "more"),
    [
        ({}, list(range(1, 11)), False),
        ({"limit": 3}, [8, 9, 10], True),
        ({"after_seq": 0, "limit": 4}, [1, 2, 3, 4], True),
        ({"after_seq": 6, "limit": 4}, [7, 8, 9, 10], False),
        ({"after_seq": 10}, [], False),
        ({"before_seq": 5, "limit": 2}, [3, 4], True),
        ({"before_seq": 3, "limit": 2}, [1, 2], False),
        ({"before_seq": 1}, [], False),
        ({"around_seq": 5, "limit": 4}, [3, 4, 5, 6], True),
        ({"around_seq": 10, "limit": 4}, [8, 9, 10], False),
        ({"around_seq": 1, "limit": 4}, [1, 2, 3, 4], True),
    ],
)
async def test_a_page_is_ascending_and_tells_of_more(
    talk: tuple[User, Json], query: dict[str, Any], seqs: list[int], more: bool
) -> None:
    ada, group = talk

    page = await ada.get(f"/conversation/{group['id']}/messages", **query)

    assert ([message["seq"] for message in page["items"]], page["more"]) == (seqs, more)
    assert (page["first_seq"], page["last_seq"]) == (1, TEXTS)


@pytest.mark.parametrize("query", [{"limit": 0}, {"limit": 201}, {"after_seq": -1}, {"after_seq": 1, "before_seq": 2}])
async def test_a_page_that_cannot_be_is_refused(talk: tuple[User, Json], query: dict[str, Any]) -> None:
    ada, group = talk

    assert (await ada.ask("GET", f"/conversation/{group['id']}/messages", params=query)).status_code == 422


async def test_changes_come_in_rev_order_each_message_as_it_is_now(talk: tuple[User, Json]) -> None:
    ada, group = talk
    path = f"/conversation/{group['id']}/changes"

    first = await ada.get(path, after_rev=0, limit=6)
    rest = await ada.get(path, after_rev=first["items"][-1]["rev"])

    assert [message["seq"] for message in first["items"] + rest["items"]] == [1, 2, 3, 5, 7, 8, 9, 10, 4, 6]
    assert (first["more"], rest["more"], rest["last_rev"]) == (True, False, TEXTS + 2)
    assert [message["content"] for message in rest["items"][-2:]] == ["edited", ""]


async def test_a_conversation_shows_its_latest_messages(talk: tuple[User, Json]) -> None:
    ada, group = talk

    seen = await ada.get(f"/conversation/{group['id']}", limit=2)

    assert [message["seq"] for message in seen["messages"]] == [9, 10]
    assert [member["user_id"] for member in seen["members"]] == [ada.id]
    assert seen["last_message"]["seq"] == TEXTS


async def test_lists_come_by_latest_activity_in_pages_without_gap_or_repeat(world: World) -> None:
    ada = world.user("ada")
    groups = [await world.group(ada, title=f"group {number}") for number in range(7)]
    for group in (groups[2], groups[5]):
        await ada.send(group["id"])
    expected = [groups[number]["id"] for number in (5, 2, 6, 4, 3, 1, 0)]

    listed: list[str] = []
    page = await ada.get("/conversation", limit=3)
    while True:
        listed += [item["id"] for item in page["items"]]
        if page["next_cursor"] is None:
            break
        page = await ada.get(f"/conversation/by-user-id/{ada.id}", limit=3, cursor=page["next_cursor"])

    assert listed == expected
    assert (await ada.ask("GET", "/conversation", params={"cursor": "bm9uc2Vuc2U"})).status_code == 422


async def test_the_newest_messages_of_all_ones_conversations_are_listed(world: World) -> None:
    ada, ben = world.user("ada"), world.user("ben")
    mine, ours, others = await world.group(ada), await world.group(ada, ben), await world.group(ben)
    sent = []
    for number in range(3):
        for user, group in ((ada, mine), (ben, ours)):
            sent.append(await user.send(group["id"], f"{number}"))
        await ben.send(others["id"], "not for ada")

    listed = await ada.get("/message", limit=4)

    assert [message["id"] for message in listed["items"]] == [message["id"] for message in sent[:-5:-1]]
