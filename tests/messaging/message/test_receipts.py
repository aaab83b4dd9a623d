"""Receipts: two numbers that only rise, written at most once a second, told to small conversations."""

import asyncio
import time

from messaging_wire.events import ReceiptUpdated

from tests.messaging.message.world import Json, User, World, until


async def mark(user: User, group: Json, **seqs: int) -> tuple[int, int]:
    """Say how far one has come; returns what is stored of it."""
    receipt = await user.put(f"/conversation/{group['id']}/receipt", seqs)
    me = (await user.get(f"/conversation/{group['id']}"))["me"]
    assert (receipt["delivered_seq"], receipt["read_seq"]) == (me["delivered_seq"], me["read_seq"])
    return receipt["delivered_seq"], receipt["read_seq"]


async def test_marks_rise_never_fall_and_end_at_the_last_message(world: World) -> None:
    ada, ben = world.user("ada"), world.user("ben")
    group = await world.group(ada, ben)
    for number in range(9):
        await ada.send(group["id"], f"{number}")

    assert await mark(ben, group, delivered_seq=5) == (5, 1)
    assert await mark(ben, group, read_seq=7) == (7, 7)
    assert await mark(ben, group, read_seq=2, delivered_seq=3) == (7, 7)
    assert (await ben.get(f"/conversation/{group['id']}"))["unread"] == 3
    assert await mark(ben, group, read_seq=1000) == (10, 10)
    assert (await ben.get(f"/conversation/{group['id']}"))["unread"] == 0


async def test_the_status_is_the_least_over_the_others(world: World) -> None:
    ada, ben, carol = world.user("ada"), world.user("ben"), world.user("carol")
    group = await world.group(ada, ben, carol)
    sent = await ada.send(group["id"])

    async def status() -> str:
        return str((await ada.get(f"/message/{sent['id']}"))["status"])

    assert await status() == "sent"
    await mark(ben, group, read_seq=sent["seq"])
    assert await status() == "sent"
    await mark(carol, group, delivered_seq=sent["seq"])
    assert await status() == "delivered"
    await mark(carol, group, read_seq=sent["seq"])
    assert await status() == "read"
    assert (await ada.get("/conversation"))["items"][0]["last_message"]["status"] == "read"


async def test_many_marks_in_a_second_are_one_write_and_one_event(world: World) -> None:
    ada, ben = world.user("ada"), world.user("ben")
    group = await world.group(ada, ben)
    for number in range(20):
        await ada.send(group["id"], f"{number}")

    async with ada.live() as live, ben.live() as ben_live:
        begun = time.monotonic()
        payloads = [{"conversation_id": group["id"], "read_seq": seq} for seq in range(2, 22)]
        await asyncio.gather(*(ben_live.accepted("receipt", payload) for payload in payloads))
        took = time.monotonic() - begun
        await live.wait_for("receipt", lambda one: one["read_seq"] == 21)

    heard = [one["read_seq"] for one in live.events("receipt") if one["user_id"] == ben.id]
    assert len(heard) <= took + 2, "at most one a second"
    assert heard == sorted(set(heard))

    def told() -> list[ReceiptUpdated]:
        return [event for event in world.ear.events(ReceiptUpdated, group["id"]) if str(event.user_id) == ben.id]

    await until(lambda: len(told()) >= len(heard), "the event of the last write has not come")
    assert [event.read_seq for event in told()] == [event.version for event in told()]
    assert len(told()) == len(heard)


async def test_everybodys_marks_are_listed(world: World) -> None:
    ada, ben = world.user("ada"), world.user("ben")
    group = await world.group(ada, ben)
    sent = await ada.send(group["id"])

    listed = (await ben.get(f"/conversation/{group['id']}/receipts"))["items"]

    assert {one["user_id"]: one["read_seq"] for one in listed} == {ada.id: sent["seq"], ben.id: 1}
