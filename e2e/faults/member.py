"""One of the people who go on chatting through trouble, as a good client does: repeats what is not acknowledged under
the same key, asks by `sync` after every connect and every `resync`, renews its token, comes back when it is dropped.
"""

import asyncio
import random
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import uuid4

import httpx

from e2e.checker import Json
from e2e.faults.ledger import Ledger
from e2e.faults.tokens import Renewal
from e2e.scenarios.checks import ScenarioError
from e2e.scenarios.live import MESSAGE_PATH, Live, NotAcknowledgedError
from e2e.scenarios.person import Person, message_body

FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.2, 2.0
WORTH_REPEATING = frozenset({401, 429, 502, 503, 504})
"""Statuses after which the same is tried again."""
ANSWER_WITHIN = timedelta(seconds=40)
"""How long an acknowledgement is waited for: longer than the service itself tries to store a message."""


@dataclass
class Place:
    """What a member has of one conversation: everything up to `seq`, every change up to `rev`."""

    had: dict[str, Json] = field(default_factory=dict)
    seq: int = 0
    rev: int = 0
    _ahead: set[int] = field(default_factory=set)

    def take(self, message: Json) -> None:
        """Keep a message, or a newer state of one."""
        known = self.had.get(message["id"])
        if known is None or known["rev"] < message["rev"]:
            self.had[message["id"]] = message
        if message["seq"] > self.seq:
            self._ahead.add(message["seq"])
        while self.seq + 1 in self._ahead:
            self.seq += 1
            self._ahead.discard(self.seq)


@dataclass
class Connection:
    """What one connection has brought, by conversation."""

    arrivals: dict[str, list[Json]] = field(default_factory=lambda: defaultdict(list))
    updates: dict[str, list[Json]] = field(default_factory=lambda: defaultdict(list))


