"""People who go on chatting through trouble, in one conversation or several, and what is seen of them at the end."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Self

from e2e.checker import Findings, Json, Observation, check, together
from e2e.faults.ledger import Ledger
from e2e.faults.member import Member, Place
from e2e.scenarios.stage import Stage
from e2e.scenarios.waiting import eventually


@dataclass
class Crowd:
    """Members of conversations, and their loops: an async context manager that ends them and closes their sockets."""

    conversations: Sequence[str]
    members: Sequence[Member]
    ledger: Ledger
    _following: list["asyncio.Task[None]"] = field(default_factory=list)

    @classmethod
    async def gather(cls, stage: Stage, size: int, *, conversations: int = 1) -> "Crowd":
        """Sign `size` people up and connect them; of several conversations everybody is in two that follow another."""
        people = [await stage.person(f"crowd{number}") for number in range(size)]
        ledger, groups = Ledger(), list[str]()
        places: list[dict[str, Place]] = [{} for _ in people]
        for group in range(conversations):
            inside = [number for number in range(size) if (number + group) % conversations < 2]
            made = await stage.group(*(people[number] for number in inside))
            groups.append(made["id"])
            for number in inside:
                places[number][made["id"]] = Place()
        crowd = cls(groups, [Member(*both) for both in zip(people, [ledger] * size, places, strict=True)], ledger)
        crowd._following = [asyncio.create_task(member.follow()) for member in crowd.members]
        await eventually(crowd._all_connected, bool, what="connections of all", within=stage.within)
        return crowd

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_error: object) -> None:
        for task in self._following:
            task.cancel()
        await asyncio.gather(*self._following, return_exceptions=True)
        for member in self.members:
            await member.leave()

    def acknowledged(self) -> list[tuple[float, Json]]:
        """All sends that were acknowledged, in the order of their times."""
        return self.ledger.sent

    def dropped_between(self, begin: float, end: float) -> int:
        """How many connections ended between two moments of the monotonic clock."""
        return sum(begin <= moment <= end for member in self.members for moment in member.dropped_at)

    def failed(self) -> None:
        """Raise what has ended a member's loop, if anything has."""
        for task in self._following:
            if task.done():
                task.result()

    async def caught_up(self, within: timedelta) -> list[Observation]:
        """Let everybody catch up, and return what was seen of each conversation."""
        for member in self.members:
            await eventually(member.sync, bool, what=f"{member.person.name} is in sync", within=within)
        async with asyncio.timeout(within.total_seconds()):
            return [await self._observe(conversation_id) for conversation_id in self.conversations]

    def of(self, conversation_id: str) -> list[Member]:
        """The members of one conversation."""
        return [member for member in self.members if conversation_id in member.places]

    async def _all_connected(self) -> bool:
        self.failed()
        return all(member.is_connected for member in self.members)

    async def _observe(self, conversation_id: str) -> Observation:
        members = self.of(conversation_id)
        stored = [self.ledger.record(message) for message in await history(members[0], conversation_id)]
        ids = {message["id"] for message in stored}
        return Observation(
            conversation_id=conversation_id,
            attempted=frozenset(self.ledger.attempted[conversation_id]),
            acknowledged=self.ledger.acknowledged(conversation_id),
            deleted=frozenset(self.ledger.deleted & ids),
            stored=stored,
            arrivals={
                member.person.name: [one.arrivals[conversation_id] for one in member.connections] for member in members
            },
            updates={
                member.person.name: [one.updates[conversation_id] for one in member.connections] for member in members
            },
            had={member.person.name: member.places[conversation_id].had for member in members},
        )


def judge(observations: Sequence[Observation]) -> Findings:
    """What is wrong in any of the conversations."""
    return together(check(one) for one in observations)


async def history(member: Member, conversation_id: str) -> list[Json]:
    """The whole history, page by page."""
    messages: list[Json] = []
    while True:
        after_seq = messages[-1]["seq"] if messages else 0
        page = await member.read(f"/conversation/{conversation_id}/messages?after_seq={after_seq}&limit=200")
        messages += page["items"]
        if not page["more"]:
            return messages
