"""How many members and invitations there may be, and how often one may guess or invite, with small bounds."""

from collections.abc import AsyncIterator

import pytest

from tests.messaging.message.test_invitations import befriend, block, meet
from tests.messaging.message.world import World, open_world
from tests.support.databases import DIALECTS
from tests.support.services import database_place


@pytest.fixture(scope="module", params=DIALECTS)
async def small(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    """A replica that allows little."""
    place = database_place(request, "message", tmp_path_factory)
    place |= {"max_members": 3, "max_invitations": 2, "max_invitations_per_person": 2}
    async with open_world(place, invitation_burst=6, invitation_rate_per_min=0.1) as made:
        yield made


async def test_a_full_group_takes_nobody_more_by_any_way(small: World) -> None:
    ada, ben, carol, dora, emil = await meet(small, "ada", "ben", "carol", "dora", "emil")
    await befriend(small, ada, dora)
    group = await small.group(ada, ben)
    path = f"/conversation/{group['id']}/members"
    await ada.post(path, {"user_id": carol.id}, expect=202)
    await emil.post("/conversation/join", {"join_code": group["join_code"]})

    await ada.post(path, {"user_id": dora.id}, expect=409)
    await carol.put(f"/conversation/invitations/{group['id']}", {"accept": True}, expect=409)
    await dora.post("/conversation/join", {"join_code": group["join_code"]}, expect=409)
    await ada.delete(f"{path}/{emil.id}")
    joined = await carol.put(f"/conversation/invitations/{group['id']}", {"accept": True})

    assert joined["member_count"] == 3


async def test_a_group_has_so_many_open_invitations(small: World) -> None:
    ada, ben, carol, dora = await meet(small, "ada", "ben", "carol", "dora")
    group = await small.group(ada)
    path = f"/conversation/{group['id']}"
    for person in (ben, carol):
        await ada.post(f"{path}/members", {"user_id": person.id}, expect=202)

    await ada.post(f"{path}/members", {"user_id": dora.id}, expect=409)
    await ada.post(f"{path}/members", {"user_id": carol.id}, expect=202)
    await ben.put(f"/conversation/invitations/{group['id']}", {"accept": False}, expect=204)
    await ada.post(f"{path}/members", {"user_id": dora.id}, expect=202)


async def test_a_person_has_so_many_and_those_they_cannot_see_use_up_none_for_others(small: World) -> None:
    ada, ben, mallory = await meet(small, "ada", "ben", "mallory")
    await block(small, ben, mallory)
    for person, answers in ((mallory, (202, 202, 409)), (ada, (202, 202, 409))):
        for answer in answers:
            group = await small.group(person)
            await person.post(f"/conversation/{group['id']}/members", {"user_id": ben.id}, expect=answer)

    assert len((await ben.get("/conversation/invitations"))["items"]) == 2


async def test_who_invites_too_fast_is_told_when_to_go_on(small: World) -> None:
    ada, *others = await meet(small, "ada", *(f"user{number}" for number in range(7)))
    answers = []
    for start in range(0, 7, 2):
        group = await small.group(ada)
        for person in others[start : start + 2]:
            answer = await ada.ask("POST", f"/conversation/{group['id']}/members", json={"user_id": person.id})
            answers.append(answer.status_code)

    assert answers == [202] * 6 + [429]
    assert int(answer.headers["Retry-After"]) > 60


async def test_coming_and_going_counts_towards_the_rate_of_messages(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    folder = tmp_path_factory.mktemp("message")
    async with open_world({"data_dir": folder}, send_rate_per_s=0.01, send_burst=4) as world:
        ada, ben = world.user("ada"), world.user("ben")
        group = await world.group(ada)
        path = f"/conversation/{group['id']}"

        for _ in range(2):
            await ben.post("/conversation/join", {"join_code": group["join_code"]})
            await ben.delete(f"{path}/members/{ben.id}")

        refused = await ben.ask("POST", "/conversation/join", json={"join_code": group["join_code"]})
        assert (refused.status_code, int(refused.headers["Retry-After"]) > 60) == (429, True)
        assert (await ada.get(path))["last_seq"] == 4
        await ada.put(path, {"title": "Others go on"})
