"""Who may do what: every route of the service against everybody who may come; a new route without a row fails."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from fastapi.routing import APIRoute
from messaging.message import api

from tests.messaging.message.world import Json, User, World, body_of

ROLES = ("anonymous", "expired", "stranger", "ex_member", "member", "admin", "owner")


@dataclass(frozen=True)
class Row:
    """A route, what is sent to it, and the answer to each role of `ROLES`."""

    method: str
    path: str
    answers: tuple[int, int, int, int, int, int, int]
    body: Any = None


ROWS = (
    Row("POST", "/conversation", (401, 401, 201, 201, 201, 201, 201), {"title": "Mine"}),
    Row("GET", "/conversation", (401, 401, 200, 200, 200, 200, 200)),
    Row("GET", "/conversation/by-user-id/{owner}", (401, 401, 404, 404, 404, 404, 200)),
    Row("POST", "/conversation/join", (401, 401, 404, 404, 404, 404, 404), {"join_code": "A" * 32}),
    Row("GET", "/conversation/{id}", (401, 401, 404, 404, 200, 200, 200)),
    Row("PUT", "/conversation/{id}", (401, 401, 404, 404, 403, 200, 200), {"title": "New"}),
    Row("POST", "/conversation/{id}/join-code", (401, 401, 404, 404, 403, 200, 200)),
    Row("DELETE", "/conversation/{id}/join-code", (401, 401, 404, 404, 403, 204, 204)),
    Row("GET", "/conversation/{id}/messages", (401, 401, 404, 404, 200, 200, 200)),
    Row("GET", "/conversation/{id}/changes", (401, 401, 404, 404, 200, 200, 200)),
    Row("GET", "/conversation/{id}/members", (401, 401, 404, 404, 200, 200, 200)),
    Row("PUT", "/conversation/{id}/members/{target}", (401, 401, 404, 404, 403, 403, 200), {"role": "admin"}),
    Row("DELETE", "/conversation/{id}/members/{target}", (401, 401, 404, 404, 403, 204, 204)),
    Row("PUT", "/conversation/{id}/receipt", (401, 401, 404, 404, 200, 200, 200), {"read_seq": 1}),
    Row("GET", "/conversation/{id}/receipts", (401, 401, 404, 404, 200, 200, 200)),
    Row("POST", "/message", (401, 401, 404, 404, 201, 201, 201), "a message"),
    Row("GET", "/message", (401, 401, 200, 200, 200, 200, 200)),
    Row("GET", "/message/{message}", (401, 401, 404, 404, 200, 200, 200)),
    Row("PUT", "/message/{message}", (401, 401, 404, 404, 403, 403, 403), {"content": "not mine"}),
    Row("DELETE", "/message/{message}", (401, 401, 404, 404, 403, 204, 204)),
    Row("GET", "/message/{message}/versions", (401, 401, 404, 404, 403, 403, 403)),
    Row("PUT", "/message/{message}/reactions/%F0%9F%91%8D", (401, 401, 404, 404, 200, 200, 200)),
    Row("DELETE", "/message/{message}/reactions/%F0%9F%91%8D", (401, 401, 404, 404, 204, 204, 204)),
    Row("PUT", "/message/{message}/pin", (401, 401, 404, 404, 403, 200, 200)),
    Row("DELETE", "/message/{message}/pin", (401, 401, 404, 404, 403, 204, 204)),
    Row("GET", "/conversation/{id}/pins", (401, 401, 404, 404, 200, 200, 200)),
    Row("DELETE", "/conversation/{id}", (401, 401, 404, 404, 403, 403, 204)),
)
EVENTS: dict[str, tuple[int, int, int, int, int]] = {
    # stranger, ex_member, member, admin, owner; others cannot connect
    "send_message": (404, 404, 200, 200, 200),
    "receipt": (404, 404, 200, 200, 200),
    "typing": (404, 404, 200, 200, 200),
    "sync": (200, 200, 200, 200, 200),
}


@dataclass
class Cast:
    """One group and somebody of every kind; `target` is another member, whose message is asked about."""

    world: World
    group: Json
    users: dict[str, User]
    target: User
    message: Json

    def path(self, row: Row) -> str:
        """The row's path with this group's ids."""
        return row.path.format(
            id=self.group["id"], owner=self.users["owner"].id, target=self.target.id, message=self.message["id"]
        )

    def body(self, row: Row) -> Any:
        """What is sent."""
        return body_of(self.group["id"]) if row.body == "a message" else row.body


async def cast_of(world: World) -> Cast:
    """Make them."""
    users = {role: world.user(role) for role in ROLES[2:]}
    users["expired"] = User(world, world.issuer.person("expired", lifetime=timedelta(minutes=-1)))
    target = world.user("target")
    group = await world.group(users["owner"], users["admin"], users["member"], users["ex_member"], target)
    path = f"/conversation/{group['id']}/members"
    await users["owner"].put(f"{path}/{users['admin'].id}", {"role": "admin"})
    message = await target.send(group["id"], "target's")
    await users["owner"].delete(f"{path}/{users['ex_member'].id}")
    return Cast(world, group, users, target, message)


def test_every_route_has_a_row() -> None:
    routes = {
        (method, route.path.removeprefix("/api"))
        for router in (api.messages, api.conversations, api.members)
        for route in router.routes
        if isinstance(route, APIRoute)
        for method in route.methods or ()
    }
    names = {"{id}": "{conversation_id}", "{message}": "{message_id}", "{target}": "{user_id}", "{owner}": "{user_id}"}
    names["%F0%9F%91%8D"] = "{emoji}"
    rows = {(row.method, _rename(row.path, names)) for row in ROWS}

    assert rows == routes


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.method} {row.path}")
async def test_a_route_answers_each_as_the_table_says(world: World, row: Row) -> None:
    got: list[int] = []
    cast = await cast_of(world)
    for role in ROLES:
        if row.method in ("DELETE", "PUT") and got and got[-1] in (200, 204):
            cast = await cast_of(world)  # the one before has changed what this one asks about
        if role == "anonymous":
            answer = await world.service.public.request(row.method, "/api" + cast.path(row), json=cast.body(row))
        else:
            answer = await cast.users[role].ask(row.method, cast.path(row), json=cast.body(row))
        got.append(answer.status_code)

    assert dict(zip(ROLES, got, strict=True)) == dict(zip(ROLES, row.answers, strict=True))


async def test_every_event_has_a_row(world: World) -> None:
    hub = world.service.host.parts.sockets
    assert hub is not None
    assert set(EVENTS) == set(hub.events()) - {"refresh"}


@pytest.mark.parametrize("event", EVENTS)
async def test_an_event_answers_each_as_the_table_says(world: World, event: str) -> None:
    cast = await cast_of(world)
    payloads: dict[str, Callable[[], Json]] = {
        "send_message": lambda: body_of(cast.group["id"]),
        "receipt": lambda: {"conversation_id": cast.group["id"], "read_seq": 1},
        "typing": lambda: {"conversation_id": cast.group["id"]},
        "sync": lambda: {"conversations": {cast.group["id"]: 0}},
    }
    got = []
    for role in ROLES[2:]:
        async with cast.users[role].live() as live:
            answer = await live.call(event, payloads[event]())
            got.append(200 if answer["ok"] else answer["problem"]["status"])
            if event == "sync":
                seen = role in ("member", "admin", "owner")
                assert list(answer["conversations"]) == [cast.group["id"]] * seen
                assert answer["gone"] == [cast.group["id"]] * (not seen)

    assert tuple(got) == EVENTS[event]


async def test_a_stranger_cannot_tell_a_conversation_from_none(world: World) -> None:
    cast = await cast_of(world)
    stranger = cast.users["stranger"]

    for row in ROWS:
        if "{id}" not in row.path:
            continue
        there = await stranger.ask(row.method, cast.path(row), json=cast.body(row))
        unknown = cast.path(row).replace(cast.group["id"], str(uuid4()))
        nowhere = await stranger.ask(row.method, unknown, json=cast.body(row))
        assert there.json() == nowhere.json()


@pytest.mark.parametrize("path", ["/conversation/nonsense", "/conversation/1/messages", "/message/x"])
async def test_a_malformed_id_is_not_found(world: World, path: str) -> None:
    assert (await world.user("ada").ask("GET", path)).status_code == 404


def _rename(path: str, names: dict[str, str]) -> str:
    for short, long in names.items():
        path = path.replace(short, long)
    return path
