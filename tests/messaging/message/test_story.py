"""The thin story: make, join, send by both ways, hear, read back, catch up."""

from uuid import uuid4

from tests.messaging.message.world import EPOCH, World, body_of


async def test_two_people_talk_and_one_catches_up(world: World) -> None:
    ada, ben = world.user("ada"), world.user("ben")
    group = await world.group(ada, ben)
    assert group["last_seq"] == 1  # ben joined

    async with ada.live() as ada_live, ben.live() as ben_live:
        first = await ada.send(group["id"], "one")
        second = (await ada_live.accepted("send_message", body_of(group["id"], "two")))["message"]
        await ben_live.wait_for("message", lambda message: message["id"] == second["id"])

    assert [first["seq"], second["seq"]] == ben_live.seqs(group["id"]) == [2, 3]
    missed = [await ada.send(group["id"], f"missed {number}") for number in range(20)]
    async with ben.live() as again:
        answer = await again.accepted("sync", {"conversations": {group["id"]: {"seq": 3, "rev": 3}}})

    assert answer["epoch"] == EPOCH
    part = answer["conversations"][group["id"]]
    assert [message["id"] for message in part["messages"]] == [message["id"] for message in missed]
    assert [part["last_seq"], part["rev"], part["more"], part["changes"]] == [23, 23, False, []]
    page = await ben.get(f"/conversation/{group['id']}/messages")
    assert [message["seq"] for message in page["items"]] == list(range(1, 24))


async def test_a_repeat_gets_the_same_answer_and_other_content_is_refused(world: World) -> None:
    ada, key = world.user("ada"), uuid4()
    group = await world.group(ada)

    first = await ada.post("/message", body_of(group["id"], "one", key), expect=201)
    again = await ada.post("/message", body_of(group["id"], "one", key), expect=200)
    other = await ada.ask("POST", "/message", json=body_of(group["id"], "other", key))

    assert first == again
    assert (other.status_code, other.json()["type"]) == (409, "urn:messaging:problem:client-id-reused")
