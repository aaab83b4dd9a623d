"""Everybody changes a group at once: one owner remains, counts are right, and the events tell what came of it."""

import asyncio
import random
from collections.abc import Awaitable
from itertools import pairwise

from messaging_wire.events import MembershipChanged

from tests.messaging.message.test_invitations import befriend, meet
from tests.messaging.message.test_members import roles
from tests.messaging.message.world import Json, User, World, until

ROUNDS, AT_ONCE = 6, 10
EXPECTED = {200, 201, 202, 204, 403, 404, 409}
"""Whatever was true at the moment; never an error of the service."""


def anything(chance: random.Random, group: Json, people: list[User]) -> Awaitable[int]:
    """Something that somebody may try to do to somebody's membership."""
    who, whom = chance.choice(people), chance.choice(people)
    path = f"/conversation/{group['id']}/members"
    role = chance.choice(["admin", "member", "owner"])
    tries = {
        "join": ("POST", "/conversation/join", {"join_code": group["join_code"]}),
        "leave": ("DELETE", f"{path}/{who.id}", None),
        "remove": ("DELETE", f"{path}/{whom.id}", None),
        "role": ("PUT", f"{path}/{whom.id}", {"role": role}),
        "add": ("POST", path, {"user_id": whom.id}),
        "accept": ("PUT", f"/conversation/invitations/{group['id']}", {"accept": True}),
        "decline": ("PUT", f"/conversation/invitations/{group['id']}", {"accept": False}),
        "level": ("PUT", f"/conversation/{group['id']}/notifications", {"level": "none"}),
    }
    return status(who, *tries[chance.choice(list(tries))])


async def status(user: User, method: str, path: str, body: Json | None) -> int:
    """Ask; return the status."""
    return (await user.ask(method, path, json=body)).status_code


def replayed(events: list[MembershipChanged]) -> dict[str, str]:
    """Who is what after the events, for somebody who knows nothing else."""
    held: dict[str, str] = {}
    for event in events:
        if event.complete:
            held.clear()
        for change in event.changes:
            held.pop(str(change.user_id), None)
            if change.role is not None:
                held[str(change.user_id)] = change.role
    return held


async def test_whatever_people_try_at_once_the_group_stays_whole(world: World) -> None:
    chance = random.Random(4)
    anchor, *people = await meet(world, "anchor", *(f"user{number}" for number in range(7)))
    for one, other in pairwise(people):
        await befriend(world, one, other)
    group = await world.group(people[0], *people[1:4], anchor)

    answers: list[int] = []
    for _ in range(ROUNDS):
        answers += await asyncio.gather(*(anything(chance, group, people) for _ in range(AT_ONCE)))

    seen = await anchor.get(f"/conversation/{group['id']}")
    held = await roles(anchor, group)
    assert set(answers) <= EXPECTED
    assert [user for user, role in held.items() if role == "owner"] == [seen["owner_id"]]
    assert seen["member_count"] == len(held)
    await until(lambda: replayed(world.ear.events(MembershipChanged, group["id"])) == held, "the events tell otherwise")
    events = world.ear.events(MembershipChanged, group["id"])
    assert [event.version for event in events] == list(range(1, len(events) + 1))
    numbered = (await anchor.get(f"/conversation/{group['id']}/messages", after_seq=0, limit=200))["items"]
    assert [message["seq"] for message in numbered] == list(range(1, seen["last_seq"] + 1))
