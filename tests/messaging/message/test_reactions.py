"""Reactions: counted once each, told to everybody, bounded in kinds and in what is shown."""

import random
from pathlib import Path
from urllib.parse import quote
from uuid import UUID

import pytest
from messaging.kernel.ids import new_id
from messaging.message.mentions import unpack
from messaging.message.store import reactions
from messaging.message.tables import SHOWN_REACTORS
from messaging_wire.ids import MessageId, UserId

from tests.messaging.message.world import Json, User, World, open_world

EMOJIS = [chr(0x1F400 + number) for number in range(51)]


def path(message: Json, emoji: str) -> str:
    """Where a reaction is."""
    return f"/message/{message['id']}/reactions/{quote(emoji)}"


async def react(user: User, message: Json, emoji: str, *, expect: int = 200) -> Json:
    """React; the message as it is then."""
    answer = await user.ask("PUT", path(message, emoji))
    assert answer.status_code == expect, answer.text
    result: Json = answer.json()
    return result


async def two(world: World) -> tuple[User, User, Json, Json]:
    """Two people, their group and a message in it."""
    ada, ben = world.user("ada"), world.user("ben")
    group = await world.group(ada, ben)
    return ada, ben, group, await ada.send(group["id"], "look")


async def test_a_reaction_is_counted_once_however_often_it_is_sent(world: World) -> None:
    ada, ben, _group, message = await two(world)

    first = await react(ben, message, "👍")
    again = await react(ben, message, "👍")

    assert again == first
    assert first["reactions"] == {"👍": {"count": 1, "me": True, "user_ids": [ben.id]}}
    assert first["rev"] == message["rev"] + 1
    seen = await ada.get(f"/message/{message['id']}")
    assert seen["reactions"] == {"👍": {"count": 1, "me": False, "user_ids": [ben.id]}}


async def test_everybody_hears_of_a_reaction_and_who_made_it(world: World) -> None:
    ada, ben, group, message = await two(world)

    async with ada.live() as live:
        await react(ben, message, "👍")
        heard = await live.wait_for("message_updated")

    assert heard["reactions"] == {"👍": {"count": 1, "me": None, "user_ids": [ben.id]}}
    assert (heard["actor_id"], heard["seq"], heard["rev"]) == (ben.id, message["seq"], message["rev"] + 1)
    assert heard["client_message_id"] == message["client_message_id"]
    changes = await ada.get(f"/conversation/{group['id']}/changes", after_rev=message["rev"])
    assert [item["reactions"]["👍"]["count"] for item in changes["items"]] == [1]


async def test_emojis_stand_in_the_order_of_their_first_use(world: World) -> None:
    ada, ben, _group, message = await two(world)
    await react(ben, message, "🎉")
    await react(ben, message, "👍")
    shown = await react(ada, message, "🎉")

    assert list(shown["reactions"]) == ["🎉", "👍"]
    assert shown["reactions"]["🎉"] == {"count": 2, "me": True, "user_ids": [ben.id, ada.id]}


async def test_a_reaction_taken_back_is_gone_and_taking_it_back_again_is_no_error(world: World) -> None:
    ada, ben, _group, message = await two(world)
    await react(ben, message, "👍")
    await react(ada, message, "👍")

    await ben.delete(path(message, "👍"))
    await ben.delete(path(message, "👍"))
    left = await ada.get(f"/message/{message['id']}")
    await ada.delete(path(message, "👍"))
    none = await ada.get(f"/message/{message['id']}")

    assert left["reactions"] == {"👍": {"count": 1, "me": True, "user_ids": [ada.id]}}
    assert none["reactions"] == {}
    assert none["rev"] == message["rev"] + 4


async def test_an_emoji_without_its_selector_is_the_same_one(world: World) -> None:
    ada, ben, _group, message = await two(world)
    await react(ada, message, "❤")

    assert (await react(ben, message, "❤️"))["reactions"] == {
        "❤️": {"count": 2, "me": True, "user_ids": [ada.id, ben.id]}
    }


@pytest.mark.parametrize("text", ["x", "👍👍", "1", "<script>", "👍 "])
async def test_anything_but_one_emoji_is_refused(world: World, text: str) -> None:
    ada, _ben, _group, message = await two(world)

    problem = await react(ada, message, text, expect=422)

    assert [error["field"] for error in problem["errors"]] == ["emoji"]


async def test_a_message_has_fifty_different_emojis_at_most(world: World) -> None:
    ada, ben, _group, message = await two(world)
    for emoji in EMOJIS[:50]:
        await react(ada, message, emoji)

    await react(ben, message, EMOJIS[50], expect=409)
    assert (await react(ben, message, EMOJIS[0]))["reactions"][EMOJIS[0]]["count"] == 2


