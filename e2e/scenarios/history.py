"""History: pages by seq, changes by rev, receipts and unread counts."""

from uuid import uuid4

from e2e.scenarios import checks, shapes
from e2e.scenarios.checks import Json
from e2e.scenarios.person import Person, message_body
from e2e.scenarios.stage import Stage

TEXTS = 12


async def history(stage: Stage) -> None:
    """Play reading back, from every side."""
    ada, ben = await stage.person("ada"), await stage.person("ben")
    conversation = await stage.group(ada, ben)
    path = f"/conversation/{conversation['id']}"
    start = conversation["last_seq"]
    sent = [await ada.send(conversation["id"], f"text {number}") for number in range(TEXTS)]
    await _pages(stage, ben, path, start)
    await _changes(stage, ben, path, sent)
    await _repeats(stage, ada, sent)
    await _receipts(stage, ada, ben, path, start)


async def _pages(stage: Stage, ben: Person, path: str, start: int) -> None:
    last = start + TEXTS

    async def page(**query: int) -> tuple[list[int], bool]:
        answer = await ben.get(f"{path}/messages", **query)
        shapes.conforms(answer, shapes.MESSAGE_PAGE, "a page of messages")
        for message in answer["items"]:
            shapes.conforms(message, shapes.MESSAGE, "a message of a page")
            if message["sender_id"] != ben.id:
                checks.equal(message["client_message_id"], None, "another's client_message_id")
        checks.equal([answer["first_seq"], answer["last_seq"]], [1, last], "first_seq and last_seq")
        return [message["seq"] for message in answer["items"]], answer["more"]

    with stage.step("pages by after_seq and before_seq are ascending and say whether more follows"):
        checks.equal(await page(), (list(range(1, last + 1)), False), "the newest page")
        checks.equal(await page(limit=3), ([last - 2, last - 1, last], True), "the newest three")
        checks.equal(await page(after_seq=0, limit=5), ([1, 2, 3, 4, 5], True), "after 0")
        checks.equal(await page(after_seq=last - 2), ([last - 1, last], False), "after the last but two")
        checks.equal(await page(after_seq=last), ([], False), "after the last")
        checks.equal(await page(before_seq=4), ([1, 2, 3], False), "before 4")
        checks.equal(await page(before_seq=last, limit=2), ([last - 2, last - 1], True), "two before the last")
        checks.equal(await page(before_seq=1), ([], False), "before the first")


async def _changes(stage: Stage, ben: Person, path: str, sent: list[Json]) -> None:
    with stage.step("changes come in rev order, after a rev"):
        everything = await ben.get(f"{path}/changes", after_rev=0)
        revs = [message["rev"] for message in everything["items"]]
        checks.equal(revs, sorted(set(revs)), "order of rev")
        checks.equal(everything["last_rev"], sent[-1]["rev"], "last_rev")
        later = await ben.get(f"{path}/changes", after_rev=sent[-3]["rev"])
        checks.equal(
            [message["id"] for message in later["items"]], [m["id"] for m in sent[-2:]], "the last two changes"
        )


async def _repeats(stage: Stage, ada: Person, sent: list[Json]) -> None:
    with stage.step("a repeat by REST gives 200 and the same message, in any writing of the same text"):
        key = str(uuid4())
        conversation_id = sent[0]["conversation_id"]
        first = await ada.send(conversation_id, "cafe\u0301", client_message_id=key)
        for text in ("cafe\u0301", "caf\u00e9"):
            again = await ada.post("/message", message_body(conversation_id, text, key), expect=200)
            checks.equal([again["id"], again["seq"]], [first["id"], first["seq"]], "the repeat")
        reply = await ada.post("/message", message_body(conversation_id, "reply") | {"reply_to": first["id"]})
        checks.equal(reply["reply_to"], first["id"], "reply_to")
    with stage.step("a message is read by its id, and my latest are listed"):
        read = await ada.get(f"/message/{first['id']}")
        checks.equal([read["id"], read["content"]], [first["id"], "café"], "the message by id")
        latest = await ada.get("/message", limit=2)
        checks.equal([message["id"] for message in latest["items"]], [reply["id"], first["id"]], "my latest two")


async def _receipts(stage: Stage, ada: Person, ben: Person, path: str, start: int) -> None:
    last = (await ada.get(path))["last_seq"]
    with stage.step("unread counts what others sent after the read mark; sending marks one's own"):
        seen = await ben.get(path)
        checks.equal([seen["unread"], seen["me"]["read_seq"]], [last - start, start], "unread and read_seq of B")
        mine = await ada.get(path)
        checks.equal([mine["unread"], mine["me"]["read_seq"]], [0, last], "unread and read_seq of A")
    with stage.step("receipts rise, never fall, are clamped, and read implies delivered"):
        await _mark(ben, path, {"delivered_seq": last - 1}, [last - 1, start])
        await _mark(ben, path, {"read_seq": last - 3}, [last - 1, last - 3])
        await _mark(ben, path, {"read_seq": 1, "delivered_seq": 1}, [last - 1, last - 3])
        checks.equal((await ben.get(path))["unread"], 3, "unread")
        await _mark(ben, path, {"read_seq": last + 100}, [last, last])
        checks.equal((await ben.get(path))["unread"], 0, "unread")
        newest = (await ada.get(f"{path}/messages", limit=1))["items"][0]
        checks.equal(newest["status"], "read", "status of a message that all have read")
    with stage.step("everybody's receipts are there for members"):
        listed = await ada.get(f"{path}/receipts")
        held = {item["user_id"]: [item["delivered_seq"], item["read_seq"]] for item in listed["items"]}
        checks.equal(held[ben.id], [last, last], "B's receipt for A")


async def _mark(person: Person, path: str, body: Json, expected: list[int]) -> None:
    await person.put(f"{path}/receipt", body)
    me = (await person.get(path))["me"]
    checks.equal([me["delivered_seq"], me["read_seq"]], expected, f"delivered_seq and read_seq after {body}")
