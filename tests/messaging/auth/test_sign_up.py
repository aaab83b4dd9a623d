"""Signing up: who may, under which names, and what follows."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from messaging.auth.app import build
from messaging.auth.settings import AuthSettings
from messaging.kernel.bus import Consumer
from messaging.kernel.bus_memory import MemoryBus
from messaging.kernel.topology import USER_ACCOUNTS
from messaging_wire.events import Envelope

from tests.messaging.auth.conftest import CHEAP, PASSWORD, Auth, new_name, problem
from tests.support.services import RunningService, running_service


async def test_a_new_person_is_signed_in_at_once(auth: Auth) -> None:
    name = new_name()
    answer = await auth.post("/signUp", {"username": name, "email": f"{name}@example.org", "password": PASSWORD})
    assert answer.status_code == 201
    body = answer.json()
    assert body["user"] | {"id": ""} == {
        "id": "",
        "username": name,
        "email": f"{name}@example.org",
        "email_verified": False,
    }
    assert body["tokens"]["token_type"] == "Bearer"
    assert body["tokens"]["expires_in"] == 600
    assert (await auth.get("/sessions", body["tokens"]["access_token"])).status_code == 200


async def test_a_user_name_is_taken_in_any_case(auth: Auth) -> None:
    name = new_name()
    await auth.sign_up(name)
    answer = await auth.post("/signUp", {"username": name.upper(), "email": "b@example.org", "password": PASSWORD})
    assert (answer.status_code, problem(answer)) == (409, "username-taken")


async def test_of_many_who_want_one_name_at_once_one_gets_it(auth: Auth) -> None:
    name = new_name()
    answers = await asyncio.gather(
        *(
            auth.post("/signUp", {"username": name, "email": f"{number}@example.org", "password": PASSWORD})
            for number in range(8)
        )
    )
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 7


async def test_an_unverified_address_blocks_nobody(auth: Auth) -> None:
    for _ in range(2):
        body = {"username": new_name(), "email": "shared@example.org", "password": PASSWORD}
        assert (await auth.post("/signUp", body)).status_code == 201


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"username": "ab"}, "username"),
        ({"username": "-abc"}, "username"),
        ({"username": "a" * 51}, "username"),
        ({"username": "naïve"}, "username"),
        ({"email": "no address"}, "email"),
        ({"password": "short"}, "password"),
        ({"password": "x" * 129}, "password"),
        ({"admin": True}, "admin"),
    ],
)
async def test_a_malformed_field_is_named_and_not_echoed(auth: Auth, changed: dict[str, object], field: str) -> None:
    body = {"username": new_name(), "email": "a@example.org", "password": PASSWORD} | changed
    answer = await auth.post("/signUp", body)
    assert (answer.status_code, problem(answer)) == (422, "invalid-fields")
    assert [error["field"] for error in answer.json()["errors"]] == [field]
    assert PASSWORD not in answer.text


async def test_the_configuration_is_open_and_its_epoch_stays(auth: Auth) -> None:
    first, second = [(await auth.service.public.get("/api/auth/config")).json() for _ in range(2)]
    assert first == second
    assert first["sign_up"] == "open"
    assert first["email_verification"] is False
    assert first["epoch"]


async def test_routes_that_are_not_built_yet_do_not_pretend(auth: Auth) -> None:
    for path in ("/password", "/totp", "/invitations", "/oidc/token"):
        assert (await auth.post(path, {})).status_code == 404


@pytest.fixture(params=["closed", "invite"])
async def shut(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[RunningService]:
    settings = AuthSettings(data_dir=tmp_path, sign_up=request.param, **CHEAP)
    async with running_service("auth", settings, build) as service:
        yield service


async def test_where_sign_up_is_not_open_nobody_makes_an_account(shut: RunningService) -> None:
    body = {"username": "ada", "email": "a@example.org", "password": PASSWORD, "invitation": "guess"}
    answer = await shut.public.post("/api/auth/signUp", json=body)
    assert (answer.status_code, problem(answer)) == (403, "sign-up-closed")


async def test_other_services_learn_of_an_account_by_an_event(tmp_path: Path) -> None:
    taken: list[Envelope] = []
    arrived = asyncio.Event()

    async def take(envelopes: object) -> None:
        assert isinstance(envelopes, list)
        taken.extend(envelopes)
        arrived.set()

    bus = MemoryBus()
    bus.consume(Consumer(USER_ACCOUNTS, take))
    settings = AuthSettings(data_dir=tmp_path, **CHEAP)
    async with running_service("auth", settings, build, bus=bus) as service:
        body = {"username": "Ada", "email": "ada@example.org", "password": PASSWORD}
        made = (await service.public.post("/api/auth/signUp", json=body)).json()["user"]
        async with asyncio.timeout(5):
            await arrived.wait()
    (envelope,) = taken
    assert envelope.routing_key == "user.created"
    assert envelope.body["user_id"] == made["id"]
    assert (envelope.body["username"], envelope.body["email"], envelope.body["version"]) == ("Ada", body["email"], 1)
    assert PASSWORD not in str(envelope)
