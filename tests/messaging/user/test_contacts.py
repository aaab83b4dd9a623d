"""Contacts and requests to be one: what each sees, what others are told, and how many there may be."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import pytest

from tests.messaging.user.conftest import Users, open_users
from tests.support.databases import DIALECTS
from tests.support.services import database_place
from tests.support.tokens import Person

Json = dict[str, Any]


async def listed(users: Users, person: Person, path: str = "/contacts") -> list[str]:
    """Whom a list of the person's names, by id."""
    answer = await users.get(path, person)
    assert answer.status_code == 200, answer.text
    return [item["user_id"] for item in answer.json()["items"]]


async def ask(users: Users, person: Person, other: Person) -> int:
    """Ask somebody to be a contact."""
    return (await users.post("/contacts", person, {"user_id": str(other.id)})).status_code


async def answer(users: Users, person: Person, other: Person, *, accept: bool) -> int:
    """Answer somebody's request."""
    return (await users.put(f"/contacts/requests/{other.id}", person, {"accept": accept})).status_code


async def befriend(users: Users, person: Person, other: Person) -> None:
    """Make contacts of two people."""
    assert await ask(users, person, other) == 201
    assert await answer(users, other, person, accept=True) == 204


async def test_a_request_waits_until_the_other_accepts(users: Users) -> None:
    ada, ben = await users.known(), await users.known()
    made = await users.post("/contacts", ada, {"user_id": str(ben.id)})
    assert made.status_code == 201
    assert made.json() | {"created_at": ""} == {
        "user_id": str(ben.id),
        "username": ben.username,
        "display_name": ben.username,
        "avatar_url": None,
        "state": "outgoing",
        "created_at": "",
    }
    incoming = (await users.get("/contacts/requests", ben)).json()["items"]
    assert [(item["user_id"], item["state"]) for item in incoming] == [(str(ada.id), "incoming")]
    assert await listed(users, ada, "/contacts/requests?direction=outgoing") == [str(ben.id)]
    assert await listed(users, ada) == await listed(users, ben) == []
    assert users.told_between(ada, ben) == users.told_between(ben, ada) == []

    assert await answer(users, ben, ada, accept=True) == 204
    assert await listed(users, ada) == [str(ben.id)]
    assert await listed(users, ben) == [str(ada.id)]
    assert await listed(users, ben, "/contacts/requests") == []
    for one, other in ((ada, ben), (ben, ada)):
        (event,) = users.told_between(one, other)
        assert (event["contact"], event["blocked"], event["version"]) == (True, False, 1)


async def test_two_who_ask_each_other_are_contacts(users: Users) -> None:
    ada, ben = await users.known(), await users.known()
    assert await ask(users, ada, ben) == 201
    second = await users.post("/contacts", ben, {"user_id": str(ada.id)})
    assert (second.status_code, second.json()["state"]) == (201, "contact")
    assert await listed(users, ada) == [str(ben.id)]


async def test_two_who_ask_each_other_at_once_never_wait_for_each_other(users: Users) -> None:
    ada, ben = await users.known(), await users.known()
    for _ in range(5):
        codes = await asyncio.gather(ask(users, ada, ben), ask(users, ben, ada), ask(users, ada, ben))
        assert set(codes) <= {200, 201}
        assert await listed(users, ada) == [str(ben.id)]
        await asyncio.gather(
            users.delete(f"/contacts/{ben.id}", ada),
            users.delete(f"/contacts/{ada.id}", ben),
        )
        assert await listed(users, ada) == await listed(users, ben) == []


async def test_asking_and_answering_again_changes_and_tells_nothing(users: Users) -> None:
    ada, ben = await users.known(), await users.known()
    assert [await ask(users, ada, ben) for _ in range(3)] == [201, 200, 200]
    assert [await answer(users, ben, ada, accept=True) for _ in range(3)] == [204, 204, 204]
    again = await users.post("/contacts", ada, {"user_id": str(ben.id)})
    assert (again.status_code, again.json()["state"]) == (200, "contact")
    assert len(users.told_between(ada, ben)) == len(users.told_between(ben, ada)) == 1


async def test_a_declined_request_is_gone_and_may_come_again(users: Users) -> None:
    ada, ben = await users.known(), await users.known()
    await ask(users, ada, ben)
    assert [await answer(users, ben, ada, accept=False) for _ in range(2)] == [204, 204]
    assert await listed(users, ben, "/contacts/requests") == []
    assert await answer(users, ben, ada, accept=True) == 404
    assert await ask(users, ada, ben) == 201


