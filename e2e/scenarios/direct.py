"""Direct conversations: one per pair, called after the other person, put aside until the next message."""

from uuid import uuid4

from e2e.scenarios import checks, shapes
from e2e.scenarios.checks import Json
from e2e.scenarios.person import Person
from e2e.scenarios.stage import Stage
from e2e.scenarios.waiting import eventually

PEER: shapes.Shape = {
    "user_id": shapes.platform_id,
    "username": shapes.text,
    "display_name": shapes.text,
    "avatar_url": shapes.optional(shapes.text),
}


async def direct(stage: Stage) -> None:
    """Play a conversation of two, and notes to oneself."""
    ada, ben, carol = [await stage.person(name) for name in ("ada", "ben", "carol")]
    made = await _made(stage, ada, ben)
    path = f"/conversation/{made['id']}"
    with stage.step("the other one has it too, called after the first, and both write"):
        mirrored = next(item for item in (await ben.get("/conversation"))["items"] if item["id"] == made["id"])
        checks.equal(mirrored["peer"]["user_id"], ada.id, "the peer for B")
        await ada.send(made["id"], "hello")
        await ben.send(made["id"], "hello yourself")
        texts = [item["content"] for item in (await ada.get(f"{path}/messages"))["items"] if item["kind"] == "text"]
        checks.equal(texts, ["hello", "hello yourself"], "texts")
        checks.problem(await carol.request("GET", path), 404, "not-found")
    with stage.step("it has no title, no code and no other members (409)"):
        for method, suffix, body in (
            ("PUT", "", {"title": "Us"}),
            ("POST", "/join-code", None),
            ("DELETE", f"/members/{ben.id}", None),
        ):
            checks.problem(await ada.request(method, path + suffix, json=body), 409, "conflict")
    with stage.step("who deletes it does not see it until the next message"):
        checks.status(await ada.request("DELETE", path), 204)
        checks.equal((await ada.get("/conversation"))["items"], [], "A's list")
        checks.equal([item["id"] for item in (await ben.get("/conversation"))["items"]], [made["id"]], "B's list")
        await ben.send(made["id"], "still there?")
        checks.equal([item["id"] for item in (await ada.get("/conversation"))["items"]], [made["id"]], "A's list again")
    with stage.step("with oneself it holds notes; with nobody there is none"):
        notes = await ada.post("/conversation", {"kind": "direct", "member_ids": [ada.id]})
        checks.equal([notes["kind"], notes["member_count"]], ["direct", 1], "notes to self")
        unknown = await ada.request("POST", "/conversation", json={"kind": "direct", "member_ids": [str(uuid4())]})
        checks.problem(unknown, 404, "not-found")


async def _made(stage: Stage, ada: Person, ben: Person) -> Json:
    with stage.step("a direct conversation has a peer, no owner and no code; from either side it is the same"):
        body = {"kind": "direct", "member_ids": [ben.id]}
        # The message service learns of a new person by an event, a moment after the sign-up.
        response = await eventually(
            lambda: ada.request("POST", "/conversation", json=body),
            lambda answer: answer.status_code == 201,
            what="the new person can be written to",
            within=stage.within,
        )
        made: Json = response.json()
        shapes.conforms(made, shapes.CONVERSATION, "the direct conversation")
        shapes.conforms(made["peer"], PEER, "its peer")
        held = [made["kind"], made["title"], made["owner_id"], made["join_code"], made["peer"]["user_id"]]
        checks.equal(held, ["direct", None, None, None, ben.id], "the direct conversation")
        again = await ada.post("/conversation", body, expect=200)
        mirrored = await ben.post("/conversation", {"kind": "direct", "member_ids": [ada.id]}, expect=200)
        checks.equal([again["id"], mirrored["id"]], [made["id"]] * 2, "ids of the repeats")
    return made
