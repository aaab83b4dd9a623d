"""Many people relate to one another at once, in every order: the lists agree, and so does who only hears of it."""

import asyncio
import itertools
import random
from collections.abc import Awaitable, Callable

import httpx
import pytest
from messaging_wire.events import RelationChanged

from tests.messaging.user.conftest import Users
from tests.messaging.user.test_contacts import listed
from tests.support.tokens import Person

Act = Callable[[Users, Person, Person], Awaitable[httpx.Response]]
Pair = tuple[str, str]

ACTS: tuple[Act, ...] = (
    lambda users, one, other: users.post("/contacts", one, {"user_id": str(other.id)}),
    lambda users, one, other: users.put(f"/contacts/requests/{other.id}", one, {"accept": True}),
    lambda users, one, other: users.put(f"/contacts/requests/{other.id}", one, {"accept": False}),
    lambda users, one, other: users.delete(f"/contacts/{other.id}", one),
    lambda users, one, other: users.put(f"/blocks/{other.id}", one),
    lambda users, one, other: users.delete(f"/blocks/{other.id}", one),
)
ODDS = (6, 6, 1, 2, 1, 2)
ROUNDS, AT_ONCE = 12, 8


@pytest.mark.parametrize("seed", range(3))
async def test_whatever_happens_at_once_the_lists_agree_and_so_does_who_hears_of_it(users: Users, seed: int) -> None:
    chance = random.Random(seed)
    people = [await users.known() for _ in range(4)]
    for _ in range(ROUNDS):
        answers = await asyncio.gather(*(act(users, people) for act in drawn(chance)))
        assert {answer.status_code for answer in answers} <= {200, 201, 204, 404, 409}
        contacts, blocks = await pairs(users, people, "/contacts"), await pairs(users, people, "/blocks")
        incoming = await pairs(users, people, "/contacts/requests")
        outgoing = await pairs(users, people, "/contacts/requests?direction=outgoing")
        assert contacts == turned(contacts), "being contacts holds both ways"
        assert incoming == turned(outgoing), "a request stands with both"
        assert not (incoming | outgoing) & contacts, "contacts ask each other nothing"
        assert not (contacts | incoming | outgoing) & (blocks | turned(blocks)), "a block ends everything"
    assert heard(users, people, chance) == (contacts, blocks)


def drawn(chance: random.Random) -> list[Callable[[Users, list[Person]], Awaitable[httpx.Response]]]:
    """What some do to others, all at once."""
    acts = chance.choices(ACTS, ODDS, k=AT_ONCE)
    sides = [chance.sample(range(4), 2) for _ in acts]
    return [
        lambda users, people, act=act, side=side: act(users, people[side[0]], people[side[1]])  # type: ignore[misc]
        for act, side in zip(acts, sides, strict=True)
    ]


async def pairs(users: Users, people: list[Person], path: str) -> set[Pair]:
    """Everybody's list, as pairs of whose it is and who stands in it."""
    return {(str(person.id), other) for person in people for other in await listed(users, person, path)}


def turned(some: set[Pair]) -> set[Pair]:
    """The pairs the other way about."""
    return {(other, one) for one, other in some}


def heard(users: Users, people: list[Person], chance: random.Random) -> tuple[set[Pair], set[Pair]]:
    """Contacts and blocks as a consumer knows them that hears every event twice and in any order."""
    told = [
        RelationChanged.model_validate(body)
        for one, other in itertools.permutations(people, 2)
        for body in users.told_between(one, other) * 2
    ]
    chance.shuffle(told)
    newest: dict[Pair, RelationChanged] = {}
    for event in told:
        pair = (str(event.user_id), str(event.other_id))
        if pair not in newest or newest[pair].version < event.version:
            newest[pair] = event
    versions = {
        pair: sorted(event.version for event in told if (str(event.user_id), str(event.other_id)) == pair)[::2]
        for pair in newest
    }
    assert all(found == list(range(1, len(found) + 1)) for found in versions.values()), "each change has its version"
    return (
        {pair for pair, event in newest.items() if event.contact},
        {pair for pair, event in newest.items() if event.blocked},
    )
