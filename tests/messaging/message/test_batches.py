"""Group commit: one numbering without a gap, each send once, and no send suffers for another."""

import asyncio
import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from messaging.kernel.errors import ProblemError
from messaging.message.batches import MAX_BATCH
from messaging.message.parts import MessageParts
from messaging.message.service.sending import Send, Sent
from messaging_wire.ids import ClientMessageId, ConversationId
from messaging_wire.message import SendRequest

from tests.messaging.message.world import Json, User, World, body_of, open_world

FIXTURES_ARE_SHARED = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]


def parts_of(world: World) -> MessageParts:
    """What the service's routes call."""
    parts: MessageParts = world.service.host.parts.state["message"]
    return parts


def send_of(user: User, conversation: Json, content: str, key: UUID | None = None, reply_to: Any = None) -> Send:
    """What a user's request becomes."""
    return Send(
        user.person.id,
        user.name,
        SendRequest(
            conversation_id=ConversationId(UUID(conversation["id"])),
            client_message_id=ClientMessageId(key or uuid4()),
            content=content,
            reply_to=reply_to,
        ),
    )


async def outcome(answer: "asyncio.Future[Sent]") -> Sent | int:
    """What became of a send: the message, or the status of the problem."""
    try:
        return await answer
    except ProblemError as error:
        return error.problem.status


async def history(user: User, conversation: Json) -> list[Json]:
    """Every message of a conversation, in order."""
    found: list[Json] = []
    while True:
        after = found[-1]["seq"] if found else 0
        page = await user.get(f"/conversation/{conversation['id']}/messages", after_seq=after, limit=200)
        found += page["items"]
        if not page["more"]:
            return found


async def test_many_senders_at_once_share_one_numbering_without_a_gap(world: World) -> None:
    people = [world.user(f"user{number}") for number in range(6)]
    group = await world.group(*people)
    start = group["last_seq"]

    await asyncio.gather(*(user.send(group["id"], f"{user.name} {n}") for n in range(20) for user in people))

    found = await history(people[0], group)
    assert [message["seq"] for message in found] == list(range(1, start + 121))
    assert Counter(message["sender_id"] for message in found[start:]) == {user.id: 20 for user in people}
    assert [message["rev"] for message in found] == [message["seq"] for message in found]


async def test_one_senders_messages_are_numbered_in_the_order_of_sending(world: World) -> None:
    ada = world.user("ada")
    group = await world.group(ada)
    commits = parts_of(world).commits

    answers = [commits.submit(send_of(ada, group, str(number))) for number in range(MAX_BATCH + 50)]
    sent = [await outcome(answer) for answer in answers]

    stored = [one.message.message() for one in sent if isinstance(one, Sent)]
    assert [(one.seq, one.content) for one in stored] == [(n + 1, str(n)) for n in range(MAX_BATCH + 50)]


async def test_a_bad_send_fails_alone(world: World) -> None:
    ada, ben = world.user("ada"), world.user("ben")
    group, other = await world.group(ada), await world.group(ada)
    elsewhere = (await ada.send(other["id"]))["id"]
    key = uuid4()
    commits = parts_of(world).commits

    answers = [
        commits.submit(send)
        for send in (
            send_of(ada, group, "good", key),
            send_of(ben, group, "not a member"),
            send_of(ada, {"id": str(uuid4())}, "nowhere"),
            send_of(ada, group, "reply to what is elsewhere", reply_to=elsewhere),
            send_of(ada, group, "the key again", key),
            send_of(ada, group, "good", key),
            send_of(ada, group, "good too"),
        )
    ]
    first, *refused, repeat, last = [await outcome(answer) for answer in answers]

    assert refused == [404, 404, 422, 409]
    assert isinstance(first, Sent)
    assert isinstance(repeat, Sent)
    assert isinstance(last, Sent)
    assert (first.created, repeat.created, repeat.message.id) == (True, False, first.message.id)
    assert [first.message.seq, last.message.seq] == [1, 2]


@dataclass(frozen=True)
class Try:
    """One drawn send: who, where, under which key, what; and whether its sender gives up waiting."""

    sender: int
    place: int
    key: int
    content: str
    gives_up: bool