async def test_a_withdrawn_request_cannot_be_accepted(users: Users) -> None:
    ada, ben = await users.known(), await users.known()
    await ask(users, ada, ben)
    assert (await users.delete(f"/contacts/{ben.id}", ada)).status_code == 204
    assert await answer(users, ben, ada, accept=True) == 404
    assert await listed(users, ada) == []


async def test_removing_a_contact_holds_for_both_and_is_told_for_both_with_greater_versions(users: Users) -> None:
    ada, ben = await users.known(), await users.known()
    await befriend(users, ada, ben)
    assert [(await users.delete(f"/contacts/{ada.id}", ben)).status_code for _ in range(2)] == [204, 204]
    assert await listed(users, ada) == await listed(users, ben) == []
    for one, other in ((ada, ben), (ben, ada)):
        told = [(event["contact"], event["version"]) for event in users.told_between(one, other)]
        assert told == [(True, 1), (False, 2)]


async def test_nobody_and_oneself_are_no_contacts(users: Users) -> None:
    ada = await users.known()
    nobody = uuid4()
    assert (await users.post("/contacts", ada, {"user_id": str(nobody)})).status_code == 404
    assert (await users.delete(f"/contacts/{nobody}", ada)).status_code == 404
    assert (await users.put(f"/contacts/requests/{nobody}", ada, {"accept": True})).status_code == 404
    assert await ask(users, ada, ada) == 409
    assert (await users.delete("/contacts/no-id", ada)).status_code == 404
    assert (await users.post("/contacts", ada, {"user_id": "no-id"})).status_code == 422


async def test_who_has_no_profile_yet_is_told_to_come_again(users: Users) -> None:
    ada, newcomer = await users.known(), users.somebody()
    answered = await users.post("/contacts", newcomer, {"user_id": str(ada.id)})
    assert answered.status_code == 503
    assert "Retry-After" in answered.headers


async def test_lists_come_in_pages_without_a_gap_or_a_repeat(users: Users) -> None:
    ada, others = await users.known(), [await users.known() for _ in range(7)]
    for other in others[:4]:
        await befriend(users, ada, other)
    for other in others[4:]:
        await ask(users, other, ada)
    for path, count in (("/contacts", 4), ("/contacts/requests", 3)):
        seen: list[Json] = []
        cursor = ""
        while True:
            page = (await users.get(f"{path}?limit=2{cursor}", ada)).json()
            seen += page["items"]
            if page["next_cursor"] is None:
                break
            cursor = f"&cursor={page['next_cursor']}"
        assert len({item["user_id"] for item in seen}) == len(seen) == count
        assert (await users.get(f"{path}?cursor=nonsense", ada)).status_code == 422
    newest_first = [item["created_at"] for item in seen]
    assert newest_first == sorted(newest_first, reverse=True)


@pytest.fixture(scope="module", params=DIALECTS)
async def narrow(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Users]:
    """A service that allows two of everything, where whoever is new may be found."""
    two: Json = {"max_contacts": 2, "max_blocks": 2, "max_outgoing_requests": 2, "max_incoming_requests": 2}
    async with open_users(database_place(request, "user", tmp_path_factory), sign_up="invite", **two) as users:
        yield users


async def test_requests_are_bounded_at_both_ends(narrow: Users) -> None:
    ada, others = await narrow.known(), [await narrow.known() for _ in range(3)]
    assert [await ask(narrow, ada, other) for other in others] == [201, 201, 409]
    ben, others = await narrow.known(), [await narrow.known() for _ in range(3)]
    assert [await ask(narrow, other, ben) for other in others] == [201, 201, 409]


async def test_contacts_are_bounded_at_both_ends(narrow: Users) -> None:
    ada, others = await narrow.known(), [await narrow.known() for _ in range(3)]
    for other in others[:2]:
        await befriend(narrow, ada, other)
    assert await ask(narrow, ada, others[2]) == 201
    refused = await narrow.put(f"/contacts/requests/{ada.id}", others[2], {"accept": True})
    assert (refused.status_code, refused.json()["type"]) == (409, "urn:messaging:problem:conflict")
    assert "as many as are allowed" in refused.json()["detail"]


async def test_blocks_are_bounded_and_one_that_is_there_counts_once(narrow: Users) -> None:
    ada, others = await narrow.known(), [await narrow.known() for _ in range(3)]
    codes = [(await narrow.put(f"/blocks/{other.id}", ada)).status_code for other in [*others[:2], *others]]
    assert codes == [204, 204, 204, 204, 409]


async def test_where_not_everybody_may_sign_up_new_people_may_be_found(narrow: Users) -> None:
    ada, ben = await narrow.known(), await narrow.known()
    found = (await narrow.get(f"?query={ben.username}", ada)).json()["items"]
    assert str(ben.id) in [item["id"] for item in found]
