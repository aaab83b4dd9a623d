"""What must never leave or be written down: passwords and tokens, in logs, in answers, in metrics."""

import io
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
from messaging.auth.app import build
from messaging.auth.settings import AuthSettings
from messaging.kernel.logs import configure_logs

from tests.messaging.auth.conftest import CHEAP, Auth, bearer, new_name
from tests.support.services import running_service

PASSWORD = "a-password-to-look-for"
JSON = {"Content-Type": "application/json"}


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    """What is logged with the settings of production, at their most talkative."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    configure_logs(level="debug", form="json")
    (handler,) = root.handlers
    assert isinstance(handler, logging.StreamHandler)
    stream = io.StringIO()
    handler.setStream(stream)
    yield stream
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


async def test_no_password_and_no_token_is_ever_logged_or_counted(tmp_path: Path, written: io.StringIO) -> None:
    secrets = [PASSWORD]
    async with running_service("auth", AuthSettings(data_dir=tmp_path, **CHEAP), build) as service:
        post = service.public.post
        body = {"username": "ada", "email": "ada@example.org", "password": PASSWORD}
        made = (await post("/api/auth/signUp", json=body)).json()["tokens"]
        following = (await post("/api/auth/refresh", json={"refresh_token": made["refresh_token"]})).json()["tokens"]
        third = (await post("/api/auth/refresh", json={"refresh_token": following["refresh_token"]})).json()["tokens"]
        for tokens in (made, following, third):
            secrets += [tokens["access_token"], tokens["refresh_token"]]
        answers = [
            await post("/api/auth/signUp", json=body),
            await post("/api/auth/signUp", json=body | {"username": PASSWORD + "!"}),
            await post("/api/auth/login", json={"login": PASSWORD, "password": PASSWORD}),
            await post("/api/auth/login", json={"login": "ada", "password": PASSWORD, "extra": PASSWORD}),
            await post("/api/auth/login", content=f'{{"password": "{PASSWORD}"', headers=JSON),
            await post("/api/auth/login", content=f'{{"password": "{PASSWORD}"'),
            await post("/api/auth/refresh", json={"refresh_token": made["refresh_token"]}),
            await post("/api/auth/logout", headers=bearer(third["access_token"] + "x")),
        ]
        metrics = (await service.admin.get("/metrics")).text
    assert [answer.status_code for answer in answers] == [409, 422, 401, 422, 400, 415, 401, 401]
    logged = written.getvalue()
    assert '"route":"/api/auth/login"' in logged
    for secret in secrets:
        assert secret not in logged
        assert secret not in metrics
        assert all(secret not in answer.text for answer in answers)


async def test_answers_with_tokens_are_kept_out_of_caches(auth: Auth) -> None:
    name = new_name()
    body = {"username": name, "email": f"{name}@example.org", "password": PASSWORD}
    made = await auth.post("/signUp", body)
    following = await auth.refresh(made.json()["tokens"]["refresh_token"])
    for answer in (made, following, await auth.log_in(name, PASSWORD)):
        assert answer.is_success
        assert answer.headers["Cache-Control"] == "no-store"
