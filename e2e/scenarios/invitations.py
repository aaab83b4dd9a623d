"""Adding people to a group: contacts come in at once, others are asked, who has blocked the adder never hears of it."""

from e2e.scenarios import checks, shapes
from e2e.scenarios.checks import Json
from e2e.scenarios.person import Person
from e2e.scenarios.stage import Stage
from e2e.scenarios.waiting import eventually

PERSON: shapes.Shape = {
    "user_id": shapes.platform_id,
    "username": shapes.text,
    "display_name": shapes.text,
    "avatar_url": shapes.optional(shapes.text),
}
SENT: shapes.Shape = {"conversation_id": shapes.platform_id, "user": shapes.mapping, "created_at": shapes.moment}
RECEIVED: shapes.Shape = {
    "conversation_id": shapes.platform_id,
    "title": shapes.text,
    "inviter": shapes.mapping,
    "created_at": shapes.moment,
}


async def invitations(stage: Stage) -> None:
    """Play how a group grows by those who are in it."""
    ada, ben, carol, dora = [await stage.person(name) for name in ("ada", "ben", "carol", "dora")]
    await stage.known(ada, ben, carol, dora)
    await _become_contacts(ada, ben)
    group = await stage.group(ada)
    path = f"/conversation/{group['id']}"
    await _bring_in_a_contact(stage, ada, ben, path)
    await _invite(stage, ada, carol, group)
    await _invite_who_has_blocked(stage, ada, dora, path)
    with stage.step("plain members bring nobody in; admins take invitations back"):
        checks.problem(await ben.request("POST", f"{path}/members", json={"user_id": dora.id}), 403, "forbidden")
        await ada.put(f"{path}/members/{ben.id}", {"role": "admin"})
        waiting = (await ben.get(f"{path}/invitations"))["items"]
        checks.equal([one["user"]["user_id"] for one in waiting], [dora.id], "who has not answered")
        checks.status(await ben.request("DELETE", f"{path}/invitations/{dora.id}"), 204)
        checks.equal((await ada.get(f"{path}/invitations"))["items"], [], "invitations afterwards")
    with stage.step("a level is one's own, and shown to oneself"):
        me = await carol.put(f"{path}/notifications", {"level": "mentions"})
        checks.equal([me["level"], (await ada.get(path))["me"]["level"]], ["mentions", "all"], "levels")


async def _become_contacts(one: Person, other: Person) -> None:
    await one.post("/user/contacts", {"user_id": other.id})
    answer = await other.request("PUT", f"/user/contacts/requests/{one.id}", json={"accept": True})
    checks.status(answer, 204)


async def _bring_in_a_contact(stage: Stage, ada: Person, ben: Person, path: str) -> None:
    with stage.step("a contact comes in at once, and hears it"):
        socket = await ben.connect()
        added = await _added(stage, ada, path, ben, expect=(200, 201))
        shapes.conforms(added, shapes.MEMBER, "the new member")
        await socket.wait_for("conversation", lambda change: change["reason"] == "joined")
        await ada.send(path.rpartition("/")[2], "welcome")
        await socket.wait_for("message", lambda message: message["content"] == "welcome")


async def _added(stage: Stage, adder: Person, path: str, person: Person, *, expect: tuple[int, ...]) -> Json:
    """Add somebody; the message service learns of people and contacts by events, a moment later."""
    answer = await eventually(
        lambda: adder.request("POST", f"{path}/members", json={"user_id": person.id}),
        lambda answer: answer.status_code in expect,
        what=f"{person.name} can be added",
        within=stage.within,
    )
    added: Json = answer.json()
    return added


async def _invite(stage: Stage, ada: Person, carol: Person, group: Json) -> None:
    path = f"/conversation/{group['id']}"
    with stage.step("anybody else is asked, hears it, sees nothing of the group before, and comes in by accepting"):
        socket = await carol.connect()
        sent = await _added(stage, ada, path, carol, expect=(202,))
        shapes.conforms(sent, SENT, "the invitation as it was sent")
        shapes.conforms(sent["user"], PERSON, "who is invited")
        told = await socket.wait_for("invitation", lambda told: told["conversation_id"] == group["id"])
        checks.equal([told["title"], told["inviter_id"]], [group["title"], ada.id], "the event")
        (received,) = (await carol.get("/conversation/invitations"))["items"]
        shapes.conforms(received, RECEIVED, "the invitation as it came")
        shapes.conforms(received["inviter"], PERSON, "who invites")
        checks.problem(await carol.request("GET", path), 404, "not-found")
        joined = await carol.put(f"/conversation/invitations/{group['id']}", {"accept": True})
        checks.equal([joined["id"], joined["me"]["role"], joined["unread"]], [group["id"], "member", 0], "the group")
        checks.equal((await carol.get("/conversation/invitations"))["items"], [], "invitations afterwards")


async def _invite_who_has_blocked(stage: Stage, ada: Person, dora: Person, path: str) -> None:
    with stage.step("who has blocked the adder never hears of it, and the adder cannot tell"):
        checks.status(await dora.request("PUT", f"/user/blocks/{ada.id}"), 204)
        await stage.refused(ada, dora)
        shapes.conforms(await ada.post(f"{path}/members", {"user_id": dora.id}, expect=202), SENT, "the answer")
        checks.equal((await dora.get("/conversation/invitations"))["items"], [], "what the blocker sees")
        refused = await dora.request(
            "PUT", f"/conversation/invitations/{path.rpartition('/')[2]}", json={"accept": True}
        )
        checks.problem(refused, 404, "not-found")
