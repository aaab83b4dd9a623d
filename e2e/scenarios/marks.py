"""What people do with messages: react, pin, mention; it is heard, counted, told, and gone with the message."""

from urllib.parse import quote

from e2e.scenarios import checks, live, shapes
from e2e.scenarios.checks import Json
from e2e.scenarios.live import Live
from e2e.scenarios.person import Person
from e2e.scenarios.stage import Stage
from e2e.scenarios.waiting import eventually


async def marks(stage: Stage) -> None:
    """Play reactions, pins and mentions."""
    ada, ben, mallory = [await stage.person(name) for name in ("ada", "ben", "mallory")]
    conversation = await stage.group(ada, ben)
    socket = await ada.connect()
    message = await ada.send(conversation["id"], "look at this")
    await _reactions(stage, ben, mallory, socket, message)
    await _pins(stage, ada, ben, conversation["id"], message)
    await _mentions(stage, ada, ben, mallory, conversation["id"])
    with stage.step("a deleted message has neither reactions nor pin"):
        checks.status(await ada.request("DELETE", f"/message/{message['id']}"), 204)
        gone = await ben.get(f"/message/{message['id']}")
        checks.equal([gone["reactions"], gone["pinned"]], [{}, False], "marks of the tombstone")
        checks.equal((await ben.get(f"/conversation/{conversation['id']}/pins"))["items"], [], "pins")


async def _reactions(stage: Stage, ben: Person, mallory: Person, socket: Live, message: Json) -> None:
    path = f"/message/{message['id']}/reactions/"
    with stage.step("a reaction counts once, whatever form its emoji has, and everybody hears of it"):
        for emoji in ("❤️", "❤"):
            shown = await ben.put(path + quote(emoji), {})
        shapes.conforms(shown, shapes.MESSAGE, "the message")
        checks.equal(shown["reactions"], {"❤️": {"count": 1, "me": True, "user_ids": [ben.id]}}, "reactions")
        heard = await socket.wait_for("message_updated", lambda item: item["id"] == message["id"])
        checks.equal(heard["reactions"]["❤️"]["user_ids"], [ben.id], "who reacted, as A heard it")
        checks.equal([heard["rev"], heard["actor_id"]], [shown["rev"], ben.id], "rev and actor")
    with stage.step("what is no single emoji is 422, and a stranger gets 404"):
        checks.problem(await ben.request("PUT", path + "x"), 422, "invalid-fields")
        checks.problem(await mallory.request("PUT", path + quote("👍")), 404, "not-found")
    with stage.step("a reaction is taken back"):
        checks.status(await ben.request("DELETE", path + quote("❤️")), 204)
        checks.equal((await ben.get(f"/message/{message['id']}"))["reactions"], {}, "reactions")
        checks.status(await ben.request("PUT", path + quote("👍")), 200)


async def _pins(stage: Stage, ada: Person, ben: Person, conversation_id: str, message: Json) -> None:
    with stage.step("the owner pins, a member may not, everybody reads what is pinned"):
        path = f"/message/{message['id']}/pin"
        checks.problem(await ben.request("PUT", path), 403, "forbidden")
        checks.true((await ada.put(path, {}))["pinned"], "the message is not pinned")
        pins = (await ben.get(f"/conversation/{conversation_id}/pins"))["items"]
        checks.equal([item["id"] for item in pins], [message["id"]], "pins")


async def _mentions(stage: Stage, ada: Person, ben: Person, mallory: Person, conversation_id: str) -> None:
    with stage.step("a member is mentioned by name, a stranger is not"):
        sent = await ada.send(conversation_id, f"@{ben.username.upper()} and @{mallory.username}")
        checks.equal(sent["mentions"], [ben.id], "mentions")
        await _told(stage, ben, sent)
    with stage.step("a muted conversation tells of mentions only, also of those that an edit adds"):
        await ben.put(f"/notification/{(await _mention(ben))['id']}", {"read": True})
        await ben.put(f"/conversation/{conversation_id}/notifications", {"level": "mentions"})
        socket = await ben.connect(live.NOTIFICATION_PATH)
        plain = await ada.send(conversation_id, "not for you")
        await ada.put(f"/message/{plain['id']}", {"content": f"for @{ben.username}"})
        await _told(stage, ben, plain)
        await socket.wait_for("notification", lambda item: item["kind"] == "mention")
        checks.equal([item["kind"] for item in await _unread(ben)], ["mention"], "what is unread")


async def _told(stage: Stage, person: Person, message: Json) -> None:
    await eventually(
        lambda: _unread(person),
        lambda items: any(item["kind"] == "mention" and item["seq"] == message["seq"] for item in items),
        what="a notification of the mention",
        within=stage.within,
    )


async def _mention(person: Person) -> Json:
    found: Json = next(item for item in await _unread(person) if item["kind"] == "mention")
    return found


async def _unread(person: Person) -> list[Json]:
    items: list[Json] = (await person.get("/notification", unread=True))["items"]
    return items
