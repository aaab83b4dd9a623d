"""The whole story once: two people meet, chat, miss messages, catch up and take a copy; a stranger sees nothing."""

from dataclasses import dataclass
from uuid import uuid4

from e2e.scenarios import checks, exports, live, shapes
from e2e.scenarios.checks import Json
from e2e.scenarios.live import Live
from e2e.scenarios.person import Person, message_body
from e2e.scenarios.stage import Stage, sign_up
from e2e.scenarios.waiting import eventually

MISSED = 20
LIVE = 5
TEXTS = [f"text {number}" for number in range(1, LIVE + MISSED + 1)]


@dataclass
class _Cast:
    ada: Person
    ben: Person
    stranger: Person
    conversation: Json

    @property
    def id(self) -> str:
        return str(self.conversation["id"])


async def chat(stage: Stage) -> None:
    """Play the slice's scenario from sign-up to the downloaded export."""
    ada, ben, stranger = [await _arrive(stage, name) for name in ("ada", "ben", "stranger")]
    with stage.step("A refreshes the token"):
        refreshed = await ada.post("/auth/refresh", {"refresh_token": ada.tokens["refresh_token"]}, expect=200)
        shapes.conforms(refreshed["tokens"], shapes.TOKENS, "the refreshed tokens")
        ada.tokens = refreshed["tokens"]
    with stage.step("A makes a group conversation, B joins by its join code"):
        conversation = await stage.group(ada, ben)
        shapes.conforms(conversation, shapes.CONVERSATION, "the conversation")
        checks.equal(conversation["member_count"], 2, "member_count")
    cast = _Cast(ada, ben, stranger, conversation)
    with stage.step("both connect by Socket.IO, B also to the notifications"):
        ada_live, ben_live = await ada.connect(), await ben.connect()
        ben_alerts = await ben.connect(live.NOTIFICATION_PATH)
    await _talk(stage, cast, ada_live, ben_live)
    await _notified(stage, cast, ben_alerts)
    await _nothing_for_strangers(stage, cast)
    await _catch_up(stage, cast, ada_live, ben_live)
    with stage.step("B exports the conversation as JSON and downloads it by a signed link"):
        document = await exports.export_as_json(ben, cast.id)
        texts = [message["content"] for message in document["messages"] if message["kind"] == "text"]
        checks.equal(texts, TEXTS, "the texts of the export")
    with stage.step("A's profile is there by user name"):
        profile = await eventually(
            lambda: ben.request("GET", f"/user/by-username/{ada.username}"),
            lambda answer: answer.status_code == 200,
            what="A's profile",
            within=stage.within,
        )
        shapes.conforms(profile.json(), shapes.PROFILE, "the profile")
        checks.equal(profile.json()["id"], ada.id, "the profile's id")


async def _arrive(stage: Stage, name: str) -> Person:
    with stage.step(f"{name} signs up and logs in"):
        person = stage.stranger(name)
        account = (await sign_up(person))["user"]
        answer = await person.post("/auth/login", {"login": person.username, "password": person.password}, expect=200)
        checks.equal(answer["user"], account, "the account at log-in")
        shapes.conforms(answer["tokens"], shapes.TOKENS, "the tokens")
        person.id, person.tokens = account["id"], answer["tokens"]
    return person


