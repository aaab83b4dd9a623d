"""Notifications: one open one per conversation that counts, marking, removing, and the events that tell of it."""

from e2e.scenarios import checks, live, shapes
from e2e.scenarios.checks import Json
from e2e.scenarios.live import Live
from e2e.scenarios.person import Person
from e2e.scenarios.stage import Stage
from e2e.scenarios.waiting import eventually


async def notifications(stage: Stage) -> None:
    """Play the life of a notification."""
    ada, ben = await stage.person("ada"), await stage.person("ben")
    conversation_id = (await stage.group(ada, ben))["id"]
    socket = await ben.connect(live.NOTIFICATION_PATH)
    mine = await _counted(stage, ada, ben, socket, conversation_id)
    with stage.step("nobody else sees or changes it"):
        for method, body in (("PUT", {"read": True}), ("DELETE", None)):
            checks.problem(await ada.request(method, f"/notification/{mine['id']}", json=body), 404, "not-found")
        checks.equal((await ben.get(f"/notification/{ben.id}"))["items"][0]["id"], mine["id"], "by my own id")
        checks.problem(await ada.request("GET", f"/notification/{ben.id}"), 404, "not-found")
    await _marked(stage, ben, socket, mine["id"])
    with stage.step("the next message opens a new one"):
        await ada.send(conversation_id, "one more")
        fresh = await _unread(stage, ben, conversation_id)
        checks.true(fresh["id"] != mine["id"], "a closed notification was opened again")
    await _removed(stage, ben, socket, fresh["id"])
    with stage.step("reading the conversation closes its notification"):
        sent = await ada.send(conversation_id, "read me")
        await _unread(stage, ben, conversation_id)
        await ben.put(f"/conversation/{conversation_id}/receipt", {"read_seq": sent["seq"]})
        await eventually(
            lambda: ben.get("/notification", unread=True),
            lambda page: page["items"] == [],
            what="the notification closes by reading",
            within=stage.within,
        )


async def _counted(stage: Stage, ada: Person, ben: Person, socket: Live, conversation_id: str) -> Json:
    with stage.step("three messages make one notification that counts three; the sender gets none"):
        for number in range(3):
            await ada.send(conversation_id, f"alert {number}")
        mine = await _counting(stage, ben, conversation_id, 3)
        shapes.conforms(mine, shapes.NOTIFICATION, "the notification")
        checks.equal(mine["kind"], "message", "kind")
        checks.true("alert 2" in mine["message"], f"its text is {mine['message']!r}")
        await socket.wait_for("notification", lambda item: item["id"] == mine["id"])
        checks.equal((await ada.get("/notification"))["items"], [], "the sender's notifications")
    return mine


async def _marked(stage: Stage, ben: Person, socket: Live, notification_id: str) -> None:
    with stage.step("marking it read takes it from the unread ones and tells the socket"):
        marked = await ben.put(f"/notification/{notification_id}", {"read": True})
        checks.true(shapes.moment(marked["read_at"]), f"read_at is {marked['read_at']!r}")
        checks.equal((await ben.get("/notification", unread=True))["items"], [], "unread notifications")
        await socket.wait_for("notification_updated", lambda item: item["id"] == notification_id and item["read_at"])
        back = await ben.put(f"/notification/{notification_id}", {"read": False})
        checks.equal(back["read_at"], None, "read_at after marking it unread")
    with stage.step("all are marked at once"):
        await ben.ask("PUT", "/notification/read-all", expect=204)
        checks.equal((await ben.get("/notification", unread=True))["items"], [], "unread notifications")


async def _removed(stage: Stage, ben: Person, socket: Live, notification_id: str) -> None:
    with stage.step("one and all are removed"):
        checks.status(await ben.request("DELETE", f"/notification/{notification_id}"), 204)
        await socket.wait_for("notification_removed", lambda item: item["id"] == notification_id)
        checks.problem(await ben.request("DELETE", f"/notification/{notification_id}"), 404, "not-found")
        checks.status(await ben.request("DELETE", f"/notification/all/{ben.id}"), 204)
        checks.equal((await ben.get("/notification"))["items"], [], "notifications")


async def _counting(stage: Stage, person: Person, conversation_id: str, count: int) -> Json:
    page = await eventually(
        lambda: person.get("/notification"),
        lambda page: any(i["conversation_id"] == conversation_id and i["count"] == count for i in page["items"]),
        what=f"a notification that counts {count}",
        within=stage.within,
    )
    checks.equal(len(page["items"]), 1, "open notifications of one conversation")
    found: Json = page["items"][0]
    return found


async def _unread(stage: Stage, person: Person, conversation_id: str) -> Json:
    page = await eventually(
        lambda: person.get("/notification", unread=True),
        lambda page: any(item["conversation_id"] == conversation_id for item in page["items"]),
        what="an unread notification",
        within=stage.within,
    )
    found: Json = page["items"][0]
    return found
