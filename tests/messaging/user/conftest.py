"""The user service on each database, and people whose tokens an issuer of the tests' own signs."""

import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from messaging.kernel.bus import Bus, Consumer
from messaging.kernel.bus_memory import MemoryBus
from messaging.kernel.ids import new_id
from messaging.kernel.topology import MESSAGE_PEOPLE
from messaging.user.app import build
from messaging.user.settings import UserSettings
from messaging_wire.events import Envelope, UserCreated
from messaging_wire.ids import EventId

from tests.support.databases import DIALECTS
from tests.support.services import IssuerTrust, RunningService, database_place, running_service
from tests.support.tokens import Issuer, Person

CREATED_AT = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)
_numbers = itertools.count(1)


@dataclass
class Users:
    """The running service, with the sentences of a test; `told` is what message and others hear of people."""

    service: RunningService
    trust: IssuerTrust
    told: list[Envelope] = field(default_factory=list)

    def somebody(self) -> Person:
        """A person with a token, of whom the service has not heard yet."""
        return self.trust.issuer.person(f"Person{next(_numbers)}")

    async def account(self, person: Person, *, version: int = 1, **changed: Any) -> Envelope:
        """Deliver auth's event of a person's account and return it."""
        event = UserCreated(
            version=version,
            user_id=person.id,
            username=changed.get("username", person.username),
            email=changed.get("email", f"{person.username.lower()}@example.org"),
            created_at=CREATED_AT,
        )
        envelope = Envelope(
            id=EventId(new_id()),
            routing_key=event.routing_key,
            occurred_at=CREATED_AT,
            body=event.model_dump(mode="json") | {"field_of_a_later_release": True},
        )
        await self.deliver([envelope])
        return envelope

    async def deliver(self, envelopes: list[Envelope]) -> None:
        """Hand events over as the broker does, then let the outbox tell others."""
        await self.service.host.runtime.bus.publish(envelopes)
        await self.service.host.runtime.outbox.relay_batch()

    async def known(self) -> Person:
        """A person with a profile."""
        person = self.somebody()
        await self.account(person)
        return person

    async def get(self, path: str, person: Person) -> httpx.Response:
        """GET from a route of user."""
        return await self.ask("GET", path, person)

    async def put(self, path: str, person: Person, body: object = None) -> httpx.Response:
        """PUT to a route of user, then let the outbox tell others."""
        return await self.ask("PUT", path, person, body)

    async def post(self, path: str, person: Person, body: object) -> httpx.Response:
        """POST to a route of user, then let the outbox tell others."""
        return await self.ask("POST", path, person, body)

    async def delete(self, path: str, person: Person) -> httpx.Response:
        """DELETE at a route of user, then let the outbox tell others."""
        return await self.ask("DELETE", path, person)

    async def ask(self, method: str, path: str, person: Person, body: object = None) -> httpx.Response:
        """Any request; what it changes is told before the answer is given."""
        answer = await self.service.public.request(method, f"/api/user{path}", json=body, headers=person.headers)
        if method != "GET":
            await self.service.host.runtime.outbox.relay_batch()
        return answer

    def told_of(self, person: Person) -> list[dict[str, object]]:
        """Distinct events of a person's profile, in the order of their versions."""
        return self._told("profile.updated", user_id=person.id)

    def told_between(self, person: Person, other: Person) -> list[dict[str, object]]:
        """Distinct events of what one person has said of another, in the order of their versions."""
        return self._told("relation.changed", user_id=person.id, other_id=other.id)

    def _told(self, routing_key: str, **ids: object) -> list[dict[str, object]]:
        bodies = {
            envelope.id: envelope.body
            for envelope in self.told
            if envelope.routing_key == routing_key
            and all(envelope.body[name] == str(value) for name, value in ids.items())
        }
        return sorted(bodies.values(), key=lambda body: int(str(body["version"])))


@asynccontextmanager
async def open_users(
    place: dict[str, Any], *, bus: Bus | None = None, issuer: Issuer | None = None, **settings: Any
) -> AsyncIterator[Users]:
    """Run the service on that database, with somebody who listens as the message service does."""
    told: list[Envelope] = []

    async def listen(envelopes: object) -> None:
        assert isinstance(envelopes, list)
        told.extend(envelopes)

    trust = IssuerTrust(issuer or Issuer())
    if bus is None:
        bus = MemoryBus()
        bus.consume(Consumer(MESSAGE_PEOPLE, listen))
    chosen = UserSettings(**place, own_profile_wait="PT2S", **settings)
    async with running_service("user", chosen, build, source=trust, bus=bus) as service:
        yield Users(service, trust, told)


@pytest.fixture(scope="module", params=DIALECTS)
async def users(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Users]:
    """The user service on each database."""
    async with open_users(database_place(request, "user", tmp_path_factory)) as opened:
        yield opened
