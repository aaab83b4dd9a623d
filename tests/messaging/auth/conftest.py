"""The auth service on each database, a clock to set, and what a person does at it."""

import itertools
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from messaging.auth.app import build
from messaging.auth.settings import AuthSettings

from tests.support.clock import SetClock
from tests.support.databases import DIALECTS, mysql_settings
from tests.support.mysql import MySQLServer
from tests.support.services import RunningService, database_place, running_service

KEY = "a key-encryption key of more than thirty-two characters"
PASSWORD = "correct horse battery"
Json = dict[str, Any]
CHEAP: Json = {"password_memory_kib": 64, "password_iterations": 1}

_numbers = itertools.count(1)


@dataclass
class Auth:
    """The running service, with the sentences of a test."""

    service: RunningService
    clock: SetClock
    settings: AuthSettings

    async def post(self, path: str, body: Json | None = None, **options: Any) -> httpx.Response:
        """POST to a route of auth."""
        return await self.service.public.post(f"/api/auth{path}", json=body, **options)

    async def get(self, path: str, token: str) -> httpx.Response:
        """GET from a route of auth."""
        return await self.service.public.get(f"/api/auth{path}", headers=bearer(token))

    async def delete(self, path: str, token: str) -> httpx.Response:
        """DELETE at a route of auth."""
        return await self.service.public.delete(f"/api/auth{path}", headers=bearer(token))

    async def sign_up(self, username: str | None = None) -> Json:
        """Make somebody new; return the whole answer."""
        name = username or new_name()
        answer = await self.post("/signUp", {"username": name, "email": f"{name}@example.org", "password": PASSWORD})
        assert answer.status_code == 201, answer.text
        body: Json = answer.json()
        return body

    async def log_in(self, login: str, password: str = PASSWORD, **options: Any) -> httpx.Response:
        """Try to log in."""
        return await self.post("/login", {"login": login, "password": password}, **options)

    async def refresh(self, token: str) -> httpx.Response:
        """Try to refresh."""
        return await self.post("/refresh", {"refresh_token": token})


def new_name() -> str:
    """A user name that no other test has."""
    return f"person{next(_numbers)}"


def bearer(token: str) -> dict[str, str]:
    """The header of a request with a token."""
    return {"Authorization": f"Bearer {token}"}


def problem(answer: httpx.Response) -> str:
    """The name of the problem that an answer tells of."""
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    return str(answer.json()["type"]).rpartition(":")[2]


@pytest.fixture(scope="module")
def clock() -> SetClock:
    """One clock per module; tests only ever move it forward."""
    return SetClock()


@pytest.fixture(scope="module", params=DIALECTS)
async def auth(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, clock: SetClock
) -> AsyncIterator[Auth]:
    """Auth with cheap passwords, behind one proxy."""
    place = database_place(request, "auth", tmp_path_factory)
    settings = AuthSettings(**place, **CHEAP, key_encryption_key=KEY, trusted_hops=1, password_waiting=200)
    async with running_service("auth", settings, build, clock=clock) as service:
        yield Auth(service, clock, settings)


@pytest.fixture
def auth_settings(mysql_server: MySQLServer, tmp_path: Path) -> Iterator[AuthSettings]:
    """Settings of replicas on one new MySQL database."""
    database = mysql_server.fresh_database("auth")
    yield AuthSettings(**mysql_settings(database), **CHEAP, data_dir=tmp_path, key_encryption_key=KEY)
    mysql_server.drop(database)
