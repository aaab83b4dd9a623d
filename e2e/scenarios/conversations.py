"""Conversations: making, joining, listing, members and their roles, leaving; a stranger cannot tell that one exists."""

from uuid import uuid4

from e2e.scenarios import checks, shapes
from e2e.scenarios.checks import Json
from e2e.scenarios.person import Person
from e2e.scenarios.stage import Stage


async def conversations(stage: Stage) -> None:
    """Play the life of group conversations."""
    ada, ben, carol = [await stage.person(name) for name in ("ada", "ben", "carol")]
    conversation = await _made(stage, ada)
    await _joined(stage, conversation, ada, ben)
    await _listed_in_pages(stage, ada)
    await _members(stage, conversation["id"], ada, ben, carol)
    await _left(stage, conversation["id"], ada, ben)


async def _made(stage: Stage, ada: Person) -> Json:
    with stage.step("a group has its owner, its code and its shape; a repeated client_id gives the same one"):
        body = {"title": "Engines", "description": "About\r\nengines", "client_id": str(uuid4())}
        made = await ada.post("/conversation", body)
        shapes.conforms(made, shapes.CONVERSATION, "the new conversation")
        checks.true(shapes.join_code(made["join_code"]), f"join_code is {made['join_code']!r}")
        expected = ["group", "Engines", "About\nengines", ada.id, 1, 0, "owner"]
        held = [made[key] for key in ("kind", "title", "description", "owner_id", "member_count", "unread")]
        checks.equal([*held, made["me"]["role"]], expected, "the new conversation")
        again = await ada.post("/conversation", body, expect=200)
        checks.equal(again["id"], made["id"], "id of the repeat")
        detail = await ada.get(f"/conversation/{made['id']}")
        checks.equal([member["user_id"] for member in detail["members"]], [ada.id], "its members")
        for member in detail["members"]:
            shapes.conforms(member, shapes.MEMBER, "a member")
    result: Json = made
    return result


async def _joined(stage: Stage, conversation: Json, ada: Person, ben: Person) -> None:
    path, code = f"/conversation/{conversation['id']}", conversation["join_code"]
    with stage.step("before joining: 404 for the conversation and for its changes"):
        for method, suffix, body in (
            ("GET", "", None),
            ("GET", "/messages", None),
            ("GET", "/members", None),
            ("PUT", "", {"title": "Mine"}),
            ("DELETE", "", None),
            ("PUT", f"/members/{ada.id}", {"role": "member"}),
            ("POST", "/join-code", None),
        ):
            checks.problem(await ben.request(method, path + suffix, json=body), 404, "not-found")
    with stage.step("the code counts in any case and without dashes; joining again changes nothing"):
        joined = await ben.post("/conversation/join", {"join_code": code.lower().replace("-", "")}, expect=200)
        shapes.conforms(joined, shapes.CONVERSATION, "the joined conversation")
        checks.equal([joined["id"], joined["me"]["role"]], [conversation["id"], "member"], "the joined conversation")
        checks.equal([joined["unread"], joined["me"]["read_seq"]], [0, joined["last_seq"]], "unread and read_seq")
        again = await ben.post("/conversation/join", {"join_code": code}, expect=200)
        checks.equal([again["last_seq"], again["member_count"]], [joined["last_seq"], 2], "after joining again")
    with stage.step("joining stands in the numbering as a message of kind system"):
        page = await ada.get(f"{path}/messages")
        checks.equal([m["seq"] for m in page["items"]], list(range(1, joined["last_seq"] + 1)), "numbering")
        last = page["items"][-1]
        checks.equal([last["kind"], last["sender_id"]], ["system", ben.id], "the last message")
    with stage.step("a new code ends the old one, no code ends both"):
        fresh = (await ada.post(f"{path}/join-code", None, expect=200))["join_code"]
        checks.true(shapes.join_code(fresh) and fresh != code, f"the new code is {fresh!r}")
        stranger = await stage.person("late")
        checks.problem(await stranger.request("POST", "/conversation/join", json={"join_code": code}), 404)
        checks.status(await ada.request("DELETE", f"{path}/join-code"), 204)
        checks.problem(await stranger.request("POST", "/conversation/join", json={"join_code": fresh}), 404)
        checks.equal((await ada.get(path))["join_code"], None, "the code afterwards")


