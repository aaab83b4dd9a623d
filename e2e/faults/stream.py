"""Sends at intended times, whether or not earlier ones were acknowledged; so many of each person at most."""

import asyncio
import time
from dataclasses import dataclass, field

from e2e.faults.crowd import Crowd
from e2e.faults.member import Member

MAX_PENDING = 60
"""Sends of one person that may be under way at once: what comes then waits, or trouble would pile up without end."""
EDITED_EVERY, DELETED_EVERY, BY_REST_EVERY = 25, 40, 9


@dataclass
class Stream:
    """Sends of a crowd, `rate_per_s` together; some by REST, some edited or deleted as soon as they are there."""

    crowd: Crowd
    rate_per_s: float
    worst_s: float = 0.0
    """The longest time from a send's intended moment to its acknowledgement."""
    number: int = 0
    _rooms: dict[int, asyncio.Semaphore] = field(default_factory=dict)

    async def run(self, at_least: int, trouble_is_over: asyncio.Event) -> None:
        """Send until the trouble is over and so many are sent; returns when everything is acknowledged."""
        due = time.monotonic()
        async with asyncio.TaskGroup() as tasks:
            while self.number < at_least or not trouble_is_over.is_set():
                member = self.crowd.members[self.number % len(self.crowd.members)]
                room = self._rooms.setdefault(id(member), asyncio.Semaphore(MAX_PENDING))
                await room.acquire()
                tasks.create_task(self._send(member, room, number=self.number, due=due))
                self.number += 1
                due += 1 / self.rate_per_s
                await asyncio.sleep(max(0.0, due - time.monotonic()))
                self.crowd.failed()

    async def _send(self, member: Member, room: asyncio.Semaphore, *, number: int, due: float) -> None:
        places = list(member.places)
        # Everybody's turn comes again after as many sends as there are people: count turns, not sends.
        turn = number // len(self.crowd.members)
        place, text = places[turn % len(places)], f"{member.person.name} says {number}"
        try:
            message = await member.send(place, text, by_rest=number % BY_REST_EVERY == 0)
            self.worst_s = max(self.worst_s, time.monotonic() - due)
            if number % EDITED_EVERY == 0:
                await member.edit(message, f"{text}, in other words")
            if number % DELETED_EVERY == 0:
                await member.delete(message)
        finally:
            room.release()
