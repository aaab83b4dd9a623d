"""Deleting an account: it ends at once, its name rests for a while, and a receipt tells how far its removal is."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from messaging.auth.app import republish
from messaging.auth.deletion import KEPT, SERVICES, TOLD_AGAIN_AFTER
from messaging.kernel.bus import Consumer
from messaging.kernel.bus_memory import MemoryBus
from messaging.kernel.topology import Queue
from messaging_wire.events import Envelope, UserDeleted, UserPurged
from messaging_wire.ids import UserId

from tests.messaging.auth.conftest import PASSWORD, Auth, Json, bearer, new_name, problem
from tests.messaging.notification.story import envelope
from tests.support.deletions import tables_with

WITHIN_S = 10.0


class Ear:
    """Keeps what auth tells other services of deletions."""

    def __init__(self) -> None:
        self.heard: dict[UUID, UserDeleted] = {}

    async def handle(self, envelopes: Sequence[Envelope]) -> None:
        self.heard |= {each.id: UserDeleted.model_validate(each.body) for each in envelopes}

    async def of(self, person: Json, *, count: int = 1) -> list[UserDeleted]:
        """Distinct events of a person's deletion, once there are as many."""
        async with asyncio.timeout(WITHIN_S):
            while len(found := self._of(person)) < count:
                await asyncio.sleep(0.01)
        return found

    def _of(self, person: Json) -> list[UserDeleted]:
        return [event for event in self.heard.values() if str(event.user_id) == person["user"]["id"]]


def bus_of(auth: Auth) -> MemoryBus:
    bus = auth.service.host.runtime.bus
    assert isinstance(bus, MemoryBus)
    return bus


@pytest.fixture(scope="module")
def ear(auth: Auth) -> Ear:
    listening = Ear()
    bus_of(auth).consume(Consumer(Queue("tests", (UserDeleted.routing_key,)), listening.handle))
    return listening


async def delete(auth: Auth, person: Json, **changed: Any) -> httpx.Response:
    body = {"password": PASSWORD, "messages": "delete", **changed}
    return await auth.post("/account/delete", body, headers=bearer(person["tokens"]["access_token"]))


async def deleted(auth: Auth, person: Json, **changed: Any) -> str:
    answer = await delete(auth, person, **changed)
    assert answer.status_code == 202, answer.text
    receipt: str = answer.json()["receipt"]
    return receipt


async def progress(auth: Auth, receipt: str) -> Json:
    answer = await auth.post("/account/deletion", {"receipt": receipt})
    assert answer.status_code == 200, answer.text
    body: Json = answer.json()
    return body


async def until_done(auth: Auth, receipt: str, *services: str) -> Json:
    async with asyncio.timeout(WITHIN_S):
        while True:
            told = await progress(auth, receipt)
            if {part["service"] for part in told["services"] if part["state"] == "done"} >= set(services):
                return told
            await asyncio.sleep(0.05)


async def until_refused(auth: Auth, token: str) -> None:
    """Wait, for the second that a revocation may take, until a token is good for nothing."""
    async with asyncio.timeout(1):
        while (await auth.get("/sessions", token)).status_code != 401:
            await asyncio.sleep(0.01)


async def answer_of(auth: Auth, person: Json, service: str) -> None:
    event = UserPurged(version=2, user_id=UserId(person["user"]["id"]), service=service)
    await bus_of(auth).publish([envelope(event)])


async def test_an_account_that_is_deleted_has_ended_at_once(auth: Auth) -> None:
    person = await auth.sign_up()
    tokens = person["tokens"]

    await deleted(auth, person)

    await until_refused(auth, tokens["access_token"])
    answers = [
        await auth.log_in(person["user"]["username"]),
        await auth.refresh(tokens["refresh_token"]),
        await auth.get("/sessions", tokens["access_token"]),
        await delete(auth, person),
    ]
    assert [(answer.status_code, problem(answer)) for answer in answers] == [
        (401, "invalid-credentials"),
        (401, "invalid-token"),
        (401, "invalid-token"),
        (401, "invalid-token"),
    ]


