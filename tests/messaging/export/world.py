"""Auth and message as they are, people with accounts and conversations, and export services to try out on them."""

import asyncio
import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import httpx
from messaging.export.app import build
from messaging.export.settings import ExportSettings
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tests.support.services import RunningService, running_service

Json = dict[str, Any]
LINK_KEY = "a link key of more than thirty-two characters"
PASSWORD = "correct horse battery"
WITHIN_S = 20
_names = itertools.count(1)


class Gate:
    """Stands before message's internal routes; while it is closed, streams stand still after their first piece."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._open = asyncio.Event()
        self._open.set()
        self._broken = False
        self.waiting = asyncio.Event()

    def close(self) -> None:
        """Let no stream go on."""
        self._open.clear()
        self.waiting.clear()

    def open(self, *, broken: bool = False) -> None:
        """Let streams go on; with `broken` those that wait are torn instead."""
        self._broken = broken
        self._open.set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one request on."""
        pieces, looks_only = 0, b"head=true" in scope.get("query_string", b"")

        async def send_gated(message: Message) -> None:
            nonlocal pieces
            if message["type"] == "http.response.body":
                pieces += 1
                if pieces > 1 and not looks_only and not self._open.is_set():
                    self.waiting.set()
                    await self._open.wait()
                    if self._broken:
                        raise ConnectionResetError
            await send(message)

        try:
            await self._app(scope, receive, send_gated)
        except ConnectionResetError:
            if not self._broken:
                raise
            await asyncio.sleep(0)
            raise asyncio.CancelledError from None


@dataclass
class Person:
    """Somebody with an account."""

    name: str
    token: str

    @property
    def headers(self) -> dict[str, str]:
        """What a request of theirs carries."""
        return {"Authorization": f"Bearer {self.token}"}


@dataclass
class World:
    """What surrounds the export service, and the settings of a database for it."""

    auth: RunningService
    message: RunningService
    gate: Gate
    place: Json = field(repr=False)

    async def person(self) -> Person:
        """Somebody new."""
        name = f"person{next(_names)}"
        body = {"username": name, "email": f"{name}@example.org", "password": PASSWORD}
        answer = await self.auth.public.post("/api/auth/signUp", json=body)
        assert answer.status_code == 201, answer.text
        return Person(name, answer.json()["tokens"]["access_token"])

    async def signed_in_again(self, person: Person) -> Person:
        """The same person in a new session."""
        body = {"login": person.name, "password": PASSWORD}
        answer = await self.auth.public.post("/api/auth/login", json=body)
        assert answer.status_code == 200, answer.text
        return Person(person.name, answer.json()["tokens"]["access_token"])

    async def conversation(self, person: Person, *texts: str) -> str:
        """A group of one's own with some messages in it; its id."""
        made = await self.message.public.post("/api/conversation", json={"title": "Plans"}, headers=person.headers)
        assert made.status_code == 201, made.text
        conversation_id: str = made.json()["id"]
        for text in texts:
            body = {"conversation_id": conversation_id, "client_message_id": str(uuid4()), "content": text}
            sent = await self.message.public.post("/api/message", json=body, headers=person.headers)
            assert sent.status_code == 201, sent.text
        return conversation_id

    @asynccontextmanager
    async def exporting(self, **changed: Any) -> AsyncIterator["Exports"]:
        """An export service, a replica among others of the same database."""
        settings = ExportSettings(**{**self.place, "link_key": LINK_KEY, **changed})
        async with running_service("export", settings, build) as service:
            yield Exports(service)


@dataclass
class Exports:
    """A running export service, with the sentences of a test."""

    service: RunningService

    async def ask(self, person: Person, method: str, path: str = "", **options: Any) -> httpx.Response:
        """Call a route as somebody."""
        return await self.service.public.request(method, f"/api/dataexport{path}", headers=person.headers, **options)

    async def create(
        self, person: Person, conversation_id: str, *, option: str = "json", **more: Any
    ) -> httpx.Response:
        """Ask for an export."""
        body = {"conversation_id": conversation_id, **more}
        return await self.ask(person, "POST", "/export-data", params={"option": option}, json=body)

    async def begun(self, person: Person, conversation_id: str) -> str:
        """An export that was taken in; its id."""
        answer = await self.create(person, conversation_id)
        assert answer.status_code == 202, answer.text
        export_id: str = answer.json()["id"]
        return export_id

    async def one(self, person: Person, export_id: str) -> Json:
        """An export as it is now."""
        answer = await self.ask(person, "GET", f"/{export_id}")
        assert answer.status_code == 200, answer.text
        export: Json = answer.json()
        return export

    async def ended(self, person: Person, export_id: str) -> Json:
        """An export once it has ended."""
        async with asyncio.timeout(WITHIN_S):
            while (export := await self.one(person, export_id))["state"] in ("queued", "running"):
                await asyncio.sleep(0.02)
        return export

    async def ready(self, person: Person, conversation_id: str) -> str:
        """An export that is ready; its id."""
        export_id = await self.begun(person, conversation_id)
        export = await self.ended(person, export_id)
        assert export["state"] == "ready", export
        return export_id

    async def link(self, person: Person, export_id: str) -> str:
        """The path of a new link, as the service has it."""
        answer = await self.ask(person, "POST", f"/{export_id}/link")
        assert answer.status_code == 200, answer.text
        return "/api" + str(urlsplit(answer.json()["url"]).path)

    async def document(self, person: Person, export_id: str) -> Json:
        """What a ready export holds."""
        answer = await self.service.public.get(await self.link(person, export_id), headers=person.headers)
        assert answer.status_code == 200, answer.text
        document: Json = answer.json()
        return document


def problem(answer: httpx.Response) -> tuple[int, str]:
    """The status and the name of the problem that an answer tells of."""
    assert answer.headers["content-type"] == "application/problem+json", answer.text[:500]
    return answer.status_code, str(answer.json()["type"]).rpartition(":")[2]