async def test_of_many_people_twenty_are_shown_and_everybody_knows_their_own(world: World) -> None:
    ada, ben, group, message = await two(world)
    await _crowd(world, message, 2 * SHOWN_REACTORS)

    late = await react(ben, message, "👍")
    shown = (await ada.get(f"/conversation/{group['id']}/messages"))["items"][-1]

    assert (late["reactions"]["👍"]["count"], late["reactions"]["👍"]["me"]) == (2 * SHOWN_REACTORS + 1, True)
    assert len(late["reactions"]["👍"]["user_ids"]) == SHOWN_REACTORS
    assert ben.id not in late["reactions"]["👍"]["user_ids"]
    assert shown["reactions"]["👍"]["me"] is False


async def test_who_leaves_what_is_shown_is_followed_by_another(world: World) -> None:
    ada, ben, _group, message = await two(world)
    await react(ada, message, "👍")
    await _crowd(world, message, SHOWN_REACTORS)

    await ada.delete(path(message, "👍"))
    shown = (await ben.get(f"/message/{message['id']}"))["reactions"]["👍"]

    assert (shown["count"], len(set(shown["user_ids"]))) == (SHOWN_REACTORS, SHOWN_REACTORS)
    assert ada.id not in shown["user_ids"]


async def _crowd(world: World, message: Json, count: int) -> None:
    """So many other people react with a thumb."""
    runtime, key = world.service.host.runtime, MessageId(UUID(message["id"]))
    async with runtime.database.writing() as session:
        for _ in range(count):
            await reactions.add(session, reactions.reaction_of(key, "👍", new_id(), runtime.clock.now()))


async def test_the_latest_message_of_a_listed_conversation_shows_its_reactions(world: World) -> None:
    _ada, ben, _group, message = await two(world)
    await react(ben, message, "👍")

    listed = (await ben.get("/conversation"))["items"][0]

    assert listed["last_message"]["reactions"] == {"👍": {"count": 1, "me": True, "user_ids": [ben.id]}}


async def test_a_deleted_message_has_no_reactions_and_takes_none(world: World) -> None:
    ada, ben, _group, message = await two(world)
    await react(ben, message, "👍")
    await ada.delete(f"/message/{message['id']}")

    await react(ben, message, "👍", expect=409)
    await ben.delete(path(message, "👍"))
    assert (await ben.get(f"/message/{message['id']}"))["reactions"] == {}
    async with world.service.host.runtime.database.reading() as session:
        assert await reactions.of_people(session, [UUID(message["id"])], [UUID(ben.id)]) == set()


async def test_a_system_message_takes_reactions_too(world: World) -> None:
    ada, _ben, group, _message = await two(world)
    joined = (await ada.get(f"/conversation/{group['id']}/messages"))["items"][0]

    assert (await react(ada, joined, "👋"))["reactions"]["👋"]["count"] == 1


async def test_reactions_pins_and_edits_count_towards_the_rate_of_messages(tmp_path: Path) -> None:
    place: Json = {"data_dir": tmp_path}
    async with open_world(place, send_rate_per_s=0.01, send_burst=4) as slow:
        ada = slow.user("ada")
        group = await slow.group(ada)
        message = await ada.send(group["id"])
        await react(ada, message, "👍")
        await ada.put(f"/message/{message['id']}/pin", {})

        await react(ada, message, "🎉", expect=429)
        await ada.put(f"/message/{message['id']}", {"content": "more"}, expect=429)


async def test_a_conversation_shows_the_reactions_to_its_latest_message(world: World) -> None:
    _ada, ben, group, message = await two(world)
    await react(ben, message, "👍")

    detail = await ben.get(f"/conversation/{group['id']}")

    assert detail["last_message"] == detail["messages"][-1]
    assert detail["last_message"]["reactions"]["👍"]["me"] is True


async def test_whatever_is_added_and_taken_back_the_tallies_say_what_there_is(world: World) -> None:
    _ada, _ben, _group, message = await two(world)
    runtime, key, chance = world.service.host.runtime, MessageId(UUID(message["id"])), random.Random(7)
    people, there = [UserId(new_id()) for _ in range(2 * SHOWN_REACTORS)], set[tuple[str, UserId]]()

    async with runtime.database.writing() as session:
        for _ in range(400):
            one = (chance.choice("👍🎉"), chance.choice(people))
            found = await reactions.find(session, key, *one)
            assert (found is not None) == (one in there)
            if found is None:
                await reactions.add(session, reactions.reaction_of(key, *one, runtime.clock.now()))
            else:
                await reactions.remove(session, found)
            there ^= {one}
    async with runtime.database.reading() as session:
        tallies = {row.emoji: row for row in await reactions.tallies(session, [key])}

    for emoji in "👍🎉":
        who = {user for one, user in there if one == emoji}
        shown = unpack(tallies[emoji].user_ids)
        assert tallies[emoji].count == len(who)
        assert len(shown) == len(set(shown)) == min(SHOWN_REACTORS, len(who))
        assert who.issuperset(shown)
