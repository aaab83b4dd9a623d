"""Preferences: chosen by their owner, told with the profile, and what they open and close."""

from urllib.parse import quote

import pytest

from tests.messaging.user.conftest import Users

DEFAULTS = {
    "discoverable": False,
    "direct_messages": "everyone",
    "show_presence": True,
    "send_read_receipts": True,
    "locale": "en",
    "time_zone": "UTC",
}


async def test_preferences_begin_open_but_for_being_found(users: Users) -> None:
    answer = await users.get("/preferences", await users.known())
    assert (answer.status_code, answer.json()) == (200, DEFAULTS)


async def test_a_choice_is_kept_and_told_with_the_profiles_next_version(users: Users) -> None:
    ada = await users.known()
    chosen = {"direct_messages": "contacts", "send_read_receipts": False, "show_presence": False}
    answer = await users.put("/preferences", ada, chosen | {"locale": "pt-BR", "time_zone": "Europe/Zurich"})
    assert answer.json() == DEFAULTS | chosen | {"locale": "pt-BR", "time_zone": "Europe/Zurich"}
    assert (await users.get("/preferences", ada)).json() == answer.json()
    first, second = users.told_of(ada)
    assert (first["version"], first["direct_messages"], first["send_read_receipts"]) == (1, "everyone", True)
    assert second["version"] == 2
    assert {name: second[name] for name in chosen} == chosen


async def test_the_same_choice_again_is_not_told(users: Users) -> None:
    ada = await users.known()
    for body in ({"locale": "de"}, {"locale": "de"}, {}, {"locale": None}):
        assert (await users.put("/preferences", ada, body)).json()["locale"] == "de"
    assert [event["version"] for event in users.told_of(ada)] == [1, 2]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"direct_messages": "nobody"}, "direct_messages"),
        ({"locale": "not a tag"}, "locale"),
        ({"time_zone": "Moon/Tranquility"}, "time_zone"),
        ({"time_zone": "../etc/passwd"}, "time_zone"),
        ({"colour": "red"}, "colour"),
    ],
)
async def test_a_malformed_choice_is_refused(users: Users, body: object, field: str) -> None:
    answer = await users.put("/preferences", await users.known(), body)
    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == [field]


async def test_only_who_may_be_found_is_found_by_the_beginning_of_the_name_in_any_case(users: Users) -> None:
    ada, ben = await users.known(), await users.known()
    path = f"?query={ben.username[:-1].upper()}"
    assert str(ben.id) not in [item["id"] for item in (await users.get(path, ada)).json()["items"]]
    await users.put("/preferences", ben, {"discoverable": True})
    found = {item["id"]: item for item in (await users.get(path, ada)).json()["items"]}
    assert found[str(ben.id)]["email"] is None
    await users.put("/preferences", ben, {"discoverable": False})
    assert str(ben.id) not in [item["id"] for item in (await users.get(path, ada)).json()["items"]]


async def test_those_who_are_found_come_by_name_in_pages(users: Users) -> None:
    people = []
    for suffix in ("c", "A", "b", "a.x", "é"):
        person = users.trust.issuer.person(f"finder-{suffix}")
        await users.account(person)
        await users.put("/preferences", person, {"discoverable": True})
        people.append(person.username)
    seen: list[str] = []
    cursor = ""
    while True:
        page = (await users.get(f"?query=Finder-&limit=2{cursor}", await users.known())).json()
        seen += [item["username"] for item in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={quote(page['next_cursor'])}"
    assert seen == sorted(people, key=str.casefold)


@pytest.mark.parametrize("query", ["query=", "query=%20", "query=" + "x" * 51, "query=a&cursor=nonsense"])
async def test_a_malformed_search_is_refused(users: Users, query: str) -> None:
    assert (await users.get(f"?{query}", await users.known())).status_code == 422


@pytest.mark.parametrize("query", ["%25", "_", "%5C", "%27", "%F0%9F%A6%86"])
async def test_signs_that_a_database_could_mistake_find_nobody(users: Users, query: str) -> None:
    answer = await users.get(f"?query={query}", await users.known())
    assert (answer.status_code, answer.json()["items"]) == (200, [])
