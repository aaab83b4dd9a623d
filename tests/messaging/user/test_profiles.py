"""Profiles: made from accounts, seen by everybody who is signed in, changed by their owner only."""

import asyncio
from uuid import uuid4

import pytest

from tests.messaging.user.conftest import Users


async def test_a_profile_follows_the_account(users: Users) -> None:
    person = await users.known()
    answer = await users.get("/me", person)
    assert answer.status_code == 200
    assert answer.json() == {
        "id": str(person.id),
        "username": person.username,
        "display_name": person.username,
        "bio": "",
        "avatar_url": None,
        "created_at": "2026-11-24T10:00:00.000000Z",
        "email": f"{person.username.lower()}@example.org",
    }


async def test_others_see_it_by_id_and_by_name_in_any_case_without_the_address(users: Users) -> None:
    person, other = await users.known(), await users.known()
    for path in (f"/{person.id}", f"/by-username/{person.username}", f"/by-username/{person.username.upper()}"):
        answer = await users.get(path, other)
        assert answer.status_code == 200
        assert answer.json()["id"] == str(person.id)
        assert answer.json()["email"] is None


async def test_ones_own_is_complete_by_every_path(users: Users) -> None:
    person = await users.known()
    mine = (await users.get("/me", person)).json()
    for path in (f"/{person.id}", f"/by-username/{person.username.lower()}"):
        assert (await users.get(path, person)).json() == mine
    assert (await users.get(f"?ids={person.id}", person)).json()["items"] == [mine]


async def test_a_list_of_ids_keeps_its_order_and_leaves_out_the_unknown(users: Users) -> None:
    people = [await users.known() for _ in range(3)]
    wanted = [people[2].id, uuid4(), people[0].id, people[1].id, people[0].id]
    commas = await users.get("?ids=" + ",".join(map(str, wanted)), people[0])
    repeated = await users.get("?" + "&".join(f"ids={user_id}" for user_id in wanted), people[0])
    assert commas.json() == repeated.json()
    assert [item["id"] for item in commas.json()["items"]] == [str(people[number].id) for number in (2, 0, 1)]
    assert commas.json()["next_cursor"] is None


@pytest.mark.parametrize("query", ["", "?ids=", "?ids=no-id", "?ids=" + ",".join([str(uuid4())] * 101)])
async def test_a_malformed_list_of_ids_is_refused(users: Users, query: str) -> None:
    answer = await users.get(query, await users.known())
    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == ["ids"]


@pytest.mark.parametrize("path", ["/no-id", f"/{uuid4()}", "/by-username/nobody", "/nothing/here"])
async def test_what_is_not_there_is_404(users: Users, path: str) -> None:
    assert (await users.get(path, await users.known())).status_code == 404


async def test_a_request_before_the_event_waits_for_it(users: Users) -> None:
    person = users.somebody()
    waiting = asyncio.create_task(users.get("/me", person))
    await asyncio.sleep(0.1)
    await users.account(person)
    assert (await waiting).status_code == 200


async def test_a_request_long_before_the_event_is_told_to_come_again(users: Users) -> None:
    person = users.somebody()
    paths = ("/me", f"/{person.id}", f"/by-username/{person.username}")
    for answer in await asyncio.gather(*(users.get(path, person) for path in paths)):
        assert answer.status_code == 503
        assert int(answer.headers["Retry-After"]) >= 1
    assert (await users.get("/me", await users.known())).status_code == 200


async def test_a_change_is_seen_by_others_and_told_with_a_greater_version(users: Users) -> None:
    person, other = await users.known(), await users.known()
    answer = await users.put(f"/{person.id}", person, {"display_name": " Ada L. ", "bio": "Notes\r\non engines"})
    assert answer.status_code == 200
    seen = (await users.get(f"/{person.id}", other)).json()
    assert (seen["display_name"], seen["bio"]) == ("Ada L.", "Notes\non engines")
    events = users.told_of(person)
    assert [(event["version"], event["display_name"]) for event in events] == [(1, person.username), (2, "Ada L.")]


async def test_what_is_not_named_stays_and_what_is_the_same_is_not_told(users: Users) -> None:
    person = await users.known()
    await users.put(f"/{person.id}", person, {"display_name": "Ada", "bio": "Engines"})
    for body in ({}, {"bio": "Engines"}, {"display_name": None}):
        answer = await users.put(f"/{person.id}", person, body)
        assert (answer.json()["display_name"], answer.json()["bio"]) == ("Ada", "Engines")
    assert [event["version"] for event in users.told_of(person)] == [1, 2]


async def test_changes_at_once_are_all_counted(users: Users) -> None:
    person = await users.known()
    answers = await asyncio.gather(
        *(users.put(f"/{person.id}", person, {"bio": f"number {number}"}) for number in range(10))
    )
    assert {answer.status_code for answer in answers} == {200}
    await users.service.host.runtime.outbox.relay_batch()
    async with asyncio.timeout(5):
        while len(users.told_of(person)) < 11:
            await asyncio.sleep(0.01)
    assert [event["version"] for event in users.told_of(person)] == list(range(1, 12))


async def test_nobody_changes_anothers(users: Users) -> None:
    person, other = await users.known(), await users.known()
    assert (await users.put(f"/{person.id}", other, {"bio": "x"})).status_code == 403
    assert (await users.put(f"/{uuid4()}", other, {"bio": "x"})).status_code == 404
    assert (await users.put("/no-id", other, {"bio": "x"})).status_code == 404
    assert (await users.get(f"/{person.id}", other)).json()["bio"] == ""


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"username": "other"}, "username"),
        ({"display_name": ""}, "display_name"),
        ({"display_name": "   "}, "display_name"),
        ({"display_name": "x" * 101}, "display_name"),
        ({"bio": "x" * 1001}, "bio"),
        ({"bio": "a\u0000b"}, "bio"),
    ],
)
async def test_a_malformed_change_is_refused(users: Users, body: object, field: str) -> None:
    person = await users.known()
    answer = await users.put(f"/{person.id}", person, body)
    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == [field]
