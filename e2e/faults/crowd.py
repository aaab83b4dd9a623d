"""People who go on chatting through trouble as good clients do: repeat what is not acknowledged, catch up by seq."""

import asyncio
import time
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from itertools import count
from uuid import uuid4

import httpx

from e2e.checker import Observation
from e2e.scenarios.checks import Json, ScenarioError
from e2e.scenarios.live import Live, NotAcknowledgedError
from e2e.scenarios.person import Person, message_body
from e2e.scenarios.stage import Stage
from e2e.scenarios.waiting import eventually

PAUSE_S = 0.2
"""Between two tries. Trouble is expected here, so there is no reason to be shy."""

WORTH_REPEATING = frozenset({429, 502, 503, 504})
"""Statuses after which the same send is tried again."""


@dataclass
class Member:
    """One person with a socket that is opened again whenever it ends; keeps all that it ever received."""

    person: Person
    conversation_id: str
    connections: list[Live] = field(default_factory=list)
    had: dict[str, Json] = field(default_factory=dict)
    acknowledged: list[tuple[float, Json]] = field(default_factory=list)
    """Messages with the monotonic time of their acknowledgement."""
    attempted: list[str] = field(default_factory=list)

    async def follow(self) -> None:
        """Stay connected until cancelled; after every connect fetch what was missed."""
        while True:
            try:
                socket = await self.person.connect()
            except (ScenarioError, httpx.TransportError):
                await asyncio.sleep(PAUSE_S)
                continue
            self.connections.append(socket)
            caught_up = False
            while socket.is_open and not caught_up:
                caught_up = await self._try_to_catch_up()
            await socket.ended.wait()

    def collect(self) -> None:
        """Take what the sockets brought."""
        for socket in self.connections:
            for message in socket.messages(self.conversation_id):
                self.had.setdefault(message["id"], message)

    async def send(self, content: str) -> Json:
        """Send until it is acknowledged, always with the same client_message_id."""
        self.attempted.append(content)
        body = message_body(self.conversation_id, content, str(uuid4()))
        while True:
            message = await self._try(body)
            if message is not None:
                self.acknowledged.append((time.monotonic(), message))
                return message
            await asyncio.sleep(PAUSE_S)

    async def _try_to_catch_up(self) -> bool:
        try:
            missed = await history(self.person, self.conversation_id, after_seq=self._contiguous())
        except (ScenarioError, httpx.TransportError):
            await asyncio.sleep(PAUSE_S)
            return False
        self.had.update({message["id"]: message for message in missed})
        return True

    async def _try(self, body: Json) -> Json | None:
        """By the socket where one is open, else by REST; None where no acknowledgement came."""
        socket = self.connections[-1] if self.connections else None
        try:
            if socket is not None and socket.is_open:
                answer = await socket.call("send_message", body)
                return _stored(answer.get("message"), answer.get("problem"))
            response = await self.person.request("POST", "/message", json=body)
            told = response.json()
        except (NotAcknowledgedError, httpx.TransportError, ValueError):
            return None
        return _stored(told, None) if response.is_success else _stored(None, told)

    def _contiguous(self) -> int:
        """The last seq before the first gap in what this member has."""
        self.collect()
        seqs = {message["seq"] for message in self.had.values()}
        return next(seq for seq in count(0) if seq + 1 not in seqs)


@dataclass
class Crowd:
    """Members of one conversation, and their loops."""

    conversation_id: str
    members: list[Member]
    _following: list["asyncio.Task[None]"] = field(default_factory=list)

    @classmethod
    async def gather(cls, stage: Stage, size: int) -> "Crowd":
        """Sign `size` people up, put them into one group and connect them."""
        people = [await stage.person(f"crowd{number}") for number in range(size)]
        conversation = await stage.group(people[0], *people[1:])
        crowd = cls(conversation["id"], [Member(person, conversation["id"]) for person in people])
        crowd._following = [asyncio.create_task(member.follow()) for member in crowd.members]
        for member in crowd.members:
            await eventually(partial(_connected, member), bool, what="a connection", within=stage.within)
        return crowd

    def acknowledged(self) -> list[tuple[float, Json]]:
        """All acknowledgements, in the order of their times."""
        return sorted((item for member in self.members for item in member.acknowledged), key=lambda item: item[0])

    async def disperse(self, within: timedelta) -> Observation:
        """Let everybody catch up, end all loops, and return what was seen."""
        reader = self.members[0].person
        stored = await history(reader, self.conversation_id, after_seq=0)
        for member in self.members:
            await eventually(
                partial(_caught_up, member, len(stored)),
                bool,
                what=f"{member.person.name} has all {len(stored)} messages",
                within=within,
            )
        for task in self._following:
            task.cancel()
        await asyncio.gather(*self._following, return_exceptions=True)
        return self._observation(stored)

    def _observation(self, stored: list[Json]) -> Observation:
        return Observation(
            conversation_id=self.conversation_id,
            attempted=frozenset(content for member in self.members for content in member.attempted),
            acknowledged=[message for _, message in self.acknowledged()],
            stored=stored,
            arrivals={
                member.person.name: [socket.messages(self.conversation_id) for socket in member.connections]
                for member in self.members
            },
            had={member.person.name: member.had for member in self.members},
        )


async def history(person: Person, conversation_id: str, *, after_seq: int) -> list[Json]:
    """The whole history after a seq, page by page."""
    messages: list[Json] = []
    while True:
        page = await person.get(f"/conversation/{conversation_id}/messages", after_seq=after_seq, limit=200)
        messages += page["items"]
        if not page["more"]:
            return messages
        after_seq = messages[-1]["seq"]


async def _connected(member: Member) -> bool:
    return bool(member.connections) and member.connections[-1].is_open


async def _caught_up(member: Member, total: int) -> bool:
    member.collect()
    return len(member.had) >= total


def _stored(message: Json | None, problem: Json | None) -> Json | None:
    """Return the acknowledged message, or None where a repeat may help; raises ScenarioError for a refusal for good."""
    if message is not None:
        return message
    if problem is None or problem.get("status") not in WORTH_REPEATING:
        raise ScenarioError(f"a send was refused for good: {problem}")
    return None