TRIES = st.lists(
    st.builds(
        Try,
        sender=st.integers(0, 1),
        place=st.integers(0, 1),
        key=st.integers(0, 5),
        content=st.sampled_from(["a", "b"]),
        gives_up=st.booleans(),
    ),
    min_size=1,
    max_size=30,
)


@settings(max_examples=15, deadline=None, suppress_health_check=FIXTURES_ARE_SHARED)
@given(tries=TRIES)
async def test_whatever_is_sent_at_once_each_key_is_stored_once(world: World, tries: list[Try]) -> None:
    people = [world.user("ada"), world.user("ben")]
    places = [await world.group(*people), await world.group(*people)]
    keys = [uuid4() for _ in range(6)]
    commits = parts_of(world).commits

    answers = []
    for one in tries:
        send = send_of(people[one.sender], places[one.place], one.content, keys[one.key])
        answers.append(commits.submit(send))
        if one.gives_up:
            answers[-1].cancel()
    outcomes = await asyncio.gather(*(outcome(answer) for answer in answers), return_exceptions=True)
    for place in places:
        await people[0].send(place["id"], "behind everything")

    found = [(await history(people[0], place)) for place in places]
    for messages in found:
        assert [message["seq"] for message in messages] == list(range(1, len(messages) + 1))
    stored = [message for messages in found for message in messages[1:-1]]
    by_id = {message["id"]: message for message in stored}
    assert len(stored) == len({(one.sender, one.key) for one in tries}), "each key is stored once"
    for one, got in zip(tries, outcomes, strict=True):
        if isinstance(got, Sent):
            kept = by_id[str(got.message.id)]
            assert (kept["content"], kept["conversation_id"]) == (one.content, places[one.place]["id"])
        elif not isinstance(got, BaseException):
            assert got == 409
    created = [got.message.id for got in outcomes if isinstance(got, Sent) and got.created]
    assert len(created) == len(set(created)), "a message is created once"


async def test_a_request_that_is_cancelled_is_stored_at_most_once(world: World) -> None:
    ada = world.user("ada")
    group = await world.group(ada)
    keys = [uuid4() for _ in range(20)]

    requests = [asyncio.create_task(ada.ask("POST", "/message", json=body_of(group["id"], "x", key))) for key in keys]
    await asyncio.sleep(0.002)
    for request in requests[::2]:
        request.cancel()
    await asyncio.gather(*requests, return_exceptions=True)
    answers = [await ada.ask("POST", "/message", json=body_of(group["id"], "x", key)) for key in keys]

    assert {answer.status_code for answer in answers} <= {200, 201}
    found = await history(ada, group)
    assert [message["seq"] for message in found] == list(range(1, 21))
    assert {message["client_message_id"] for message in found} == {str(key) for key in keys}


async def test_a_socket_with_too_many_sends_under_way_is_told_to_try_again(world: World) -> None:
    ada = world.user("ada")
    group = await world.group(ada)

    async with ada.live() as live:
        calls = [live.call("send_message", body_of(group["id"], str(number))) for number in range(600)]
        answers = await asyncio.gather(*calls)

    statuses = Counter(answer.get("problem", {}).get("status", 200) for answer in answers)
    assert set(statuses) <= {200, 503}
    assert len(await history(ada, group)) == statuses[200]


async def test_above_ones_rate_sends_are_refused_for_a_while(tmp_path: Path) -> None:
    async with open_world({"data_dir": tmp_path}, send_rate_per_s=0.1, send_burst=2) as world:
        ada, ben = world.user("ada"), world.user("ben")
        group = await world.group(ada, ben)
        await ada.send(group["id"])

        refused = await ada.ask("POST", "/message", json=body_of(group["id"]))

        assert refused.status_code == 429
        assert int(refused.headers["Retry-After"]) >= 1
        await ben.send(group["id"])


@pytest.mark.parametrize("content", ["", "x" * 4001, "a\x00b", "\ud800"])
async def test_what_is_no_message_is_refused(world: World, content: str) -> None:
    ada = world.user("ada")
    group = await world.group(ada)

    answer = await ada.world.service.public.post(
        "/api/message",
        headers=ada.person.headers | {"Content-Type": "application/json"},
        content=_json(body_of(group["id"], content)),
    )

    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "content")


def _json(body: Json) -> bytes:
    return json.dumps(body).encode()
