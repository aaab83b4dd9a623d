"""Deleting an account: it ends at once everywhere, messages go or stay without a name, and a receipt tells how far."""

from typing import Any

import httpx

from e2e.scenarios import checks, live
from e2e.scenarios.checks import Json
from e2e.scenarios.person import Person
from e2e.scenarios.stage import Stage
from e2e.scenarios.waiting import eventually

SERVICES = ["auth", "user", "message", "notification", "export"]
NOBODY = "Deleted person"


async def deletion(stage: Stage) -> None:
    """Play two people who leave: one takes her messages along, one leaves his."""
    ada, ben, carl = [await stage.person(name) for name in ("ada", "ben", "carl")]
    group = await stage.group(ada, ben, carl)
    direct = await start_direct(stage, ben, ada)
    await ada.send(group["id"], "a word of ada's")
    await carl.send(group["id"], "a word of carl's")
    await ada.send(direct["id"], "between ada and ben")
    await _is_asked_first(stage, ada, ben)
    with stage.step("the account ends at once: sockets, tokens, log-in; and its name is not given away"):
        socket = await ada.connect()
        receipt = await delete(ada, "delete")
        await _has_ended(stage, ada, socket)
    with stage.step("the receipt tells how far each service is, until all are done"):
        await until_removed(stage, ada, receipt, "delete")
        checks.problem(await ben.request("POST", "/auth/account/deletion", json={"receipt": "made up"}), 404)
    await _took_her_messages_along(stage, ben, ada, group, direct)
    with stage.step("DELETE /user/{id} is the same; who keeps their messages leaves them without a name"):
        body = {"password": carl.password, "messages": "keep"}
        answer = await carl.ask("DELETE", f"/user/{carl.id}", json=body, expect=202)
        await until_removed(stage, carl, answer["receipt"], "keep")
        words = {message["content"] for message in await history(ben, group["id"])}
        checks.true("a word of carl's" in words, f"the word of who kept his is gone: {words}")
        checks.equal(await members(ben, group["id"]), {ben.id: "owner"}, "who is left")


async def _is_asked_first(stage: Stage, ada: Person, ben: Person) -> None:
    with stage.step("the password and the choice are needed, and nobody else's account may be chosen"):
        wrong = await ada.request("POST", "/auth/account/delete", json={"password": "a guess", "messages": "keep"})
        checks.problem(wrong, 401, "invalid-credentials")
        unsaid = await ada.request("POST", "/auth/account/delete", json={"password": ada.password})
        checks.problem(unsaid, 422, "invalid-fields")
        body = {"password": ada.password, "messages": "delete"}
        checks.problem(await ada.request("DELETE", f"/user/{ben.id}", json=body), 403, "forbidden")
        wrong = await ada.request("DELETE", f"/user/{ada.id}", json={**body, "password": "a guess"})
        checks.problem(wrong, 401, "invalid-credentials")


async def _has_ended(stage: Stage, person: Person, socket: live.Live) -> None:
    await socket.until(lambda: not socket.is_open, what="the socket stayed open")
    body = {"login": person.username, "password": person.password}
    checks.problem(await person.request("POST", "/auth/login", json=body), 401, "invalid-credentials")
    refresh = {"refresh_token": person.tokens["refresh_token"]}
    checks.problem(await person.request("POST", "/auth/refresh", json=refresh), 401, "invalid-token")
    again = {"username": person.username, "email": person.email, "password": person.password}
    checks.problem(await stage.stranger("impostor").request("POST", "/auth/signUp", json=again), 409, "username-taken")


async def _took_her_messages_along(stage: Stage, ben: Person, ada: Person, group: Json, direct: Json) -> None:
    with stage.step("others see tombstones, a deleted person, and no profile; the owner was followed"):
        for conversation_id in (group["id"], direct["id"]):
            for message in await history(ben, conversation_id):
                if message["sender_id"] == ada.id and message["kind"] == "text":
                    checks.equal((message["content"], bool(message["deleted_at"])), ("", True), "a message of hers")
        checks.equal((await ben.get(f"/conversation/{direct['id']}"))["peer"]["username"], "", "the peer's name")
        said = [message["content"] for message in await history(ben, group["id"]) if message["kind"] == "system"]
        checks.true(f"{NOBODY} left" in said, f"nobody left: {said}")
        checks.true(ada.id not in await members(ben, group["id"]), "she is still a member")
        checks.equal((await ben.get(f"/conversation/{group['id']}"))["owner_id"], ben.id, "the owner")
        checks.problem(await ben.request("GET", f"/user/{ada.id}"), 404)
        told = (await ben.get("/notification"))["items"]
        checks.true(ada.username not in str(told), f"a notification has her name: {told}")
        words = {"conversation_id": direct["id"], "client_message_id": ada.id, "content": "are you there?"}
        checks.problem(await ben.request("POST", "/message", json=words), 403, "cannot-message")


async def start_direct(stage: Stage, asker: Person, other: Person) -> Json:
    """Start a direct conversation; the message service learns of new people a moment after their sign-up."""

    async def start() -> httpx.Response:
        return await asker.request("POST", "/conversation", json={"kind": "direct", "member_ids": [other.id]})

    made = await eventually(start, lambda answer: answer.is_success, what="a direct one", within=stage.within)
    conversation: Json = made.json()
    return conversation


async def delete(person: Person, messages: str) -> str:
    """Delete an account and return the receipt."""
    body = {"password": person.password, "messages": messages}
    receipt: str = (await person.post("/auth/account/delete", body, expect=202))["receipt"]
    return receipt


async def until_removed(stage: Stage, person: Person, receipt: str, messages: str) -> None:
    """Wait until every service has removed its part; anybody may ask who has the receipt."""

    async def ask() -> Any:
        answer = await person.http.post("/auth/account/deletion", json={"receipt": receipt})
        checks.status(answer, 200)
        return answer.json()

    def is_done(told: Json) -> bool:
        return all(part["state"] == "done" for part in told["services"])

    told = await eventually(ask, is_done, what="the removal", within=stage.within)
    checks.equal([part["service"] for part in told["services"]], SERVICES, "the services")
    checks.equal(told["messages"], messages, "what becomes of messages")


async def history(reader: Person, conversation_id: str) -> list[Json]:
    """The newest messages of a conversation."""
    items: list[Json] = (await reader.get(f"/conversation/{conversation_id}/messages", limit=200))["items"]
    return items


async def members(reader: Person, conversation_id: str) -> dict[str, str]:
    """Who is in a conversation, with their roles."""
    return {
        item["user_id"]: item["role"]
        for item in (await reader.get(f"/conversation/{conversation_id}/members"))["items"]
    }