async def test_every_session_of_the_person_ends_on_every_replica(auth: Auth) -> None:
    person = await auth.sign_up()
    other = (await auth.log_in(person["user"]["username"])).json()["tokens"]["access_token"]

    await deleted(auth, person)

    await until_refused(auth, other)
    page = (await auth.service.admin.get("/internal/revocations")).json()
    entry = page["items"][-1]
    assert (entry["user_id"], entry["session_id"]) == (person["user"]["id"], None)


async def test_a_wrong_password_deletes_nothing_and_counts_as_a_failed_log_in(auth: Auth) -> None:
    person = await auth.sign_up()
    name = person["user"]["username"]
    here = {"X-Forwarded-For": "203.0.113.77"} | bearer(person["tokens"]["access_token"])
    wrong = {"password": "not my password", "messages": "keep"}

    for _ in range(auth.settings.login_limit_per_pair):
        answer = await auth.post("/account/delete", wrong, headers=here)
        assert (answer.status_code, problem(answer)) == (401, "invalid-credentials")
    answer = await auth.post("/account/delete", wrong, headers=here)

    assert (answer.status_code, problem(answer)) == (429, "too-many-requests")
    assert (await auth.log_in(name, headers={"X-Forwarded-For": "203.0.113.77"})).status_code == 429
    assert (await auth.log_in(name)).status_code == 200


@pytest.mark.parametrize(
    "body", [{"password": PASSWORD}, {"messages": "keep"}, {"password": PASSWORD, "messages": "burn"}]
)
async def test_the_choice_and_the_password_have_to_be_given(auth: Auth, body: Json) -> None:
    person = await auth.sign_up()
    answer = await auth.post("/account/delete", body, headers=bearer(person["tokens"]["access_token"]))
    assert (answer.status_code, problem(answer)) == (422, "invalid-fields")


async def test_nobody_deletes_without_a_token(auth: Auth) -> None:
    answer = await auth.post("/account/delete", {"password": PASSWORD, "messages": "keep"})
    assert (answer.status_code, problem(answer)) == (401, "invalid-token")


async def test_other_services_are_told_once_with_the_persons_choice(auth: Auth, ear: Ear) -> None:
    person = await auth.sign_up()

    await deleted(auth, person, messages="keep")

    assert [(event.messages, event.version) for event in await ear.of(person)] == [("keep", 2)]


async def test_of_twenty_deletions_at_once_one_succeeds(auth: Auth, ear: Ear) -> None:
    person = await auth.sign_up()

    answers = await asyncio.gather(*(delete(auth, person) for _ in range(20)))

    assert sorted(answer.status_code for answer in answers) == [202] + [401] * 19
    assert {problem(answer) for answer in answers if answer.status_code == 401} == {"invalid-token"}


async def test_who_logs_in_at_the_same_moment_gets_no_session_that_outlives_the_account(auth: Auth) -> None:
    person = await auth.sign_up()
    name = person["user"]["username"]

    logging_in = asyncio.gather(*(auth.log_in(name) for _ in range(5)))
    await deleted(auth, person)

    tokens = [answer.json()["tokens"] for answer in await logging_in if answer.status_code == 200]
    for pair in tokens:
        await until_refused(auth, pair["access_token"])
        assert (await auth.refresh(pair["refresh_token"])).status_code == 401


