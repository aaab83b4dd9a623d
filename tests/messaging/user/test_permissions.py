"""Who may do what at the user service: every route asked by everybody; a new route without a row fails here."""

import asyncio
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pytest
from fastapi.routing import APIRoute
from messaging_wire.auth import Revocation

from tests.messaging.user.conftest import Users
from tests.messaging.user.test_contacts import ask, befriend
from tests.messaging.user.test_reports import administrator_of
from tests.support.tokens import Person

WITHOUT_TOKEN = ("anonymous", "expired", "deleted")
ROLES = ("stranger", "asking", "contact", "blocked", "me", "administrator")
"""Who somebody is to the person that the routes are about; `me` asks about themselves."""


@dataclass(frozen=True)
class Row:
    """A route, its body, and what each of `ROLES` gets; `{them}` is the person whom it is about."""

    method: str
    path: str
    answers: tuple[int, ...]
    body: dict[str, object] | None = None


def everybody(status: int) -> tuple[int, ...]:
    """The same answer for all."""
    return (status,) * len(ROLES)


ROWS = (
    Row("GET", "?ids={them}", everybody(200)),
    Row("GET", "/me", everybody(200)),
    Row("GET", "/{them}", everybody(200)),
    Row("GET", "/by-username/{name}", (200, 200, 200, 404, 200, 200)),
    Row("PUT", "/{them}", (403, 403, 403, 403, 200, 403), {"bio": "x"}),
    Row("DELETE", "/{them}", (403, 403, 403, 403, 503, 403), {"password": "not known here", "messages": "keep"}),
    Row("GET", "/contacts", everybody(200)),
    Row("POST", "/contacts", (201, 200, 200, 404, 409, 201), {"user_id": "{them}"}),
    Row("DELETE", "/contacts/{them}", (204, 204, 204, 204, 409, 204)),
    Row("GET", "/contacts/requests", everybody(200)),
    Row("PUT", "/contacts/requests/{them}", (404, 404, 204, 404, 409, 404), {"accept": True}),
    Row("GET", "/blocks", everybody(200)),
    Row("PUT", "/blocks/{them}", (204, 204, 204, 204, 409, 204)),
    Row("DELETE", "/blocks/{them}", (204, 204, 204, 204, 409, 204)),
    Row("GET", "/preferences", everybody(200)),
    Row("PUT", "/preferences", everybody(200), {"locale": "de"}),
    Row("GET", "/presence?ids={them}", everybody(200)),
    Row("POST", "/reports", (201, 201, 201, 201, 409, 201), {"user_id": "{them}", "reason": "spam"}),
    Row("GET", "/reports", (403, 403, 403, 403, 403, 200)),
)
SHOWN = {"stranger": False, "asking": False, "contact": True, "blocked": False, "me": True, "administrator": False}
"""Who is told of the person's presence at all."""


async def cast_of(users: Users) -> tuple[Person, dict[str, Person]]:
    """The person whom everything is about, and who asks."""
    them, people = await users.known(), {role: await users.known() for role in ROLES}
    people["me"] = them
    people["administrator"] = administrator_of(users)
    await users.account(people["administrator"])
    assert await ask(users, people["asking"], them) == 201
    await befriend(users, people["contact"], them)
    await users.put(f"/blocks/{people['blocked'].id}", them)
    return them, people


def written(text: str, them: Person) -> str:
    """A path or a value with the person's id and name."""
    return text.replace("{them}", str(them.id)).replace("{name}", them.username)


async def status_of(users: Users, row: Row, asking: Person, them: Person) -> int:
    """What one gets."""
    values = {
        name: written(value, them) if isinstance(value, str) else value for name, value in (row.body or {}).items()
    }
    answer = await users.ask(row.method, written(row.path, them), asking, values or None)
    return answer.status_code


def test_every_route_has_a_row(users: Users) -> None:
    routes = {
        (method, route.path.removeprefix("/api/user"))
        for router in users.service.host.parts.routers
        for route in router.routes
        if isinstance(route, APIRoute)
        for method in route.methods or ()
    }
    rows = {(row.method, row.path.split("?")[0].replace("{them}", "{user_id}")) for row in ROWS}
    assert {(method, path.replace("{name}", "{username}")) for method, path in rows} == routes


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.method} {row.path}")
async def test_a_route_answers_each_as_the_table_says(users: Users, row: Row) -> None:
    them, people = await cast_of(users)  # what one of them does changes nothing for the others
    got = {role: await status_of(users, row, people[role], them) for role in ROLES}
    assert got == dict(zip(ROLES, row.answers, strict=True))


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.method} {row.path}")
async def test_no_route_opens_without_a_good_token(users: Users, row: Row) -> None:
    them = await users.known()
    expired = users.trust.issuer.person("expired", lifetime=timedelta(minutes=-1))
    people = {"anonymous": replace(them, token=""), "expired": expired, "deleted": await _deleted(users)}
    assert {role: await status_of(users, row, people[role], them) for role in WITHOUT_TOKEN} == dict.fromkeys(
        WITHOUT_TOKEN, 401
    )


async def test_presence_is_told_to_whom_the_table_says(users: Users) -> None:
    them, people = await cast_of(users)
    shown = {}
    for role in ROLES:
        answer = await users.get(f"/presence?ids={them.id}", people[role])
        shown[role] = answer.json()["items"] != []
    assert shown == SHOWN


async def _deleted(users: Users) -> Person:
    """Somebody whose sessions have all ended."""
    person, now = await users.known(), datetime.now(UTC)
    known = users.service.host.runtime.trust.revocations
    entry = Revocation(
        position=len(users.trust.revocations) + 1,
        user_id=person.id,
        not_before=now,
        expires_at=now + timedelta(hours=1),
    )
    users.trust.revocations.append(entry)
    known.wake()
    async with asyncio.timeout(10):
        while known.position < entry.position:
            await asyncio.sleep(0.01)
    return person
