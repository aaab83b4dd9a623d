"""A deletion between real services: auth and two replicas of message, each on MySQL, over RabbitMQ."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
from messaging.auth import app as auth_app
from messaging.auth.settings import AuthSettings
from messaging.kernel.bus_rabbit import RabbitBus
from messaging.kernel.service import Build
from messaging.kernel.settings import ServiceSettings
from messaging.message import app as message_app
from messaging.message.settings import MessageSettings

from tests.messaging.auth.conftest import CHEAP, KEY, PASSWORD, Json, bearer
from tests.support.databases import broker_settings, mysql_settings
from tests.support.mysql import MySQLServer
from tests.support.rabbitmq import RabbitMQServer
from tests.support.serve import served
from tests.support.services import RunningService, running_service

WITHIN_S = 30.0


@dataclass
class Platform:
    """Auth, and message twice."""

    auth: RunningService
    messages: list[RunningService]

    async def person(self, name: str) -> tuple[str, dict[str, str]]:
        """Somebody's id, and the headers of their requests."""
        body = {"username": name, "email": f"{name}@example.org", "password": PASSWORD}
        made = (await self.auth.public.post("/api/auth/signUp", json=body)).json()
        return made["user"]["id"], bearer(made["tokens"]["access_token"])

    async def ask(self, replica: int, method: str, path: str, headers: dict[str, str], body: Json) -> Json:
        """A request to one replica of message that succeeds."""
        answer = await self.messages[replica].public.request(method, f"/api{path}", json=body, headers=headers)
        assert answer.is_success, answer.text
        found: Json = answer.json()
        return found

    async def part(self, receipt: str, service: str) -> str:
        """How far one service is."""
        answer = await self.auth.public.post("/api/auth/account/deletion", json={"receipt": receipt})
        (state,) = [part["state"] for part in answer.json()["services"] if part["service"] == service]
        return str(state)


async def _run(stack: AsyncExitStack, name: str, settings: ServiceSettings, build: Build) -> RunningService:
    bus = RabbitBus(settings, name)
    return await stack.enter_async_context(running_service(name, settings, build, bus=bus))


@pytest.fixture
async def platform(
    mysql_server: MySQLServer, rabbitmq_server: RabbitMQServer, tmp_path: Path
) -> AsyncIterator[Platform]:
    broker = broker_settings(rabbitmq_server.fresh_broker("auth"))
    databases = {name: mysql_settings(mysql_server.fresh_database(name)) for name in ("auth", "message")}
    async with AsyncExitStack() as stack:
        auth_settings = AuthSettings(
            **databases["auth"], **broker, **CHEAP, data_dir=tmp_path, key_encryption_key=KEY, purge_delay_s=0.1
        )
        auth = await _run(stack, "auth", auth_settings, auth_app.build)
        url = await stack.enter_async_context(served(auth.host.admin))
        settings = MessageSettings(
            **databases["message"], **broker, data_dir=tmp_path, auth_internal_url=url, purge_delay_s=0.1
        )
        replicas = [await _run(stack, "message", settings, message_app.build) for _ in range(2)]
        yield Platform(auth, replicas)


async def test_message_hears_of_it_removes_and_answers_and_auth_keeps_the_answer(platform: Platform) -> None:
    (_, ada), (_, ben) = await platform.person("ada"), await platform.person("ben")
    group = await platform.ask(0, "POST", "/conversation", ada, {"title": "Engines"})
    await platform.ask(1, "POST", "/conversation/join", ben, {"join_code": group["join_code"]})
    for number in range(5):
        body = {"conversation_id": group["id"], "client_message_id": str(uuid4()), "content": f"word {number}"}
        await platform.ask(number % 2, "POST", "/message", ada, body)

    body = {"password": PASSWORD, "messages": "delete"}
    receipt = (await platform.auth.public.post("/api/auth/account/delete", json=body, headers=ada)).json()["receipt"]

    async with asyncio.timeout(1):
        while not all([await _refuses(replica, ada) for replica in platform.messages]):
            await asyncio.sleep(0.02)
    async with asyncio.timeout(WITHIN_S):
        for service in ("message", "auth"):
            while await platform.part(receipt, service) != "done":
                await asyncio.sleep(0.05)
    page = await platform.ask(1, "GET", f"/conversation/{group['id']}/messages", ben, {})
    assert {message["content"] for message in page["items"] if message["kind"] == "text"} == {""}
    assert await platform.part(receipt, "user") == "pending", "nobody runs it here"


async def _refuses(replica: RunningService, headers: dict[str, str]) -> bool:
    answer: httpx.Response = await replica.public.get("/api/conversation", headers=headers)
    return answer.status_code == 401