async def test_the_name_rests_for_thirty_days_and_the_address_is_free_at_once(auth: Auth) -> None:
    person = await auth.sign_up()
    name, address = person["user"]["username"], person["user"]["email"]
    await deleted(auth, person)

    early = await auth.post("/signUp", {"username": name.upper(), "email": address, "password": PASSWORD})
    assert (early.status_code, problem(early)) == (409, "username-taken")
    other = await auth.post("/signUp", {"username": new_name(), "email": address, "password": PASSWORD})
    assert other.status_code == 201
    auth.clock.advance(KEPT + timedelta(seconds=1))
    late = await auth.post("/signUp", {"username": name, "email": address, "password": PASSWORD})
    assert late.status_code == 201
    assert late.json()["user"]["id"] != person["user"]["id"]


async def test_the_receipt_tells_how_far_each_service_is(auth: Auth) -> None:
    person = await auth.sign_up()
    receipt = await deleted(auth, person, messages="keep")

    first = await progress(auth, receipt)
    assert first["messages"] == "keep"
    assert [part["service"] for part in first["services"]] == list(SERVICES)
    assert {part["state"] for part in first["services"]} == {"pending"}

    auth.clock.advance(timedelta(seconds=auth.settings.purge_delay_s))
    await answer_of(auth, person, "message")
    await until_done(auth, receipt, "auth", "message")
    for _ in range(2):
        for service in ("user", "notification", "export"):
            await answer_of(auth, person, service)
    last = await until_done(auth, receipt, *SERVICES)
    assert all(part["done_at"] >= last["requested_at"] for part in last["services"])


async def test_a_receipt_that_was_never_given_is_404_and_guessing_is_limited(auth: Auth) -> None:
    here = {"X-Forwarded-For": "203.0.113.99"}
    receipt = await deleted(auth, await auth.sign_up())

    answers = [
        await auth.post("/account/deletion", {"receipt": f"guess {number}"}, headers=here)
        for number in range(auth.settings.guess_limit_per_address + 1)
    ]

    assert [answer.status_code for answer in answers] == [404] * (len(answers) - 1) + [429]
    right = await auth.post("/account/deletion", {"receipt": receipt}, headers=here)
    assert right.status_code == 200


async def test_a_service_that_does_not_answer_is_told_again_until_all_have(auth: Auth, ear: Ear) -> None:
    person = await auth.sign_up()
    receipt = await deleted(auth, person)
    assert len(await ear.of(person)) == 1

    auth.clock.advance(TOLD_AGAIN_AFTER)
    await auth.service.host.parts.state["auth"].sweep()
    assert len(await ear.of(person, count=2)) == 2

    for service in SERVICES[1:]:
        await answer_of(auth, person, service)
    await until_done(auth, receipt, *SERVICES)
    auth.clock.advance(TOLD_AGAIN_AFTER)
    await auth.service.host.parts.state["auth"].sweep()
    await auth.service.host.runtime.outbox.relay_batch()
    assert len(await ear.of(person)) == 2


async def test_afterwards_auth_holds_nothing_personal_and_after_thirty_days_nothing_at_all(auth: Auth) -> None:
    person = await auth.sign_up()
    receipt = await deleted(auth, person)
    for service in SERVICES[1:]:
        await answer_of(auth, person, service)
    auth.clock.advance(timedelta(seconds=auth.settings.purge_delay_s))
    await until_done(auth, receipt, *SERVICES)

    words = (person["user"]["username"], person["user"]["email"], receipt)
    assert await tables_with(auth.service.host.runtime.database, *words) == set()
    auth.clock.advance(KEPT + timedelta(seconds=1))
    await auth.service.host.parts.state["auth"].sweep()
    answer = await auth.post("/account/deletion", {"receipt": receipt})
    assert (answer.status_code, problem(answer)) == (404, "not-found")


async def test_a_restored_service_learns_of_deletions_anew(auth: Auth, ear: Ear) -> None:
    person = await auth.sign_up()
    await deleted(auth, person, messages="keep")
    assert len(await ear.of(person)) == 1
    runtime = auth.service.host.runtime

    async with runtime.database.writing() as session:
        await republish(session, runtime.outbox)
    runtime.outbox.wake()

    first, again = await ear.of(person, count=2)
    assert first == again
