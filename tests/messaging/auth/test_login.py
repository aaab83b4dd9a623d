"""Logging in: the same answer for whatever is wrong, and limits that hold over all replicas."""

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from messaging.auth.app import build
from messaging.auth.passwords import Passwords
from messaging.auth.settings import AuthSettings
from messaging.kernel.errors import ProblemError

from tests.messaging.auth.conftest import CHEAP, PASSWORD, Auth, new_name, problem
from tests.support.clock import SetClock
from tests.support.services import RunningService, running_service


async def test_a_person_logs_in_by_user_name_in_any_case(auth: Auth) -> None:
    name = new_name()
    made = await auth.sign_up(name)
    answer = await auth.log_in(name.upper())
    assert answer.status_code == 200
    assert answer.json()["user"] == made["user"]


async def test_wrong_passwords_and_unknown_names_get_the_same_answer(auth: Auth) -> None:
    name = new_name()
    await auth.sign_up(name)
    answers = [await auth.log_in(name, "wrong password"), await auth.log_in(new_name(), "wrong password")]
    assert [(answer.status_code, problem(answer)) for answer in answers] == [(401, "invalid-credentials")] * 2
    assert answers[0].json() == answers[1].json()
    assert "www-authenticate" not in answers[0].headers


async def test_an_unverified_address_is_no_login_name(auth: Auth) -> None:
    name = new_name()
    await auth.sign_up(name)
    answer = await auth.log_in(f"{name}@example.org")
    assert (answer.status_code, problem(answer)) == (401, "invalid-credentials")


async def test_a_password_counts_in_its_composed_form(auth: Auth) -> None:
    name = new_name()
    body = {"username": name, "email": f"{name}@example.org", "password": "cafe\u0301 au lait"}
    assert (await auth.post("/signUp", body)).status_code == 201
    assert (await auth.log_in(name, "caf\u00e9 au lait")).status_code == 200


async def test_too_many_failures_of_one_name_from_one_address_have_to_wait(auth: Auth) -> None:
    name = new_name()
    await auth.sign_up(name)
    here, there = {"X-Forwarded-For": "203.0.113.1"}, {"X-Forwarded-For": "203.0.113.2"}
    for _ in range(auth.settings.login_limit_per_pair):
        assert (await auth.log_in(name, "wrong password", headers=here)).status_code == 401
    answer = await auth.log_in(name, headers=here)
    assert (answer.status_code, problem(answer)) == (429, "too-many-requests")
    assert 0 < int(answer.headers["Retry-After"]) <= auth.settings.login_window.total_seconds()
    assert (await auth.log_in(name, headers=there)).status_code == 200
    auth.clock.advance(auth.settings.login_window)
    assert (await auth.log_in(name, headers=here)).status_code == 200


async def test_a_success_forgets_the_failures_before_it(auth: Auth) -> None:
    name = new_name()
    await auth.sign_up(name)
    here = {"X-Forwarded-For": "203.0.113.9"}
    for _ in range(2):
        for _ in range(auth.settings.login_limit_per_pair - 1):
            assert (await auth.log_in(name, "wrong password", headers=here)).status_code == 401
        assert (await auth.log_in(name, headers=here)).status_code == 200


async def test_guesses_at_the_same_moment_do_not_pass_the_limit(auth: Auth) -> None:
    name = new_name()
    await auth.sign_up(name)
    limit = auth.settings.login_limit_per_pair
    here = {"X-Forwarded-For": "203.0.113.20"}
    answers = await asyncio.gather(*(auth.log_in(name, "wrong password", headers=here) for _ in range(limit + 10)))
    assert sorted(answer.status_code for answer in answers) == [401] * limit + [429] * 10


async def test_what_a_client_writes_itself_into_forwarded_for_counts_for_nothing(auth: Auth) -> None:
    name = new_name()
    await auth.sign_up(name)
    for number in range(auth.settings.login_limit_per_pair):
        forged = {"X-Forwarded-For": f"198.51.100.{number}, 203.0.113.30"}
        assert (await auth.log_in(name, "wrong password", headers=forged)).status_code == 401
    answer = await auth.log_in(name, headers={"X-Forwarded-For": "198.51.100.99, 203.0.113.30"})
    assert answer.status_code == 429