@dataclass
class Member:
    """One person with a socket that is opened again whenever it ends."""

    person: Person
    ledger: Ledger
    places: dict[str, Place]
    connections: list[Connection] = field(default_factory=list)
    dropped_at: list[float] = field(default_factory=list)
    """When connections ended, monotonic."""
    socket: Live | None = None
    _stale: asyncio.Event = field(default_factory=asyncio.Event)
    _renewal: Renewal = field(init=False)

    def __post_init__(self) -> None:
        self._renewal = Renewal(self.person)

    @property
    def is_connected(self) -> bool:
        """Whether a socket is open."""
        return self.socket is not None and self.socket.is_open

    async def follow(self) -> None:
        """Stay connected until cancelled; what was missed is asked for."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._renewal.keep(self._tell_token))
            while True:
                socket = await self._connect()
                await self._listen(socket)
                self.dropped_at.append(time.monotonic())
                await socket.close()

    async def leave(self) -> None:
        """Close the socket."""
        if self.socket is not None:
            await self.socket.close()

    async def send(self, conversation_id: str, content: str, *, by_rest: bool = False) -> Json:
        """Send until it is acknowledged, always with the same client_message_id."""
        self.ledger.attempted[conversation_id].add(content)
        body = message_body(conversation_id, content, str(uuid4()))
        for pause_s in pauses():
            message = await (self._by_rest("POST", "/message", body) if by_rest else self._by_socket(body))
            if message is not None:
                return self.ledger.acknowledge(message)
            await asyncio.sleep(pause_s)
        raise AssertionError("unreachable")

    async def edit(self, message: Json, content: str) -> None:
        """Give an own message another text; repeated until it is acknowledged."""
        self.ledger.attempted[message["conversation_id"]].add(content)
        self.ledger.edited.append(
            self.ledger.record(await self._insist("PUT", f"/message/{message['id']}", {"content": content}))
        )

    async def delete(self, message: Json) -> None:
        """Delete an own message; repeated until it is acknowledged."""
        await self._insist("DELETE", f"/message/{message['id']}")
        self.ledger.deleted.add(message["id"])

    async def read(self, path: str) -> Json:
        """GET; repeated while the service is away: open sockets work again before the gateway lets new requests in."""
        return await self._insist("GET", path)

    async def sync(self) -> bool:
        """Ask for what is missing, answer after answer; tell whether nothing is missing any more."""
        socket = self.socket
        while socket is not None and socket.is_open:
            positions = {key: {"seq": place.seq, "rev": place.rev} for key, place in self.places.items()}
            try:
                answer = await socket.call("sync", {"conversations": positions})
            except NotAcknowledgedError:
                return False
            if not answer["ok"]:
                return False
            for key, part in answer["conversations"].items():
                self._take_part(self.places[key], part)
            if not any(part["more"] for part in answer["conversations"].values()):
                return True
        return False

    def _take_part(self, place: Place, part: Json) -> None:
        for message in (*part["messages"], *part["changes"]):
            place.take(self.ledger.record(message))
        place.rev = max(place.rev, part["rev"])

    async def _connect(self) -> Live:
        for pause_s in pauses():
            connection = Connection()
            socket = Live(within=ANSWER_WITHIN, listener=partial(self._hear, connection))
            try:
                await socket.open(str(self.person.http.base_url), MESSAGE_PATH, self.person.tokens["access_token"])
            except ScenarioError:
                await socket.close()
                await asyncio.sleep(pause_s)
                continue
            self.connections.append(connection)
            self.socket = socket
            return socket
        raise AssertionError("unreachable")

    async def _listen(self, socket: Live) -> None:
        ended = asyncio.ensure_future(socket.ended.wait())
        while socket.is_open:
            self._stale.clear()
            if not await self.sync():
                await asyncio.sleep(FIRST_PAUSE_S)
                continue
            stale = asyncio.ensure_future(self._stale.wait())
            try:
                await asyncio.wait({ended, stale}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                stale.cancel()
        ended.cancel()

    def _hear(self, connection: Connection, event: str, payload: Any) -> None:
        if event == "resync":
            self._stale.set()
        if event in ("message", "message_updated"):
            message = self.ledger.record(payload)
            kept = connection.arrivals if event == "message" else connection.updates
            kept[message["conversation_id"]].append(message)
            self.places[message["conversation_id"]].take(message)

    async def _tell_token(self, token: str) -> None:
        if self.socket is not None and self.socket.is_open:
            await self.socket.call("refresh", {"token": token})

    async def _by_socket(self, body: Json) -> Json | None:
        """By the socket where one is open, else by REST; None where a repeat may help."""
        socket = self.socket
        if socket is None or not socket.is_open:
            return await self._by_rest("POST", "/message", body)
        try:
            answer = await socket.call("send_message", body)
        except NotAcknowledgedError:
            return None
        return _final(answer.get("message"), answer.get("problem"))

    async def _insist(self, method: str, path: str, body: Json | None = None) -> Json:
        for pause_s in pauses():
            answer = await self._by_rest(method, path, body)
            if answer is not None:
                return answer
            await asyncio.sleep(pause_s)
        raise AssertionError("unreachable")

    async def _by_rest(self, method: str, path: str, body: Json | None) -> Json | None:
        try:
            response = await self.person.request(method, path, json=body)
            told = response.json() if response.content else {}
        except (httpx.TransportError, ValueError):
            return None
        if response.status_code == httpx.codes.UNAUTHORIZED:
            self._renewal.ask()
        return _final(told, None) if response.is_success else _final(None, told)


def pauses() -> Iterator[float]:
    """How long to wait before each further try: longer and longer, and never quite the same."""
    pause_s = FIRST_PAUSE_S
    while True:
        yield pause_s * random.uniform(0.5, 1)  # noqa: S311 - spreads load, guards nothing
        pause_s = min(pause_s * 1.5, LONGEST_PAUSE_S)


def _final(message: Json | None, problem: Json | None) -> Json | None:
    """Return what was acknowledged, or None where a repeat may help; raises ScenarioError for a refusal for good."""
    if message is not None:
        return message
    if problem is None or problem.get("status") not in WORTH_REPEATING:
        raise ScenarioError(f"refused for good: {problem}")
    return None
