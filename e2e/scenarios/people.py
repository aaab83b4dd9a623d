"""People: contacts who ask and accept, blocks that nobody can tell from nobody, and who is there."""

from uuid import uuid4

from e2e.scenarios import checks, shapes
from e2e.scenarios.checks import Json
from e2e.scenarios.person import Person
from e2e.scenarios.stage import Stage
from e2e.scenarios.waiting import eventually


async def people(stage: Stage) -> None:
    """Play what two people are to each other, from the first request to a block."""
    ada, ben, carol = [await stage.person(name) for name in ("ada", "ben", "carol")]
    await stage.known(ada, ben, carol)
    await _become_contacts(stage, ada, ben)
    await _see_each_other(stage, ada, ben, carol)
    await _hide(stage, ada, ben)
    await _part(stage, ada, ben)


async def _become_contacts(stage: Stage, ada: Person, ben: Person) -> None:
    with stage.step("a request waits for an answer, and asking again changes nothing"):
        asked = await ada.post("/user/contacts", {"user_id": ben.id})
        shapes.conforms(asked, shapes.CONTACT, "the request")
        checks.equal([asked["user_id"], asked["state"]], [ben.id, "outgoing"], "the request")
        await ada.post("/user/contacts", {"user_id": ben.id}, expect=200)
        incoming = (await ben.get("/user/contacts/requests"))["items"]
        checks.equal([(one["user_id"], one["state"]) for one in incoming], [(ada.id, "incoming")], "requests to Ben")
        checks.equal(await _ids(ada, "/user/contacts"), [], "contacts before the answer")
    with stage.step("who accepts makes contacts of both"):
        await _accept(ben, ada)
        for person, other in ((ada, ben), (ben, ada)):
            checks.equal(await _ids(person, "/user/contacts"), [other.id], "contacts")
        checks.equal(await _ids(ben, "/user/contacts/requests"), [], "requests afterwards")


async def _see_each_other(stage: Stage, ada: Person, ben: Person, carol: Person) -> None:
    with stage.step("a contact hears who comes, is away and goes, and asks who is there"):
        here, there, elsewhere = await ada.connect(), await ben.connect(), await carol.connect()
        await here.wait_for("presence", lambda event: _tells(event, ben, "online"))
        shapes.conforms(here.payloads("presence")[0], shapes.PRESENCE, "the event")
        await _becomes(stage, ada, ben, "online")
        checks.accepted(await there.call("presence", {"state": "away"}))
        await here.wait_for("presence", lambda event: _tells(event, ben, "away"))
        await _becomes(stage, ada, ben, "away")
        checks.equal(await _presence(carol, ada, ben), [], "what a stranger is told")
        await there.close()
        left = await here.wait_for("presence", lambda event: _tells(event, ben, "offline"))
        checks.true(shapes.moment(left["last_seen_at"]), f"when Ben was last seen: {left}")
        gone = await _becomes(stage, ada, ben, "offline")
        checks.true(shapes.moment(gone["last_seen_at"]), f"when Ben was last seen: {gone}")
        checks.equal(elsewhere.payloads("presence"), [], "what a stranger hears")
        checks.refused(await here.call("presence", {"state": "invisible"}), 422, "invalid-fields")


async def _hide(stage: Stage, ada: Person, ben: Person) -> None:
    with stage.step("who shows no presence is offline to everybody; messages from contacts only are refused to others"):
        chosen = await ben.put("/user/preferences", {"show_presence": False, "direct_messages": "contacts"})
        shapes.conforms(chosen, shapes.PREFERENCES, "preferences")
        socket = await ben.connect()
        seen = await _presence(ada, ben)
        checks.equal(seen, [{"user_id": ben.id, "state": "offline", "last_seen_at": None}], "hidden presence")
        await socket.close()
        dora = await stage.person("dora")
        await stage.refused(dora, ben)
        await ben.put("/user/preferences", {"show_presence": True, "direct_messages": "everyone"})


async def _part(stage: Stage, ada: Person, ben: Person) -> None:
    with stage.step("who is blocked gets the answers that nobody gets, and is no contact any more"):
        for _ in range(2):
            await ada.ask("PUT", f"/user/blocks/{ben.id}", expect=204)
        checks.equal(await _ids(ada, "/user/blocks"), [ben.id], "blocks")
        for person in (ada, ben):
            checks.equal(await _ids(person, "/user/contacts"), [], "contacts")
        checks.equal(await _presence(ben, ada), [], "presence of a blocker")
        nobody = await ben.request("POST", "/user/contacts", json={"user_id": str(uuid4())})
        blocker = await ben.request("POST", "/user/contacts", json={"user_id": ada.id})
        checks.equal(checks.problem(blocker, 404), checks.problem(nobody, 404), "a request to a blocker")
        checks.problem(await ben.request("GET", f"/user/by-username/{ada.username}"), 404, "not-found")
        await stage.refused(ben, ada)
    with stage.step("after the block both may ask again; a report reaches the administrators only"):
        await ada.ask("DELETE", f"/user/blocks/{ben.id}", expect=204)
        await ben.post("/user/contacts", {"user_id": ada.id})
        await ada.post("/user/reports", {"user_id": ben.id, "reason": "spam", "text": "again and again"})
        checks.problem(await ada.request("GET", "/user/reports"), 403, "forbidden")


async def _accept(person: Person, other: Person) -> None:
    await person.ask("PUT", f"/user/contacts/requests/{other.id}", json={"accept": True}, expect=204)


async def _ids(person: Person, path: str) -> list[str]:
    return [item["user_id"] for item in (await person.get(path))["items"]]


async def _presence(viewer: Person, *others: Person) -> list[Json]:
    items: list[Json] = (await viewer.get("/user/presence", ids=",".join(other.id for other in others)))["items"]
    return items


async def _becomes(stage: Stage, viewer: Person, other: Person, state: str) -> Json:
    items = await eventually(
        lambda: _presence(viewer, other),
        lambda found: [item["state"] for item in found] == [state],
        what=f"{other.name} is {state}",
        within=stage.within,
    )
    return items[0]


def _tells(event: Json, person: Person, state: str) -> bool:
    return bool(event["user_id"] == person.id and event["state"] == state)
