"""Refreshing: single use, a window for repeats, and the end of a session whose token is reused."""

import asyncio
from datetime import timedelta

import pytest
from messaging.auth.tokens import hash_token, open_successor
from messaging.kernel.keys import SealBrokenError
from sqlalchemy import text

from tests.messaging.auth.conftest import Auth, Json, problem

WINDOW = timedelta(seconds=30)


async def heads(auth: Auth) -> int:
    """How many refresh tokens of living sessions have not been used."""
    async with auth.service.host.runtime.database.engine.connect() as connection:
        query = "SELECT COUNT(*) FROM refresh_token WHERE used_at IS NULL"
        return int((await connection.execute(text(query))).scalar_one())


async def tokens_of(auth: Auth) -> Json:
    """A new person's first pair."""
    tokens: Json = (await auth.sign_up())["tokens"]
    return tokens


async def refreshed(auth: Auth, tokens: Json) -> Json:
    """The pair that follows."""
    answer = await auth.refresh(tokens["refresh_token"])
    assert answer.status_code == 200, answer.text
    following: Json = answer.json()["tokens"]
    return following


async def test_a_refresh_gives_a_new_pair_of_the_same_session(auth: Auth) -> None:
    first = await tokens_of(auth)
    second = await refreshed(auth, first)
    assert second["refresh_token"] != first["refresh_token"]
    assert second["access_token"] != first["access_token"]
    sessions = (await auth.get("/sessions", second["access_token"])).json()["items"]
    assert [session["current"] for session in sessions] == [True]


async def test_twenty_at_once_get_twenty_equal_answers_and_leave_one_head(auth: Auth) -> None:
    first = await tokens_of(auth)
    before = await heads(auth)
    answers = await asyncio.gather(*(auth.refresh(first["refresh_token"]) for _ in range(20)))
    assert [answer.status_code for answer in answers] == [200] * 20
    assert len({answer.text for answer in answers}) == 1
    assert await heads(auth) == before
    assert await refreshed(auth, answers[0].json()["tokens"])


async def test_a_repeat_within_the_window_gets_the_same_pair_as_often_as_asked(auth: Auth) -> None:
    first = await tokens_of(auth)
    second = await refreshed(auth, first)
    auth.clock.advance(WINDOW - timedelta(milliseconds=1))
    for _ in range(3):
        assert await refreshed(auth, first) == second


async def test_a_repeat_after_the_window_ends_the_whole_session(auth: Auth) -> None:
    first = await tokens_of(auth)
    second = await refreshed(auth, first)
    auth.clock.advance(WINDOW)
    answer = await auth.refresh(first["refresh_token"])
    assert (answer.status_code, problem(answer)) == (401, "invalid-token")
    assert (await auth.refresh(second["refresh_token"])).status_code == 401


async def test_a_repeat_once_the_successor_was_used_ends_the_whole_session(auth: Auth) -> None:
    first = await tokens_of(auth)
    second = await refreshed(auth, first)
    third = await refreshed(auth, second)
    feed = (await auth.service.admin.get("/internal/revocations")).json()["last_position"]
    assert (await auth.refresh(first["refresh_token"])).status_code == 401
    assert (await auth.refresh(third["refresh_token"])).status_code == 401
    (entry,) = (await auth.service.admin.get("/internal/revocations", params={"after": feed})).json()["items"]
    assert entry["session_id"] is not None
    async with asyncio.timeout(1):
        while (await auth.get("/sessions", third["access_token"])).status_code != 401:
            await asyncio.sleep(0.01)


async def test_other_sessions_of_the_person_live_on(auth: Auth) -> None:
    made = await auth.sign_up()
    other = (await auth.log_in(made["user"]["username"])).json()["tokens"]
    second = await refreshed(auth, made["tokens"])
    await refreshed(auth, second)
    assert (await auth.refresh(made["tokens"]["refresh_token"])).status_code == 401
    assert (await auth.get("/sessions", other["access_token"])).status_code == 200
    assert await refreshed(auth, other)


async def test_an_unused_refresh_token_expires(auth: Auth) -> None:
    first = await tokens_of(auth)
    auth.clock.advance(auth.settings.refresh_lifetime)
    answer = await auth.refresh(first["refresh_token"])
    assert (answer.status_code, problem(answer)) == (401, "invalid-token")


@pytest.mark.parametrize("token", ["unknown", "x" * 512])
async def test_an_unknown_token_is_refused(auth: Auth, token: str) -> None:
    answer = await auth.refresh(token)
    assert (answer.status_code, problem(answer)) == (401, "invalid-token")


async def test_an_access_token_is_no_refresh_token(auth: Auth) -> None:
    first = await tokens_of(auth)
    answer = await auth.refresh(first["access_token"])
    assert answer.status_code in (401, 422)


async def test_a_thief_of_the_database_can_use_nothing_in_it(auth: Auth) -> None:
    first = await tokens_of(auth)
    second = await refreshed(auth, first)
    async with auth.service.host.runtime.database.engine.connect() as connection:
        rows = (await connection.execute(text("SELECT token_hash, successor FROM refresh_token"))).all()
    sealed = {bytes(row[0]): row[1] for row in rows}
    stored = b"".join(bytes(part) for row in rows for part in row if part is not None)
    for secret in (first["refresh_token"], second["refresh_token"], second["access_token"]):
        assert secret.encode() not in stored
    successor = bytes(sealed[hash_token(first["refresh_token"])])
    assert open_successor(first["refresh_token"], successor).refresh_token == second["refresh_token"]
    with pytest.raises(SealBrokenError):
        open_successor(second["refresh_token"], successor)


async def test_the_ciphertext_goes_when_its_window_has_ended_or_the_pair_was_used(auth: Auth) -> None:
    async def kept() -> int:
        async with auth.service.host.runtime.database.engine.connect() as connection:
            query = "SELECT COUNT(*) FROM refresh_token WHERE successor IS NOT NULL"
            return int((await connection.execute(text(query))).scalar_one())

    auth.clock.advance(WINDOW)
    await auth.service.host.parts.state["auth"].sweep()
    assert await kept() == 0
    second = await refreshed(auth, await tokens_of(auth))
    assert await kept() == 1
    await refreshed(auth, second)
    assert await kept() == 1
    auth.clock.advance(WINDOW)
    await auth.service.host.parts.state["auth"].sweep()
    assert await kept() == 0
