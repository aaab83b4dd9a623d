"""Real time: acknowledgements, sync in both forms, receipts, refresh of the token on an open socket, epochs."""

from uuid import uuid4

from e2e.scenarios import checks, shapes
from e2e.scenarios.checks import Json
from e2e.scenarios.live import Live
from e2e.scenarios.person import Person, message_body
from e2e.scenarios.stage import Stage

SYNC: shapes.Shape = {
    "epoch": shapes.text,
    "conversations": shapes.mapping,
    "joined": shapes.listing,
    "gone": shapes.listing,
}
CONVERSATION_SYNC: shapes.Shape = {
    "messages": shapes.listing,
    "changes": shapes.listing,
    "first_seq": shapes.integer,
    "last_seq": shapes.integer,
    "last_rev": shapes.integer,
    "more": shapes.flag,
}


async def realtime(stage: Stage) -> None:
    """Play everything that a socket can do."""
    ada, ben = await stage.person("ada"), await stage.person("ben")
    ben_live = await ben.connect()
    with stage.step("a connected person hears that they joined, and then receives without connecting again"):
        conversation = await stage.group(ada, ben)
        heard = await ben_live.wait_for("conversation", lambda change: change["reason"] == "joined")
        shapes.conforms(heard["conversation"], shapes.CONVERSATION, "the conversation of the event")
        checks.equal(heard["conversation"]["id"], conversation["id"], "id")
        sent = await ada.send(conversation["id"], "hello")
        await ben_live.wait_for("message", lambda message: message["id"] == sent["id"])
    ada_live = await ada.connect()
    await _refusals(stage, ada_live, conversation["id"])
    await _sync(stage, ada, ben_live, conversation)
    await _receipts(stage, ada_live, ben, ben_live, conversation["id"])
    await _refresh(stage, ada, ada_live, ben)
    with stage.step("two sockets of one person both receive"):
        second = await ben.connect()
        sent = await ada.send(conversation["id"], "to both")
        for socket in (ben_live, second):
            await socket.wait_for("message", lambda message: message["id"] == sent["id"])


async def _refusals(stage: Stage, socket: Live, conversation_id: str) -> None:
    with stage.step("every refused event is acknowledged with a problem, and the socket stays open"):
        long = message_body(conversation_id, "x" * 4001)
        for event, payload in (
            ("send_message", long),
            ("send_message", message_body(conversation_id, "x") | {"surprise": 1}),
            ("send_message", "no object"),
            ("sync", {"conversations": {conversation_id: -1}}),
            ("sync", {"conversations": {str(uuid4()): 0 for _ in range(201)}}),
            ("receipt", {"conversation_id": conversation_id, "read_seq": "x"}),
            ("refresh", {}),
        ):
            checks.refused(await socket.call(event, payload), 422, "invalid-fields")
        checks.refused(await socket.call("send_message", message_body(str(uuid4()), "x")), 404, "not-found")
        key = str(uuid4())
        checks.accepted(await socket.call("send_message", message_body(conversation_id, "first", key)))
        checks.refused(await socket.call("send_message", message_body(conversation_id, "other", key)), 409)
        checks.true(socket.is_open, "the socket was closed by a refused event")


async def _sync(stage: Stage, ada: Person, socket: Live, conversation: Json) -> None:
    conversation_id = conversation["id"]
    sent = [await ada.send(conversation_id, f"sync {number}") for number in range(3)]
    before = sent[0]["seq"] - 1
    with stage.step("sync in its short form and in its long form gives what is missing"):
        for position in (before, {"seq": before}, {"seq": before, "rev": sent[0]["rev"] - 1}):
            answer = checks.accepted(await socket.call("sync", {"conversations": {conversation_id: position}}))
            shapes.conforms(answer, SYNC, "the acknowledgement of sync")
            part = answer["conversations"][conversation_id]
            shapes.conforms(part, CONVERSATION_SYNC, "the sync of a conversation")
            checks.equal([m["id"] for m in part["messages"]], [m["id"] for m in sent], "missing messages")
            for message in part["messages"]:
                shapes.conforms(message, shapes.MESSAGE, "a missing message")
            checks.equal([part["last_seq"], part["more"], answer["joined"]], [sent[-1]["seq"], False, []], "the rest")
    with stage.step("a conversation that the client does not name stands in joined"):
        answer = checks.accepted(await socket.call("sync", {"conversations": {}}))
        checks.equal([item["id"] for item in answer["joined"]], [conversation_id], "joined")
        shapes.conforms(answer["joined"][0], shapes.CONVERSATION, "a joined conversation")
    with stage.step("one that does not exist stands in gone"):
        unknown = str(uuid4())
        answer = checks.accepted(await socket.call("sync", {"conversations": {unknown: 3, conversation_id: 0}}))
        checks.equal([answer["gone"], list(answer["conversations"])], [[unknown], [conversation_id]], "gone and found")
    with stage.step("the epoch is the one of /auth/config; another one is answered with the right one"):
        epoch = (await ada.get("/auth/config"))["epoch"]
        for told in (epoch, "another"):
            answer = checks.accepted(await socket.call("sync", {"epoch": told, "conversations": {conversation_id: 0}}))
            checks.equal(answer["epoch"], epoch, "epoch")


async def _receipts(stage: Stage, ada_live: Live, ben: Person, ben_live: Live, conversation_id: str) -> None:
    with stage.step("a receipt by socket reaches the others within its second"):
        last = (await ben.get(f"/conversation/{conversation_id}"))["last_seq"]
        checks.accepted(await ben_live.call("receipt", {"conversation_id": conversation_id, "read_seq": last}))
        heard = await ada_live.wait_for(
            "receipt", lambda receipt: receipt["user_id"] == ben.id and receipt["read_seq"] == last
        )
        checks.equal([heard["conversation_id"], heard["delivered_seq"]], [conversation_id, last], "the receipt")
        checks.refused(await ben_live.call("receipt", {"conversation_id": str(uuid4()), "read_seq": 1}), 404)


async def _refresh(stage: Stage, ada: Person, ada_live: Live, ben: Person) -> None:
    with stage.step("a newer token of the same session is accepted on the open socket, another's is not"):
        refreshed = await ada.post("/auth/refresh", {"refresh_token": ada.tokens["refresh_token"]}, expect=200)
        ada.tokens = refreshed["tokens"]
        checks.accepted(await ada_live.call("refresh", {"token": ada.tokens["access_token"]}))
        answer = await ada_live.call("refresh", {"token": ben.tokens["access_token"]})
        checks.equal(answer.get("ok"), False, f"refresh with another person's token: {answer}")
        answer = await ada_live.call("refresh", {"token": "broken"})
        checks.refused(answer, 401, "invalid-token")
