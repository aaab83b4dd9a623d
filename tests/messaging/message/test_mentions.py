"""Mentions: which names a text holds, and who is meant by them."""

import asyncio
from uuid import uuid4

import pytest
from messaging.kernel.ids import new_id
from messaging.message.mentions import find_names, pack, unpack
from messaging.message.tables import MAX_MENTIONS
from messaging_wire.events import MessageCreated
from messaging_wire.ids import UserId

from tests.messaging.message.world import User, World


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("nobody at all", []),
        ("@Ada, look", ["ada"]),
        ("thanks @ada.lovelace.", ["ada.lovelace"]),
        ("(@ada) @ben- @cleo_ @dora!", ["ada", "ben", "cleo", "dora"]),
        ("看@ada一下", ["ada"]),
        ("@ben @BEN @ben", ["ben"]),
        ("ben@example.org ada+x@example.org", []),
        ("@benjamin@example.org", []),
        ("https://example.org/@ben", []),
        ("@@ben", []),
        ("@ ben @. @-ben", []),
        ("@ab @" + "x" * 51, []),
        ("@" + "x" * 50, ["x" * 50]),
        ("first\n@ben", ["ben"]),
    ],
)
def test_a_name_stands_behind_an_at_and_is_no_part_of_an_address(text: str, names: list[str]) -> None:
    assert find_names(text) == names


def test_no_text_mentions_more_than_fifty() -> None:
    assert len(find_names(" ".join(f"@name{number}" for number in range(200)))) == MAX_MENTIONS


def test_a_long_text_of_ats_takes_no_time() -> None:
    assert find_names("@" * 4000) == []
    assert find_names("@a" * 2000) == []


def test_ids_are_stored_and_read_in_their_order() -> None:
    ids = [UserId(new_id()) for _ in range(3)]

    assert unpack(pack(ids)) == ids
    assert pack([]) is None
    assert unpack(None) == []


def named(world: World, *names: str) -> list[User]:
    """People of names that nobody else has."""
    return [world.user(f"{name}{uuid4().hex[:8]}") for name in names]


async def test_members_are_mentioned_by_name_whatever_its_case(world: World) -> None:
    ada, ben, cleo = named(world, "ada", "ben", "cleo")
    group = await world.group(ada, ben)
    await world.group(cleo)

    async with ben.live() as live:
        sent = await ada.send(group["id"], f"@{ben.name.upper()}, @{cleo.name}, @{ada.name} and @{ben.name}")
        heard = await live.wait_for("message", lambda message: message["id"] == sent["id"])

    assert sent["mentions"] == heard["mentions"] == [ben.id, ada.id]
    assert (await ben.get(f"/message/{sent['id']}"))["mentions"] == [ben.id, ada.id]
    told = await world.published(MessageCreated, group["id"], 2)
    assert [str(user) for user in told[-1].mentions] == [ben.id, ada.id]


async def test_who_has_left_is_not_mentioned(world: World) -> None:
    ada, ben = named(world, "ada", "ben")
    group = await world.group(ada, ben)
    await ben.delete(f"/conversation/{group['id']}/members/{ben.id}")

    assert (await ada.send(group["id"], f"@{ben.name}"))["mentions"] == []


async def test_in_a_batch_each_conversation_has_its_own_people(world: World) -> None:
    ada, ben, cleo = named(world, "ada", "ben", "cleo")
    bens, cleos = await world.group(ada, ben), await world.group(ada, cleo)
    text = f"@{ben.name} @{cleo.name}"

    sent = await asyncio.gather(*(ada.send(group["id"], text) for group in (bens, cleos) for _ in range(5)))

    assert [message["mentions"] for message in sent] == [[ben.id]] * 5 + [[cleo.id]] * 5


async def test_a_deleted_message_mentions_nobody(world: World) -> None:
    ada, ben = named(world, "ada", "ben")
    group = await world.group(ada, ben)
    sent = await ada.send(group["id"], f"@{ben.name}")
    await ada.delete(f"/message/{sent['id']}")

    assert (await ben.get(f"/message/{sent['id']}"))["mentions"] == []