async def _listed_in_pages(stage: Stage, ada: Person) -> None:
    with stage.step("lists come in pages without a gap or a repeat, latest activity first"):
        for number in range(4):
            await stage.group(ada, title=f"Group {number}")
        whole = (await ada.get("/conversation"))["items"]
        for conversation in whole:
            shapes.conforms(conversation, shapes.CONVERSATION, "a listed conversation")
        times = [conversation["last_activity_at"] for conversation in whole]
        checks.equal(times, sorted(times, reverse=True), "order of the list")
        paged: list[str] = []
        page = await ada.get("/conversation", limit=2)
        while True:
            checks.true(len(page["items"]) <= 2, "a page is larger than its limit")
            paged += [conversation["id"] for conversation in page["items"]]
            if page["next_cursor"] is None:
                break
            page = await ada.get("/conversation", limit=2, cursor=page["next_cursor"])
        checks.equal(paged, [conversation["id"] for conversation in whole], "ids page by page")
        by_id = await ada.get(f"/conversation/by-user-id/{ada.id}")
        checks.equal([item["id"] for item in by_id["items"]], paged, "ids by my user id")


async def _members(stage: Stage, conversation_id: str, ada: Person, ben: Person, carol: Person) -> None:
    path = f"/conversation/{conversation_id}"
    with stage.step("members are listed; a member who is no owner may not rename or remove (403)"):
        listed = (await ben.get(f"{path}/members"))["items"]
        for member in listed:
            shapes.conforms(member, shapes.MEMBER, "a listed member")
        checks.equal({m["user_id"]: m["role"] for m in listed}, {ada.id: "owner", ben.id: "member"}, "members")
        checks.problem(await ben.request("PUT", path, json={"title": "Mine"}), 403, "forbidden")
        checks.problem(await ben.request("DELETE", path), 403, "forbidden")
        checks.problem(await ben.request("DELETE", f"{path}/members/{ada.id}"), 403, "forbidden")
    with stage.step("a new title is seen by all and stands in the numbering"):
        before = (await ben.get(path))["last_seq"]
        await ada.put(path, {"title": "Difference engines"})
        seen = await ben.get(path)
        checks.equal([seen["title"], seen["last_seq"]], ["Difference engines", before + 1], "title and last_seq")
        checks.problem(await carol.request("GET", path), 404, "not-found")


async def _left(stage: Stage, conversation_id: str, ada: Person, ben: Person) -> None:
    path = f"/conversation/{conversation_id}"
    with stage.step("who was removed hears it and sees nothing any more, on the open socket too"):
        socket = await ben.connect()
        checks.status(await ada.request("DELETE", f"{path}/members/{ben.id}"), 204)
        heard = await socket.wait_for("conversation", lambda change: change["reason"] == "left")
        checks.equal(heard["conversation"]["id"], conversation_id, "the conversation of the event")
        for suffix in ("", "/messages", "/members"):
            checks.problem(await ben.request("GET", path + suffix), 404, "not-found")
        after = await ada.send(conversation_id, "not for Ben")
        own = await stage.group(ben, title="Barrier")
        barrier = await ben.send(own["id"], "barrier")
        await socket.wait_for("message", lambda message: message["id"] == barrier["id"])
        got = [message["id"] for message in socket.messages(conversation_id)]
        checks.true(after["id"] not in got, "a removed member received a message")
        answer = checks.accepted(await socket.call("sync", {"conversations": {conversation_id: 0}}))
        checks.equal(answer["gone"], [conversation_id], "gone")
    with stage.step("the last one out deletes it"):
        checks.status(await ada.request("DELETE", f"{path}/members/{ada.id}"), 204)
        checks.problem(await ada.request("GET", path), 404, "not-found")
