"""The notification service on each database, events that reach it by the bus, and people who ask it."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from messaging.kernel.bus_memory import MemoryBus
from messaging.notification.app import build
from messaging.notification.settings import NotificationSettings
from messaging_wire.events import Event

from tests.messaging.notification.story import envelope
from tests.support.databases import DIALECTS
from tests.support.services import IssuerTrust, RunningService, database_place, running_service
from tests.support.tokens import Issuer, Person

Json = dict[str, Any]


@dataclass
class Notifications:
    """The running service, with the sentences of a test."""

    service: RunningService
    bus: MemoryBus
    issuer: Issuer

    async def hears(self, *events: Event) -> None:
        """Let events arrive in one batch, each under an id of its own."""
        await self.bus.publish([envelope(event) for event in events])

    def person(self, name: str = "somebody") -> Person:
        """Somebody new, with a token."""
        return self.issuer.person(name)

    async def ask(self, person: Person, method: str, path: str = "", **options: Any) -> httpx.Response:
        """Call a route as somebody."""
        return await self.service.public.request(method, f"/api/notification{path}", headers=person.headers, **options)

    async def of(self, person: Person, *, unread: bool = False) -> list[Json]:
        """What somebody is told of."""
        answer = await self.ask(person, "GET", params={"unread": unread})
        assert answer.status_code == 200, answer.text
        items: list[Json] = answer.json()["items"]
        return items


@pytest.fixture(scope="module", params=DIALECTS)
async def notifications(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Notifications]:
    """The service on SQLite and on MySQL."""
    issuer, bus = Issuer(), MemoryBus()
    settings = NotificationSettings(**database_place(request, "notification", tmp_path_factory))
    async with running_service("notification", settings, build, source=IssuerTrust(issuer), bus=bus) as service:
        yield Notifications(service, bus, issuer)
