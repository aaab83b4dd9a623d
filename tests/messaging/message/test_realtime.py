"""Sockets: sync in answers of bounded size, what membership lets through, and what is refused."""

from typing import Any
from uuid import uuid4

import pytest
from messaging.message.service.catchup import MAX_BYTES, MAX_MESSAGES
from messaging_wire.conversation import ConversationDetail

from tests.messaging.message.test_batches import outcome, parts_of, send_of
from tests.messaging.message.world import Json, User, World, body_of


async def fill(user: User, group: Json, count: int, content: str = "x") -> None:
    """Send many messages."""
    commits = parts_of(user.world).commits
    for answer in [commits.submit(send_of(user, group, content)) for _ in range(count)]:
        await outcome(answer)


async def caught_up(user: User, group: Json, seq: int, rev: int) -> tuple[dict[int, Json], int]:
    """Sync as a client does until nothing is missing; returns what it has then, and how many answers it took."""
    held: dict[int, Json] = {}
    async with user.live() as live:
        for count in range(1, 100):
            answer = await live.accepted("sync", {"conversations": {group["id"]: {"seq": seq, "rev": rev}}})
            part = answer["conversations"][group["id"]]
            assert len(part["messages"]) + len(part["changes"]) <= MAX_MESSAGES
            for message in part["messages"]:
                assert message["seq"] == seq + 1
                seq = message["seq"]
            for message in part["messages"] + part["changes"]:
                if message["seq"] not in held or held[message["seq"]]["rev"] < message["rev"]:
                    held[message["seq"]] = message
            rev = part["rev"]
            if not part["more"]:
                assert (seq, rev) == (part["last_seq"], part["last_rev"])
                return held, count
    raise AssertionError("sync never ended")


async def test_one_who_was_away_long_catches_up_in_bounded_answers(world: World) -> None:
    ada, ben = world.user("ada"), world.user("ben")
    group = await world.group(ada, ben)
    await fill(ada, group, 2 * MAX_MESSAGES)

    held, answers = await caught_up(ben, group, 1, 1)

    assert sorted(held) == list(range(2, 2 * MAX_MESSAGES + 2))
    assert answers == 2


async def test_long_texts_make_more_answers(world: World) -> None:
    ada, ben = world.user("ada"), world.user("ben")
    group = await world.group(ada, ben)
    await fill(ada, group, 150, "ü" * 4000)

    async with ben.live() as live:
        answer = await live.accepted("sync", {"conversations": {group["id"]: 1}})
        part = answer["conversations"][group["id"]]
    held, _ = await caught_up(ben, group, 1, 1)

    assert part["more"] is True
    assert sum(len(message["content"].encode()) for message in part["messages"]) <= MAX_BYTES
    assert len(held) == 150


async def test_missed_edits_and_deletions_reach_one_who_was_away(world: World) -> None:
    ada, ben = world.user("ada"), world.user("ben")
    group = await world.group(ada, ben)
    sent = [await ada.send(group["id"], f"{number}") for number in range(6)]
    await ada.put(f"/message/{sent[0]['id']}", {"content": "edited"})
    await ada.delete(f"/message/{sent[1]['id']}")
    await ada.put(f"/message/{sent[4]['id']}", {"content": "edited before it was seen"})

    held, answers = await caught_up(ben, group, sent[2]["seq"], sent[2]["rev"])

    assert answers == 1
    assert {seq: message["content"] for seq, message in held.items()} == {
        sent[0]["seq"]: "edited",
        sent[1]["seq"]: "",
        sent[3]["seq"]: "3",
        sent[4]["seq"]: "edited before it was seen",
        sent[5]["seq"]: "5",
    }


async def test_more_changes_than_fit_come_before_what_is_new(world: World) -> None:
    ada, ben = world.user("ada"), world.user("ben")
    group = await world.group(ada, ben)
    await fill(ada, group, MAX_MESSAGES + 20)
    page = await ada.get(f"/conversation/{group['id']}/messages", after_seq=1, limit=30)
    for message in page["items"]:
        await ada.put(f"/message/{message['id']}", {"content": "edited"})

    held, _ = await caught_up(ben, group, 31, 31)

    assert sorted(held) == list(range(2, MAX_MESSAGES + 22))
    assert [held[seq]["content"] for seq in range(2, 32)] == ["edited"] * 30


async def test_conversations_that_are_not_named_are_joined_and_lost_ones_gone(world: World) -> None:
    ada, ben = world.user("ada"), world.user("ben")
    kept, lost, new = await world.group(ada, ben), await world.group(ada, ben), await world.group(ada, ben)
    await ada.delete(f"/conversation/{lost['id']}/members/{ben.id}")

    async with ben.live() as live:
        answer = await live.accepted("sync", {"epoch": "x", "conversations": {kept["id"]: 1, lost["id"]: 1}})

    assert list(answer["conversations"]) == [kept["id"]]
    assert (answer["gone"], [item["id"] for item in answer["joined"]]) == ([lost["id"]], [new["id"]])
    ConversationDetail.model_validate(answer["joined"][0])


@pytest.mark.parametrize(
    ("event", "payload"),
    [
        ("send_message", None),
        ("send_message", "text"),
        ("send_message", {"surprise": 1}),
        ("sync", {"conversations": {str(uuid4()): -1}}),
        ("sync", {"conversations": {str(uuid4()): 0 for _ in range(201)}}),
        ("receipt", {"read_seq": 1}),
        ("typing", {}),
        ("refresh", {}),
    ],
)
async def test_a_malformed_event_is_refused_and_the_socket_stays(world: World, event: str, payload: Any) -> None:
    async with world.user("ada").live() as live:
        assert await live.refused(event, payload) == 422
        await live.accepted("sync", {})


async def test_an_unknown_event_is_refused(world: World) -> None:
    async with world.user("ada").live() as live:
        assert await live.refused("surprise", {}) == 404


async def test_typing_is_told_to_the_others_at_most_once_a_second(world: World) -> None:
    ada, ben = world.user("ada"), world.user("ben")
    group = await world.group(ada, ben)

    async with ada.live() as mine, ben.live() as theirs:
        for _ in range(5):
            await mine.accepted("typing", {"conversation_id": group["id"]})
        await theirs.wait_for("typing")
        await ada.send(group["id"], "done")
        await theirs.wait_for("message", lambda message: message["content"] == "done")

    assert 1 <= len(theirs.events("typing")) <= 2
    assert mine.events("typing") == []


async def test_all_sockets_of_a_person_hear_a_message_the_sending_one_too(world: World) -> None:
    ada = world.user("ada")
    group = await world.group(ada)

    async with ada.live() as one, ada.live() as two:
        await one.accepted("send_message", body_of(group["id"], "to myself"))
        for live in (one, two):
            await live.wait_for("message")

    assert one.seqs(group["id"]) == two.seqs(group["id"]) == [1]


async def test_who_joins_while_connected_hears_what_comes_next(world: World) -> None:
    ada, ben = world.user("ada"), world.user("ben")
    group = await world.group(ada)
    await ada.send(group["id"], "before")

    async with ben.live() as live:
        await ben.post("/conversation/join", {"join_code": group["join_code"]})
        await ada.send(group["id"], "after")
        await live.wait_for("message", lambda message: message["content"] == "after")

    assert live.seqs(group["id"]) == [2, 3]
    assert next(event for event, _ in live.heard) == "conversation", "told of joining before any message"
