"""Sockets are checked at CONNECT and while connected, hear events in order, and are dropped when they do not read."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import aiohttp
import pytest
import socketio
from messaging.kernel.clock import SystemClock
from messaging.kernel.engine import MAX_QUEUED
from messaging.kernel.errors import ProblemError
from messaging.kernel.sockets import Socket
from messaging_wire import problems
from messaging_wire.auth import Revocation
from messaging_wire.base import Answer
from messaging_wire.realtime import Acknowledged
from pydantic import BaseModel

from tests.support.hubs import Place, open_hub
from tests.support.tokens import Issuer, Person

WAIT_S = 10


class Tick(Answer):
    """An event of the tests' own."""

    number: int


issuer = Issuer()


async def _refuse(_socket: Socket, _payload: Any) -> BaseModel:
    raise ProblemError(problems.FORBIDDEN, "not this")


async def _greet(_socket: Socket, _payload: Any) -> BaseModel:
    return Acknowledged()


@pytest.fixture(scope="module")
async def place() -> AsyncIterator[Place]:
    async with open_hub(issuer, {"refuse": _refuse, "greet": _greet}) as made:
        yield made


class Listener:
    """A client that notes what it hears."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self.client = socketio.AsyncClient(reconnection=False, http_session=session)
        self.heard: asyncio.Queue[tuple[str, Any]] = asyncio.Queue()
        self.closed = asyncio.Event()
        self.client.on("*", self._hear)
        self.client.on("disconnect", self._close)

    async def _hear(self, event: str, payload: Any) -> None:
        await self.heard.put((event, payload))

    async def _close(self, *_reason: Any) -> None:
        self.closed.set()

    async def connect(self, place: Place, auth: Any, transport: str = "websocket") -> None:
        await self.client.connect(
            place.url, socketio_path="/api/test/socket.io", auth=auth, transports=[transport], wait_timeout=WAIT_S
        )

    async def next(self) -> tuple[str, Any]:
        async with asyncio.timeout(WAIT_S):
            return await self.heard.get()


@pytest.fixture
async def listener() -> AsyncIterator[Listener]:
    async with aiohttp.ClientSession() as session:  # of our own: the client leaves its own open when it is refused
        made = Listener(session)
        yield made
        await made.client.disconnect()


@pytest.mark.parametrize(("transport", "count"), [("websocket", 1000), ("polling", 15)])
async def test_a_person_hears_events_in_the_order_they_were_sent(
    place: Place, listener: Listener, transport: str, count: int
) -> None:
    """By polling fewer than 16 at once, which is how many packets python-engineio reads of one answer."""
    ada = issuer.person("ada")
    await listener.connect(place, ada.auth, transport)

    for number in range(count):
        place.hub.emit([ada.id], "tick", Tick(number=number))

    assert [(await listener.next())[1]["number"] for _ in range(count)] == list(range(count))


async def test_nobody_else_hears_them(place: Place, listener: Listener) -> None:
    ada, ben = issuer.person("ada"), issuer.person("ben")
    await listener.connect(place, ada.auth)

    place.hub.emit([ben.id], "tick", Tick(number=1))
    place.hub.emit([ada.id], "tick", Tick(number=2))

    assert await listener.next() == ("tick", {"number": 2})


@pytest.mark.parametrize("auth", [None, {}, {"token": 5}, {"token": "x"}, "token"])
async def test_a_connect_without_a_good_token_is_refused(place: Place, listener: Listener, auth: Any) -> None:
    with pytest.raises(socketio.exceptions.ConnectionError):
        await listener.connect(place, auth)


async def test_a_socket_that_says_nothing_is_closed(place: Place) -> None:
    url = f"{place.url}/api/test/socket.io/?EIO=4&transport=websocket"
    async with aiohttp.ClientSession() as session, session.ws_connect(url) as socket, asyncio.timeout(WAIT_S):
        assert (await socket.receive()).type is aiohttp.WSMsgType.TEXT  # the engine's OPEN
        while not socket.closed:
            await socket.receive()


async def test_a_refused_event_is_acknowledged_with_its_problem(place: Place, listener: Listener) -> None:
    await listener.connect(place, issuer.person("ada").auth)

    answer = await listener.client.call("refuse", {}, timeout=WAIT_S)

    assert answer["ok"] is False
    assert answer["problem"]["type"] == "urn:messaging:problem:forbidden"
    assert await listener.client.call("greet", {}, timeout=WAIT_S) == {"ok": True}


async def test_an_ended_session_closes_its_sockets_within_a_second(place: Place, listener: Listener) -> None:
    ada = issuer.person("ada")
    await listener.connect(place, ada.auth)

    place.revocations.add([_revocation(ada, place.revocations.position + 1)], place.revocations.position + 1)

    async with asyncio.timeout(1):
        assert await listener.heard.get() == ("session_ended", {"reason": "session-ended"})
        await listener.closed.wait()


async def test_an_expired_token_closes_the_socket(
    place: Place, listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("messaging.kernel.sockets.SKEW", timedelta())
    await listener.connect(place, issuer.person("ada", lifetime=timedelta(seconds=1)).auth)

    assert (await listener.next())[1] == {"reason": "token-expired"}


async def test_refresh_takes_a_newer_token_of_the_same_session_only(place: Place, listener: Listener) -> None:
    ada = issuer.person("ada")
    await listener.connect(place, ada.auth)

    good = await listener.client.call("refresh", {"token": issuer.again(ada).token}, timeout=WAIT_S)
    bad = await listener.client.call("refresh", {"token": issuer.person("ada").token}, timeout=WAIT_S)

    assert good == {"ok": True}
    assert bad["problem"]["status"] == 403


async def test_a_socket_that_does_not_read_is_dropped(place: Place) -> None:
    ada = issuer.person("ada")
    url = f"{place.url}/api/test/socket.io/?EIO=4&transport=polling"
    async with aiohttp.ClientSession() as session:
        async with session.get(url) as opened:
            sid = (await opened.text()).split('"sid":"')[1].split('"')[0]
        async with session.post(f"{url}&sid={sid}", data=f'40{{"token":"{ada.token}"}}') as connected:
            assert connected.status == 200
        await _until(lambda: place.hub.is_connected(ada.id))

        for number in range(MAX_QUEUED + 1):
            place.hub.emit([ada.id], "tick", Tick(number=number))

        await _until(lambda: not place.hub.is_connected(ada.id))


async def _until(true: Any) -> None:
    async with asyncio.timeout(WAIT_S):
        while not true():
            await asyncio.sleep(0.01)


def _revocation(person: Person, position: int) -> Revocation:
    now = SystemClock().now()
    return Revocation(
        position=position,
        user_id=person.id,
        session_id=str(person.session_id),
        not_before=now,
        expires_at=now + timedelta(minutes=11),
    )
