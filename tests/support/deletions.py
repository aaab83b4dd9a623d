"""A deleted account as services hear of it, what they answer, and a search for what they still hold."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal
from uuid import UUID

from messaging.kernel.bus import Bus, Consumer
from messaging.kernel.database import Database
from messaging.kernel.ids import new_id
from messaging.kernel.topology import AUTH_PURGES
from messaging_wire.events import Envelope, UserDeleted, UserPurged
from messaging_wire.ids import EventId, UserId
from sqlalchemy import text

from tests.support.clock import SetClock

WITHIN_S = 20.0


def deletion_of(user_id: UUID, messages: Literal["keep", "delete"] = "delete") -> Envelope:
    """Auth's event of somebody's deletion, under an id of its own."""
    event = UserDeleted(version=2, user_id=UserId(user_id), messages=messages)
    return Envelope(
        id=EventId(new_id()),
        routing_key=event.routing_key,
        occurred_at=SetClock().now(),
        body=event.model_dump(mode="json"),
    )


@dataclass
class Deletions:
    """Stands where auth stands: tells of deletions, and hears the answers."""

    bus: Bus
    answers: dict[UUID, UserPurged] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.bus.consume(Consumer(AUTH_PURGES, self._take))

    async def _take(self, envelopes: Sequence[Envelope]) -> None:
        self.answers |= {each.id: UserPurged.model_validate(each.body) for each in envelopes}

    def of(self, user_id: UUID) -> list[UserPurged]:
        """The answers about one person, each once."""
        return [answer for answer in self.answers.values() if answer.user_id == user_id]

    async def tell(self, user_id: UUID, messages: Literal["keep", "delete"] = "delete") -> None:
        """Let a deletion be heard; it may be one that was heard before."""
        await self.bus.publish([deletion_of(user_id, messages)])

    async def answered(self, user_id: UUID, times: int = 1) -> list[UserPurged]:
        """Wait until the service has said so often that it holds nothing of somebody."""
        async with asyncio.timeout(WITHIN_S):
            while len(self.of(user_id)) < times:
                await asyncio.sleep(0.01)
        return self.of(user_id)

    async def complete(self, user_id: UUID, messages: Literal["keep", "delete"] = "delete") -> None:
        """Let a deletion be heard, and wait for the answer."""
        await self.tell(user_id, messages)
        await self.answered(user_id)


async def tables_with(database: Database, *words: str | UUID) -> set[str]:
    """The tables that hold one of the words, in any case, or of the ids; without `purge_job`, which remembers them."""
    found = set()
    async with database.engine.connect() as connection:
        for table in await connection.run_sync(lambda sync: sync.dialect.get_table_names(sync)):
            rows = (await connection.execute(text(f"SELECT * FROM {table}"))).all()
            if table != "purge_job" and any(_stands(word, value) for row in rows for value in row for word in words):
                found.add(table)
    return found


def _stands(word: str | UUID, value: object) -> bool:
    if isinstance(word, UUID):
        return isinstance(value, bytes) and word.bytes in value
    return word.casefold() in str(value).casefold()