async def _talk(stage: Stage, cast: _Cast, ada_live: Live, ben_live: Live) -> None:
    first = cast.conversation["last_seq"]
    with stage.step("A sends by REST and by send_message, B receives each exactly once and in seq order"):
        sent = [await cast.ada.send(cast.id, "text 1")]
        sent.append(checks.accepted(await ada_live.call("send_message", message_body(cast.id, "text 2")))["message"])
        sent.append(await cast.ada.send(cast.id, "text 3"))
        key = str(uuid4())
        last = message_body(cast.id, "text 4", key)
        sent.append(checks.accepted(await ada_live.call("send_message", last))["message"])
        for message in sent:
            shapes.conforms(message, shapes.MESSAGE, "the sent message")
        checks.equal([message["seq"] for message in sent], [first + step for step in (1, 2, 3, 4)], "seq of the sends")
    with stage.step("a repeated client_message_id gives the same message, by REST and by socket"):
        repeated = await cast.ada.post("/message", last, expect=200)
        again = checks.accepted(await ada_live.call("send_message", last))["message"]
        checks.equal([repeated["id"], again["id"]], [sent[3]["id"]] * 2, "ids of the repeats")
        barrier = await cast.ada.send(cast.id, "text 5")
    with stage.step("B has each message exactly once and in order"):
        await ben_live.wait_for("message", lambda message: message["id"] == barrier["id"])
        expected = [message["id"] for message in [*sent, barrier]]
        checks.equal([message["id"] for message in ben_live.messages(cast.id)], expected, "messages at B's socket")
        await ada_live.wait_for("message", lambda message: message["id"] == barrier["id"])
        checks.equal([message["id"] for message in ada_live.messages(cast.id)], expected, "messages at A's socket")
        mine = next(message for message in ada_live.messages(cast.id) if message["id"] == sent[3]["id"])
        checks.equal(mine["client_message_id"], key, "client_message_id at the sender's socket")


async def _notified(stage: Stage, cast: _Cast, alerts: Live) -> None:
    with stage.step("B has a notification on the notification socket and in GET /notification"):
        heard = await alerts.wait_for("notification", lambda item: item.get("conversation_id") == cast.id)
        shapes.conforms(heard, shapes.NOTIFICATION, "the notification of the socket")
        listed = await eventually(
            lambda: cast.ben.get("/notification"),
            lambda page: any(item.get("conversation_id") == cast.id for item in page["items"]),
            what="the notification in GET /notification",
            within=stage.within,
        )
        mine = [item for item in listed["items"] if item.get("conversation_id") == cast.id]
        checks.equal(len(mine), 1, "open notifications for the conversation")
        shapes.conforms(mine[0], shapes.NOTIFICATION, "the listed notification")


async def _nothing_for_strangers(stage: Stage, cast: _Cast) -> None:
    with stage.step("a stranger gets 404 for the conversation, its messages, its export"):
        stranger = cast.stranger
        message = (await cast.ada.get(f"/conversation/{cast.id}/messages"))["items"][-1]
        for path in (f"/conversation/{cast.id}", f"/conversation/{cast.id}/messages", f"/message/{message['id']}"):
            checks.problem(await stranger.request("GET", path), 404, "not-found")
        checks.problem(await stranger.request("POST", "/message", json=message_body(cast.id, "hello")), 404)
        checks.problem(
            await stranger.request(
                "POST", "/dataexport/export-data", params={"option": "json"}, json={"conversation_id": cast.id}
            ),
            404,
        )
        socket = await stranger.connect()
        checks.refused(await socket.call("send_message", message_body(cast.id, "hello")), 404, "not-found")
        answer = checks.accepted(await socket.call("sync", {"conversations": {cast.id: 0}}))
        checks.equal(answer["conversations"], {}, "what the stranger's sync holds")
        await socket.close()


async def _catch_up(stage: Stage, cast: _Cast, ada_live: Live, ben_live: Live) -> None:
    with stage.step(f"B disconnects, misses {MISSED} messages, reconnects, syncs and has all"):
        had = ben_live.messages(cast.id)
        await ben_live.close()
        missed = []
        for text in TEXTS[LIVE:]:
            answer = checks.accepted(await ada_live.call("send_message", message_body(cast.id, text)))
            missed.append(answer["message"]["id"])
        again = await cast.ben.connect()
        config = await cast.ben.get("/auth/config")
        position = {"seq": had[-1]["seq"], "rev": had[-1]["rev"]}
        answer = checks.accepted(
            await again.call("sync", {"epoch": config["epoch"], "conversations": {cast.id: position}})
        )
        fetched = answer["conversations"][cast.id]
        checks.equal([message["id"] for message in fetched["messages"]], missed, "what B missed")
        checks.equal(fetched["more"], False, "more")
        texts = [message["content"] for message in [*had, *fetched["messages"]]]
        checks.equal(texts, TEXTS, "all texts at B")