async def test_an_ipv6_client_is_its_whole_network(auth: Auth) -> None:
    name = new_name()
    await auth.sign_up(name)
    for number in range(auth.settings.login_limit_per_pair):
        wandering = {"X-Forwarded-For": f"2001:db8:0:1::{number:x}"}
        assert (await auth.log_in(name, "wrong password", headers=wandering)).status_code == 401
    assert (await auth.log_in(name, headers={"X-Forwarded-For": "2001:db8:0:1:ffff::1"})).status_code == 429
    assert (await auth.log_in(name, headers={"X-Forwarded-For": "2001:db8:0:2::1"})).status_code == 200


async def test_many_log_in_at_once_from_one_address_and_nobody_is_turned_away(auth: Auth) -> None:
    here = {"X-Forwarded-For": "203.0.113.50"}
    names = [new_name() for _ in range(12)]
    for name in names:
        await auth.sign_up(name)
    answers = await asyncio.gather(*(auth.log_in(name, headers=here) for name in names * 4))
    assert [answer.status_code for answer in answers] == [200] * len(answers)


@pytest.fixture
async def narrow(tmp_path: Path) -> AsyncIterator[RunningService]:
    settings = AuthSettings(data_dir=tmp_path, **CHEAP, login_limit_per_address=3, login_limit_per_login=3)
    async with running_service("auth", settings, build, clock=SetClock()) as service:
        yield service


async def test_one_address_cannot_try_many_names(narrow: RunningService) -> None:
    statuses = [
        (
            await narrow.public.post("/api/auth/login", json={"login": f"person{number}", "password": "guess"})
        ).status_code
        for number in range(5)
    ]
    assert statuses == [401, 401, 401, 429, 429]


async def test_a_hash_of_former_parameters_is_renewed_at_login(tmp_path: Path) -> None:
    body = {"username": "ada", "email": "a@example.org", "password": PASSWORD}
    async with running_service("auth", AuthSettings(data_dir=tmp_path, **CHEAP), build) as service:
        assert (await service.public.post("/api/auth/signUp", json=body)).status_code == 201
    dearer = AuthSettings(data_dir=tmp_path, password_memory_kib=128, password_iterations=1)
    async with running_service("auth", dearer, build) as service:
        for _ in range(2):
            answer = await service.public.post("/api/auth/login", json={"login": "ada", "password": PASSWORD})
            assert answer.status_code == 200
        async with service.host.runtime.database.engine.connect() as connection:
            stored = (await connection.exec_driver_sql("SELECT password_hash FROM account")).scalar_one()
    assert "$m=128,t=1,p=1$" in stored


async def test_who_finds_no_room_to_wait_is_told_so_and_what_is_waiting_is_done() -> None:
    passwords = Passwords(AuthSettings(**CHEAP, password_threads=1, password_waiting=2))
    results = await asyncio.gather(*(passwords.hash(PASSWORD) for _ in range(5)), return_exceptions=True)
    refused = [result for result in results if isinstance(result, ProblemError)]
    assert [error.problem.status for error in refused] == [503, 503]
    assert await passwords.verify(await passwords.hash(PASSWORD), PASSWORD)


async def test_an_unknown_name_takes_as_long_as_a_wrong_password() -> None:
    passwords = Passwords(AuthSettings(password_memory_kib=4096, password_iterations=2))
    stored = await passwords.hash(PASSWORD)

    async def work_s(of: str | None) -> float:
        begun = time.process_time()
        assert not await passwords.verify(of, "wrong password")
        return time.process_time() - begun

    pairs = [(await work_s(stored), await work_s(None)) for _ in range(30)]
    known_s, unknown_s = min(pair[0] for pair in pairs), min(pair[1] for pair in pairs)
    assert known_s / 2 < unknown_s < known_s * 2


async def test_nobody_logs_in_with_the_stand_in_for_unknown_names() -> None:
    passwords = Passwords(AuthSettings(**CHEAP))
    assert not await passwords.verify(None, "")
