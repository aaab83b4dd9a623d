"""Who may do what: every route and socket event of the service against everybody who may come.

The rows stand in `permissions.py`; a new route or event without one fails here, and so does an old docs/permissions.md.
"""

import json
import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from fastapi.routing import APIRoute
from messaging_wire.auth import Revocation
from socketio.exceptions import ConnectionError as RefusedError

from tests.messaging.message.permissions import GRANT, INTERNAL, PAGE, ROLES, ROWS, WITHOUT_TOKEN, Row, render
from tests.messaging.message.test_exporting import grant
from tests.messaging.message.test_people import BLOCKED, CONTACT, deliver, profile, said
from tests.messaging.message.world import Json, User, World, until

EVERY = (*ROWS, *INTERNAL)
PLACES = {
    "id": "conversation_id",
    "direct": "conversation_id",
    "message": "message_id",
    "direct_message": "message_id",
    "owner": "user_id",
    "me": "user_id",
    "target": "user_id",
    "outsider": "user_id",
    "waiting": "user_id",
}
"""What a row's path names, by the names of the routes' parameters."""


@dataclass
class Cast:
    """Two groups, one of them deleted, a direct conversation, and somebody of every kind."""

    world: World
    users: dict[str, User]
    group: Json
    ids: dict[str, str]
    gone: dict[str, str]

    def filled(self, text: str, role: str) -> str:
        """A text with what its braces name, as `role` asks about it."""
        values = self.ids | {"me": self.users[role].id, "new": str(uuid4()), "token": self.users[role].person.token}
        values |= self.gone if role == "gone" else {}
        return re.sub(r"{(\w+)}", lambda found: values[found[1]], text)

    async def ask(self, row: Row, role: str) -> int:
        """Ask as `role`; return the status."""
        body = json.loads(self.filled(json.dumps(row.body), role)) if row.body is not None else None
        if row.method == "EVENT":
            return await self._emit(row.path, body, role)
        path = self.filled(row.path, role)
        if path.startswith("/internal/"):
            headers = self._grant(role) if row.note == GRANT else self._bearer(role)
            return (await self.world.service.admin.request(row.method, path, headers=headers)).status_code
        answer = await self.world.service.public.request(
            row.method, f"/api{path}", json=body, headers=self._bearer(role)
        )
        return answer.status_code

    def _bearer(self, role: str) -> dict[str, str]:
        return self.users[role].person.headers if role != "anonymous" else {}

    def _grant(self, role: str) -> dict[str, str]:
        """A grant as auth has exchanged it for the token of `role`."""
        if role == "anonymous":
            return {}
        group, lifetime = (
            self.gone if role == "gone" else self.group,
            timedelta(minutes=-1 if role == "expired" else 60),
        )
        return {"Authorization": f"Bearer {grant(self.users[role], group, lifetime=lifetime)}"}

    async def _emit(self, event: str, body: Any, role: str) -> int:
        refusals: list[Json] = []
        live = self.users[role].live()
        live.client.on("connect_error", refusals.append)
        try:
            async with live:
                answer = await live.call(event, body)
        except RefusedError:
            return int(refusals[0]["data"]["status"])
        return 200 if answer["ok"] else int(answer["problem"]["status"])


async def cast_of(world: World) -> Cast:
    """Make them."""
    users = {role: world.user(role) for role in (*ROLES, "target", "outsider", "waiting")}
    users["anonymous"] = User(world, replace(users["anonymous"].person, token=""))
    users["expired"] = User(world, world.issuer.person("expired", lifetime=timedelta(minutes=-1)))
    owner, target, blocked = users["owner"], users["target"], users["blocked"]
    inside = [users[role] for role in ("ex_member", "member", "admin", "blocked", "target")]
    await deliver(world, *(profile(user) for user in users.values()), *(said(user, owner, CONTACT) for user in inside))
    asked = [user.id for user in (*inside, users["invited"], users["waiting"])]
    group = await owner.post("/conversation", {"title": "Engines", "member_ids": asked}, expect=201)
    for admin in (users["admin"], blocked):
        await owner.put(f"/conversation/{group['id']}/members/{admin.id}", {"role": "admin"})
    message = await target.send(group["id"], "target's")
    await owner.delete(f"/conversation/{group['id']}/members/{users['ex_member'].id}")
    ids = {name: users[name].id for name in ("owner", "target", "outsider", "waiting")}
    ids |= {"id": group["id"], "message": message["id"], "code": group["join_code"], **await _direct(blocked, target)}
    await deliver(world, *(said(users[name], blocked, BLOCKED, 2) for name in ("target", "outsider")))
    await _revoke(world, users["deleted"])
    return Cast(world, users, group, ids, await _deleted_group(users["gone"]))


