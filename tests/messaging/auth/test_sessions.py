"""Ending sessions: at once here, within a second everywhere, and in an order that no reader can miss."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from messaging.auth.app import build
from messaging.auth.settings import AuthSettings
from messaging.auth.store_platform import Ended, append_revocations
from messaging.kernel import revocations
from messaging.kernel.bus_memory import MemoryBus
from messaging.kernel.bus_rabbit import RabbitBus
from pydantic import SecretStr

from tests.messaging.auth.conftest import Auth, Json, bearer, problem
from tests.support.databases import broker_settings
from tests.support.rabbitmq import RabbitMQServer
from tests.support.services import RunningService, running_service

SOON_S = 1.0
BY_ASKING_S = 2.0
"""Replicas ask every half second: the rest is for a machine that does other things too."""


async def refused_soon(service: RunningService, tokens: Json, *, within_s: float = SOON_S) -> None:
    """Wait until an access token is void."""
    async with asyncio.timeout(within_s):
        while True:
            answer = await service.public.get("/api/auth/sessions", headers=bearer(tokens["access_token"]))
            if answer.status_code == 401:
                assert problem(answer) == "invalid-token"
                return
            await asyncio.sleep(0.01)


async def test_logout_by_access_token_ends_the_session_within_a_second(auth: Auth) -> None:
    tokens = (await auth.sign_up())["tokens"]
    assert (await auth.post("/logout", headers=bearer(tokens["access_token"]))).status_code == 204
    await refused_soon(auth.service, tokens)
    assert (await auth.refresh(tokens["refresh_token"])).status_code == 401


async def test_logout_by_refresh_token_needs_no_bearer(auth: Auth) -> None:
    tokens = (await auth.sign_up())["tokens"]
    assert (await auth.post("/logout", {"refresh_token": tokens["refresh_token"]})).status_code == 204
    await refused_soon(auth.service, tokens)


async def test_logout_by_refresh_token_works_when_the_access_token_has_expired(auth: Auth) -> None:
    tokens = (await auth.sign_up())["tokens"]
    auth.clock.advance(timedelta(minutes=11))
    header, body = bearer(tokens["access_token"]), {"refresh_token": tokens["refresh_token"]}
    assert (await auth.post("/logout", headers=header)).status_code == 401
    assert (await auth.post("/logout", body, headers=header)).status_code == 204
    assert (await auth.refresh(tokens["refresh_token"])).status_code == 401


async def test_logging_out_twice_is_no_error(auth: Auth) -> None:
    tokens = (await auth.sign_up())["tokens"]
    for _ in range(2):
        assert (await auth.post("/logout", {"refresh_token": tokens["refresh_token"]})).status_code == 204


async def test_logout_needs_one_of_the_two_tokens(auth: Auth) -> None:
    answer = await auth.post("/logout")
    assert (answer.status_code, problem(answer)) == (401, "invalid-token")
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


async def test_a_person_sees_their_sessions_newest_first_in_pages(auth: Auth) -> None:
    made = await auth.sign_up()
    header = {"User-Agent": "Tests/1.0", "X-Forwarded-For": "203.0.113.77"}
    newest = (await auth.log_in(made["user"]["username"], headers=header)).json()["tokens"]
    first = (await auth.get("/sessions?limit=1", newest["access_token"])).json()
    (session,) = first["items"]
    assert (session["user_agent"], session["ip"], session["current"]) == ("Tests/1.0", "203.0.113.77", True)
    second = (await auth.get(f"/sessions?limit=1&cursor={first['next_cursor']}", newest["access_token"])).json()
    assert [item["current"] for item in second["items"]] == [False]
    assert second["next_cursor"] is None


async def test_a_person_ends_one_of_their_sessions_and_nobody_elses(auth: Auth) -> None:
    made, stranger = await auth.sign_up(), await auth.sign_up()
    other = (await auth.log_in(made["user"]["username"])).json()["tokens"]
    sessions = (await auth.get("/sessions", other["access_token"])).json()["items"]
    (old,) = [session["id"] for session in sessions if not session["current"]]
    for refused in (old, str(uuid4()), "no-id"):
        assert (await auth.delete(f"/sessions/{refused}", stranger["tokens"]["access_token"])).status_code == 404
    assert (await auth.delete(f"/sessions/{old}", other["access_token"])).status_code == 204
    await refused_soon(auth.service, made["tokens"])
    assert (await auth.get("/sessions", other["access_token"])).status_code == 200


async def test_a_person_ends_all_their_other_sessions(auth: Auth) -> None:
    made = await auth.sign_up()
    others = [(await auth.log_in(made["user"]["username"])).json()["tokens"] for _ in range(3)]
    assert (await auth.delete("/sessions", made["tokens"]["access_token"])).status_code == 204
    for tokens in others:
        await refused_soon(auth.service, tokens)
    assert (await auth.get("/sessions", made["tokens"]["access_token"])).status_code == 200


async def test_the_feed_is_read_behind_a_position_in_ascending_order(auth: Auth) -> None:
    start = (await auth.service.admin.get("/internal/revocations")).json()["last_position"]
    people = [await auth.sign_up() for _ in range(3)]
    for person in people:
        await auth.post("/logout", {"refresh_token": person["tokens"]["refresh_token"]})
    page = (await auth.service.admin.get("/internal/revocations", params={"after": start})).json()
    assert [item["user_id"] for item in page["items"]] == [person["user"]["id"] for person in people]
    assert [item["position"] for item in page["items"]] == [start + 1, start + 2, start + 3]
    empty = (await auth.service.admin.get("/internal/revocations", params={"after": page["last_position"]})).json()
    assert (empty["items"], empty["last_position"]) == ([], page["last_position"])
    assert empty["epoch"] == (await auth.service.public.get("/api/auth/config")).json()["epoch"]


async def test_a_reader_never_skips_an_entry_that_commits_late(auth: Auth) -> None:
    runtime = auth.service.host.runtime
    now = auth.clock.now()
    start = (await auth.service.admin.get("/internal/revocations")).json()["last_position"]
    appended, may_commit = asyncio.Event(), asyncio.Event()

    async def append(user_id: UUID, *, waits: bool) -> None:
        async with runtime.database.writing() as session:
            expires_at = now + timedelta(minutes=10)
            await append_revocations(session, [Ended(user_id, None)], not_before=now, expires_at=expires_at)
            if waits:
                appended.set()
                await may_commit.wait()

    slow, fast = uuid4(), uuid4()
    async with asyncio.TaskGroup() as group:
        group.create_task(append(slow, waits=True))
        await appended.wait()
        group.create_task(append(fast, waits=False))
        await asyncio.sleep(0.2)
        seen = (await auth.service.admin.get("/internal/revocations", params={"after": start})).json()
        assert seen["items"] == []
        may_commit.set()
    seen = (await auth.service.admin.get("/internal/revocations", params={"after": start})).json()
    assert [item["user_id"] for item in seen["items"]] == [str(slow), str(fast)]


@pytest.fixture
async def replicas(auth_settings: AuthSettings) -> AsyncIterator[list[RunningService]]:
    async with AsyncExitStack() as stack:
        yield [
            await stack.enter_async_context(running_service("auth", auth_settings, build, bus=MemoryBus()))
            for _ in range(2)
        ]


async def test_another_replica_refuses_soon_without_any_hint(replicas: list[RunningService]) -> None:
    here, there = replicas
    body = {"username": "ada", "email": "ada@example.org", "password": "correct horse"}
    tokens = (await here.public.post("/api/auth/signUp", json=body)).json()["tokens"]
    header = bearer(tokens["access_token"])
    assert (await there.public.get("/api/auth/sessions", headers=header)).status_code == 200
    assert (await here.public.post("/api/auth/logout", headers=header)).status_code == 204
    await refused_soon(there, tokens, within_s=BY_ASKING_S)


async def test_replicas_that_start_together_sign_with_one_key(replicas: list[RunningService]) -> None:
    here, there = [(await replica.admin.get("/internal/jwks")).json()["keys"] for replica in replicas]
    assert len(here) == 1
    assert here == there


async def test_twenty_refreshes_over_two_replicas_give_one_pair(replicas: list[RunningService]) -> None:
    body = {"username": "ben", "email": "ben@example.org", "password": "correct horse"}
    tokens = (await replicas[0].public.post("/api/auth/signUp", json=body)).json()["tokens"]
    held = {"refresh_token": tokens["refresh_token"]}
    answers = await asyncio.gather(
        *(replicas[number % 2].public.post("/api/auth/refresh", json=held) for number in range(20))
    )
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.text for answer in answers}) == 1


@pytest.fixture
async def hinted(
    auth_settings: AuthSettings, rabbitmq_server: RabbitMQServer, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[list[RunningService]]:
    """Two replicas that do not ask by themselves within a test: what they learn, they learn by hints."""
    monkeypatch.setattr(revocations, "INTERVAL", timedelta(minutes=5))
    settings = auth_settings.model_copy(update=typed(broker_settings(rabbitmq_server.fresh_broker("auth"))))
    async with AsyncExitStack() as stack:
        yield [
            await stack.enter_async_context(running_service("auth", settings, build, bus=RabbitBus(settings, "auth")))
            for _ in range(2)
        ]


def typed(broker: Json) -> Json:
    """The settings of a broker as `model_copy` takes them, which checks nothing."""
    return broker | {"broker_password": SecretStr(broker["broker_password"])}


async def test_a_hint_over_the_broker_ends_a_session_at_another_replica_at_once(hinted: list[RunningService]) -> None:
    here, there = hinted
    body = {"username": "cleo", "email": "cleo@example.org", "password": "correct horse"}
    tokens = (await here.public.post("/api/auth/signUp", json=body)).json()["tokens"]
    header = bearer(tokens["access_token"])
    assert (await there.public.get("/api/auth/sessions", headers=header)).status_code == 200
    assert (await here.public.post("/api/auth/logout", headers=header)).status_code == 204
    await refused_soon(there, tokens)
