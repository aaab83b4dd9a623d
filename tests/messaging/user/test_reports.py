"""Reports: from whoever is signed in, once of each, read by administrators only."""

from dataclasses import replace
from uuid import uuid4

import pytest

from tests.messaging.user.conftest import Users
from tests.support.tokens import Person


def administrator_of(users: Users) -> Person:
    """Somebody whose token says that they administrate."""
    person = users.somebody()
    claims = {"sub": str(person.id), "sid": str(person.session_id), "username": person.username}
    return replace(person, token=users.trust.issuer.sign(claims | {"roles": ["administrator"]}))


async def test_a_report_is_kept_once_and_read_by_administrators_newest_first(users: Users) -> None:
    ada, ben = await users.known(), await users.known()
    message = str(uuid4())
    of_person = await users.post("/reports", ada, {"user_id": str(ben.id), "reason": "spam", "text": "a\r\nb"})
    again = await users.post("/reports", ada, {"user_id": str(ben.id), "reason": "other"})
    of_message = await users.post("/reports", ada, {"message_id": message, "reason": "abuse"})
    assert (of_person.status_code, again.status_code, of_message.status_code) == (201, 200, 201)
    assert again.json() == of_person.json()
    assert (of_person.json()["text"], of_message.json()["message_id"]) == ("a\nb", message)

    administrator = administrator_of(users)
    first = (await users.get("/reports?limit=1", administrator)).json()
    second = (await users.get(f"/reports?limit=1&cursor={first['next_cursor']}", administrator)).json()
    assert [*first["items"], *second["items"]] == [of_message.json(), of_person.json()]
    assert (await users.get("/reports?cursor=nonsense", administrator)).status_code == 422


async def test_nobody_else_reads_reports(users: Users) -> None:
    assert (await users.get("/reports", await users.known())).status_code == 403


async def test_who_is_blocked_may_still_report_the_blocker(users: Users) -> None:
    ada, ben = await users.known(), await users.known()
    await users.put(f"/blocks/{ben.id}", ada)
    assert (await users.post("/reports", ben, {"user_id": str(ada.id), "reason": "abuse"})).status_code == 201


async def test_nobody_and_oneself_are_not_reported(users: Users) -> None:
    ada = await users.known()
    assert (await users.post("/reports", ada, {"user_id": str(uuid4()), "reason": "spam"})).status_code == 404
    assert (await users.post("/reports", ada, {"user_id": str(ada.id), "reason": "spam"})).status_code == 409


async def test_too_many_in_a_day_are_refused_for_a_while(users: Users) -> None:
    ada = await users.known()
    codes = [
        (await users.post("/reports", ada, {"message_id": str(uuid4()), "reason": "spam"})).status_code
        for _ in range(51)
    ]
    assert codes == [201] * 50 + [429]


@pytest.mark.parametrize(
    "body",
    [
        {"reason": "spam"},
        {"user_id": str(uuid4()), "message_id": str(uuid4()), "reason": "spam"},
        {"user_id": str(uuid4()), "reason": "dislike"},
        {"user_id": str(uuid4()), "reason": "spam", "text": "x" * 2001},
    ],
)
async def test_a_malformed_report_is_refused(users: Users, body: object) -> None:
    assert (await users.post("/reports", await users.known(), body)).status_code == 422