async def _direct(blocked: User, target: User) -> dict[str, str]:
    direct = await target.post("/conversation", {"kind": "direct", "member_ids": [blocked.id]}, expect=201)
    message = await blocked.send(direct["id"], "before the block")
    return {"direct": direct["id"], "direct_message": message["id"]}


async def _deleted_group(owner: User) -> dict[str, str]:
    group = await owner.post("/conversation", {"title": "Gone"}, expect=201)
    message = await owner.send(group["id"])
    await owner.delete(f"/conversation/{group['id']}")
    return {"id": group["id"], "message": message["id"], "code": group["join_code"]}


async def _revoke(world: World, user: User) -> None:
    """End all sessions of somebody, as auth does where an account is deleted."""
    now, known = datetime.now(UTC), world.service.host.runtime.trust.revocations
    entry = Revocation(
        position=len(world.trust.revocations) + 1,
        user_id=user.person.id,
        not_before=now,
        expires_at=now + timedelta(hours=1),
    )
    world.trust.revocations.append(entry)
    known.wake()
    await until(lambda: known.position >= entry.position, "the revocation was not read")


def named(path: str) -> str:
    """A row's path as the route is declared."""
    path = re.sub(r"{(\w+)}", lambda found: "{" + PLACES[found[1]] + "}", path.partition("?")[0])
    return path.replace("/👍", "/{emoji}")


def test_every_route_has_a_row(world: World) -> None:
    routes = {
        (method, route.path.removeprefix("/api"))
        for router in (*world.service.host.parts.routers, *world.service.host.parts.internal)
        for route in router.routes
        if isinstance(route, APIRoute)
        for method in route.methods or ()
    }

    assert {(row.method, named(row.path)) for row in EVERY if row.method != "EVENT"} == routes


def test_every_event_has_a_row(world: World) -> None:
    hub = world.service.host.parts.sockets
    assert hub is not None
    assert {row.path for row in ROWS if row.method == "EVENT"} == set(hub.events())


@pytest.mark.parametrize("row", EVERY, ids=lambda row: row.name)
async def test_everybody_is_answered_as_the_table_says(world: World, row: Row) -> None:
    got: dict[str, int] = {}
    cast = await cast_of(world)
    for role in ROLES:
        got[role] = await cast.ask(row, role)
        if row.method not in ("GET", "EVENT") and got[role] < 300:
            cast = await cast_of(world)  # what the next one asks about has changed

    assert got == row.expected()


async def test_sync_gives_a_group_to_its_members_only(world: World) -> None:
    cast = await cast_of(world)
    for role in ROLES:
        if role in WITHOUT_TOKEN:
            continue
        here = cast.gone["id"] if role == "gone" else cast.group["id"]
        async with cast.users[role].live() as live:
            answer = await live.accepted("sync", {"conversations": {here: 0}})
        seen = role in ("member", "admin", "owner", "blocked")
        assert (list(answer["conversations"]), answer["gone"]) == ([here] * seen, [here] * (not seen)), role


@pytest.mark.parametrize("role", ["stranger", "invited", "ex_member"])
async def test_who_is_no_member_cannot_tell_a_conversation_from_none(world: World, role: str) -> None:
    cast = await cast_of(world)
    user = cast.users[role]
    for row in ROWS:
        if "{id}" not in row.path or row.expected()[role] != 404:
            continue
        path, body = cast.filled(row.path, role), row.body and json.loads(cast.filled(json.dumps(row.body), role))
        there = await user.ask(row.method, path, json=body)
        nowhere = await user.ask(row.method, path.replace(cast.group["id"], str(uuid4())), json=body)
        assert there.json() == nowhere.json(), row.name


@pytest.mark.parametrize("path", ["/conversation/nonsense", "/conversation/1/messages", "/message/x"])
async def test_a_malformed_id_is_not_found(world: World, path: str) -> None:
    assert (await world.user("ada").ask("GET", path)).status_code == 404


def test_the_page_of_the_docs_is_this_table() -> None:
    assert PAGE.read_text(encoding="utf-8") == render(), "python -m tests.messaging.message.permissions"
