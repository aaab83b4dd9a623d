"""Editing and deleting: everybody hears it, `seq` stays, `rev` rises, and whoever was away learns it by sync."""

from e2e.scenarios import checks, shapes
from e2e.scenarios.checks import Json
from e2e.scenarios.live import Live
from e2e.scenarios.person import Person, message_body
from e2e.scenarios.stage import Stage


async def editing(stage: Stage) -> None:
    """Play the changes of messages."""
    ada, ben, mallory = [await stage.person(name) for name in ("ada", "ben", "mallory")]
    conversation = await stage.group(ada, ben)
    socket = await ben.connect()
    sent = [await ada.send(conversation["id"], f"text {number}") for number in range(3)]
    with stage.step("only the sender edits; a stranger gets 404"):
        path = f"/message/{sent[0]['id']}"
        checks.problem(await ben.request("PUT", path, json={"content": "mine"}), 403, "forbidden")
        checks.problem(await ben.request("DELETE", path), 403, "forbidden")
        checks.problem(await mallory.request("PUT", path, json={"content": "mine"}), 404, "not-found")
        checks.problem(await mallory.request("DELETE", path), 404, "not-found")
        checks.problem(await ada.request("PUT", path, json={"content": ""}), 422, "invalid-fields")
    edited = await _edited(stage, ada, socket, sent[0])
    deleted = await _deleted(stage, ada, socket, sent[1])
    with stage.step("changes and sync tell who was away, in rev order"):
        since = sent[2]["rev"]
        changes = await ben.get(f"/conversation/{conversation['id']}/changes", after_rev=since)
        checks.equal([item["id"] for item in changes["items"]], [edited["id"], deleted["id"]], "changes")
        position = {conversation["id"]: {"seq": sent[2]["seq"], "rev": since}}
        part = checks.accepted(await socket.call("sync", {"conversations": position}))["conversations"]
        part = part[conversation["id"]]
        checks.equal([item["id"] for item in part["changes"]], [edited["id"], deleted["id"]], "changes of sync")
        checks.equal([part["messages"], part["last_rev"]], [[], deleted["rev"]], "the rest of sync")
    with stage.step("a repeat of a deleted message's send gives the tombstone, and makes no new message"):
        body = message_body(conversation["id"], "text 1", sent[1]["client_message_id"])
        again = await ada.post("/message", body, expect=200)
        checks.equal([again["id"], again["content"]], [deleted["id"], ""], "the repeat")
        checks.true(again["deleted_at"], "the repeat has no deleted_at")


async def _edited(stage: Stage, ada: Person, socket: Live, message: Json) -> Json:
    with stage.step("an edit keeps id and seq, raises rev, and is heard as message_updated"):
        edited: Json = await ada.put(f"/message/{message['id']}", {"content": "edited\r\ntext"})
        shapes.conforms(edited, shapes.MESSAGE, "the edited message")
        held = [edited["id"], edited["seq"], edited["content"], edited["created_at"]]
        checks.equal(held, [message["id"], message["seq"], "edited\ntext", message["created_at"]], "the edited message")
        checks.true(edited["rev"] > message["rev"], "rev has not risen")
        checks.true(edited["edited_at"], "edited_at is missing")
        heard = await socket.wait_for("message_updated", lambda item: item["id"] == message["id"])
        checks.equal([heard["content"], heard["rev"]], ["edited\ntext", edited["rev"]], "what B heard")
    return edited


async def _deleted(stage: Stage, ada: Person, socket: Live, message: Json) -> Json:
    with stage.step("a deletion keeps id and seq and takes the text away, for everybody"):
        checks.status(await ada.request("DELETE", f"/message/{message['id']}"), 204)
        heard = await socket.wait_for("message_updated", lambda item: item["id"] == message["id"])
        shapes.conforms(heard, shapes.MESSAGE, "the tombstone")
        checks.equal([heard["seq"], heard["content"]], [message["seq"], ""], "the tombstone")
        checks.true(shapes.moment(heard["deleted_at"]), f"deleted_at is {heard['deleted_at']!r}")
        checks.problem(await ada.request("PUT", f"/message/{message['id']}", json={"content": "back"}), 409)
    return heard
