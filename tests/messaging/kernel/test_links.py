"""The direct way of WebSockets: every form that RFC 6455 allows arrives, what it forbids ends the connection."""

import asyncio
import os
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import pytest
import socketio
from hypothesis import given
from hypothesis import strategies as st
from messaging.kernel.frames import FINAL_TEXT, find_frame, text_frame
from messaging.kernel.links import MAX_BUFFERED_BYTES
from messaging.kernel.socketio_server import MAX_EVENT_BYTES
from messaging.kernel.sockets import Socket
from messaging_wire.base import Answer
from pydantic import BaseModel
from websockets.utils import apply_mask

from tests.support.hubs import Place, open_hub
from tests.support.tokens import Issuer, Person

WAIT_S = 10
issuer = Issuer()


class Heard(Answer):
    """An acknowledgement that tells what came."""

    length: int


class Tick(Answer):
    """An event of the tests' own."""

    text: str


async def _measure(_socket: Socket, payload: Any) -> BaseModel:
    return Heard(length=len(payload))


@pytest.fixture(scope="module")
async def place() -> AsyncIterator[Place]:
    async with open_hub(issuer, {"measure": _measure}) as made:
        yield made


@dataclass
class Raw:
    """A WebSocket whose frames the test writes by hand."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    unread: bytes = b""
    texts: list[str] = field(default_factory=list)

    @classmethod
    async def open(cls, place: Place, person: Person) -> "Raw":
        """Shake hands and CONNECT."""
        host, port = place.url.removeprefix("http://").split(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(
            b"GET /api/test/socket.io/?EIO=4&transport=websocket HTTP/1.1\r\n"
            b"Host: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
        )
        raw = cls(reader, writer)
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 101")
        raw.write(f'40{{"token":"{person.token}"}}'.encode())
        assert (await raw.text()).startswith("0{")
        assert (await raw.text()).startswith("40{")
        return raw

    def write(self, payload: bytes, first: int = FINAL_TEXT, *, masked: bool = True) -> None:
        """Write one frame."""
        self.writer.write(client_frame(payload, first, masked=masked))

    async def frame(self) -> tuple[int, bytes]:
        """Read one frame: its first byte and its payload."""
        async with asyncio.timeout(WAIT_S):
            while (found := find_frame(self.unread, 0)) is None or found[1] > len(self.unread):
                more = await self.reader.read(65536)
                if not more:
                    raise EOFError
                self.unread += more
        body, end = found
        first, payload = self.unread[0], self.unread[body:end]
        self.unread = self.unread[end:]
        return first, payload

    async def text(self) -> str:
        """Read one text message."""
        first, payload = await self.frame()
        assert first == FINAL_TEXT, (first, payload)
        return payload.decode()

    async def ended(self) -> None:
        """Wait until the server has closed; whatever comes before is passed over."""
        while True:
            try:
                await self.frame()
            except (EOFError, ConnectionResetError):
                break
        self.writer.close()


def client_frame(payload: bytes, first: int = FINAL_TEXT, *, masked: bool = True) -> bytes:
    """A frame as a client writes it."""
    plain = text_frame(payload)
    found = find_frame(plain, 0)
    assert found is not None
    header = bytes((first, plain[1] | (0x80 if masked else 0))) + plain[2 : found[0]]
    mask = os.urandom(4)
    return header + (mask + apply_mask(payload, mask) if masked else payload)


@pytest.fixture
async def raw(place: Place) -> AsyncIterator[Raw]:
    made = await Raw.open(place, issuer.person("ada"))
    yield made
    made.writer.close()


@given(st.lists(st.integers(0, 300) | st.integers(65_530, 65_540), max_size=4), st.floats(0, 1))
def test_frames_are_found_again_wherever_the_stream_is_cut(lengths: list[int], place_of_cut: float) -> None:
    stream = b"".join(client_frame(bytes(length)) for length in lengths)
    cut = int(len(stream) * place_of_cut)

    start, ends = 0, []
    while (found := find_frame(stream, start)) is not None:
        ends.append(found)
        start = found[1]

    assert start == len(stream)
    assert [end - body - 4 for body, end in ends] == lengths
    assert find_frame(stream[:cut], 0) in (None, *ends[:1])


@pytest.mark.parametrize("length", [0, 1, 80, 125, 126, 1000, 65_500, 65_600, 120_000])
async def test_events_of_any_length_arrive(raw: Raw, length: int) -> None:
    raw.write(b'427["measure","%s"]' % (b"x" * length))

    assert await raw.text() == f'437[{{"length":{length}}}]'


async def test_frames_that_arrive_byte_by_byte_and_all_at_once_are_the_same(raw: Raw) -> None:
    one = client_frame(b'421["measure","abc"]')
    for byte in one:
        raw.writer.write(bytes((byte,)))
        await asyncio.sleep(0.001)
    raw.writer.write(client_frame(b'422["measure","abc"]') + client_frame(b'423["measure","abc"]') + one[:5])

    assert [await raw.text() for _ in range(3)] == [f'43{number}[{{"length":3}}]' for number in (1, 2, 3)]


async def test_an_event_in_fragments_arrives_in_its_place(raw: Raw) -> None:
    raw.write(b'421["measure","a"]')
    raw.write(b'422["meas', 0x01)
    raw.write(b"beat", 0x89)  # a ping between fragments is allowed
    raw.write(b'ure","abc"]', 0x80)
    raw.write(b'423["measure","abcd"]')

    got = [await raw.frame() for _ in range(4)]

    assert [text.decode() for first, text in got if first == FINAL_TEXT] == [
        '431[{"length":1}]',
        '432[{"length":3}]',
        '433[{"length":4}]',
    ]
    assert (0x8A, b"beat") in got


async def test_an_event_without_acknowledgement_and_one_of_no_name_harm_nothing(raw: Raw) -> None:
    raw.write(b'42["measure","abc"]')
    raw.write(b"421[]")

    assert '"status":404' in await raw.text()


@pytest.mark.parametrize(
    "wrong",
    [
        client_frame(b'421["measure","abc"]', masked=False),
        client_frame(b'421["measure","abc"]', 0xC1),  # a bit of an extension that was not agreed on
        client_frame(b"x" * (MAX_EVENT_BYTES + 1)),
        client_frame(b"abc", 0x80),  # the end of what has not begun
        client_frame(b'421["measure"', FINAL_TEXT),
        client_frame(b"9", FINAL_TEXT),
        client_frame(b'421["measure","\xff"]', FINAL_TEXT),
    ],
    ids=["unmasked", "reserved bit", "too long", "no beginning", "broken JSON", "unknown packet", "not UTF-8"],
)
async def test_what_is_not_allowed_ends_the_connection(raw: Raw, wrong: bytes) -> None:
    raw.writer.write(wrong)

    await raw.ended()


async def test_a_close_is_answered(raw: Raw) -> None:
    raw.write((1000).to_bytes(2, "big"), 0x88)

    first, payload = await raw.frame()

    assert (first, payload[:2]) == (0x88, (1000).to_bytes(2, "big"))


async def test_a_client_that_upgrades_from_polling_misses_nothing(place: Place) -> None:
    ada, heard = issuer.person("ada"), asyncio.Queue[str]()
    client = socketio.AsyncClient(reconnection=False)
    client.on("tick", lambda payload: heard.put_nowait(payload["text"]))
    connecting = asyncio.create_task(
        client.connect(place.url, socketio_path="/api/test/socket.io", auth=ada.auth, wait_timeout=WAIT_S)
    )
    sent = 0
    while client.transport() != "websocket" or sent < 50:
        if place.hub.is_connected(ada.id):
            place.hub.emit([ada.id], "tick", Tick(text=str(sent)))
            sent += 1
        await asyncio.sleep(0.001)
    await connecting

    async with asyncio.timeout(WAIT_S):
        got = [await heard.get() for _ in range(sent)]
    (socket,) = place.hub.sockets_of([ada.id])
    await client.disconnect()
    assert got == [str(number) for number in range(sent)]
    assert socket.engine.link is not None


async def test_a_socket_that_reads_nothing_is_dropped_before_it_holds_much(place: Place) -> None:
    ben = issuer.person("ben")
    raw = await Raw.open(place, ben)
    (socket,) = place.hub.sockets_of([ben.id])
    most = 0

    for number in range(1000):
        place.hub.emit([ben.id], "tick", Tick(text=str(number) + "x" * 100_000))
        await asyncio.sleep(0)
        most = max(most, socket.engine.link.transport.get_write_buffer_size() if socket.engine.link else 0)
        if not place.hub.is_connected(ben.id):
            break

    raw.writer.close()
    assert not place.hub.is_connected(ben.id)
    assert most < 2 * MAX_BUFFERED_BYTES


async def test_a_ping_to_one_socket_puts_off_no_ping_to_the_next() -> None:
    async with open_hub(issuer, ping_s=0.3, answer_s=30) as place:
        sockets = []
        for name in ("ada", "ben", "carol"):
            sockets.append(await Raw.open(place, issuer.person(name)))
            await asyncio.sleep(0.05)

        async with asyncio.timeout(5):
            assert [await socket.text() for socket in sockets] == ["2", "2", "2"]
        for socket in sockets:
            socket.writer.close()


async def test_a_socket_that_answers_no_ping_is_given_up() -> None:
    async with open_hub(issuer, ping_s=0.2) as place:
        ada, ben = issuer.person("ada"), issuer.person("ben")
        mute, lively = await Raw.open(place, ada), await Raw.open(place, ben)
        for _ in range(5):
            assert await lively.text() == "2"
            lively.write(b"3")

        await mute.ended()
        assert place.hub.is_connected(ben.id)
        assert not place.hub.is_connected(ada.id)
        lively.writer.close()


async def test_uvicorn_and_the_library_still_have_the_parts_that_are_used(place: Place) -> None:
    url = f"{place.url}/api/test/socket.io/?EIO=4&transport=websocket"
    ada = issuer.person("ada")
    async with aiohttp.ClientSession() as session, session.ws_connect(url) as ws:
        await ws.receive()
        await ws.send_str(f'40{{"token":"{ada.token}"}}')
        await ws.receive()
        (socket,) = place.hub.sockets_of([ada.id])
        assert socket.engine.link is not None, "the socket goes the library's slow way"


async def test_what_a_crowd_is_told_and_what_one_is_told_keep_their_order(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("messaging.kernel.links.SLICE", 1)
    people = [issuer.person(f"p{number}") for number in range(5)]
    raws = [await Raw.open(place, person) for person in people]
    everybody = [person.id for person in people]

    for number in range(0, 40, 4):
        monkeypatch.setattr("messaging.kernel.sockets.CROWD", 0)
        place.hub.emit(everybody, "tick", Tick(text=str(number)))
        place.hub.emit(everybody, "tick", Tick(text=str(number + 1)))
        monkeypatch.setattr("messaging.kernel.sockets.CROWD", 256)
        place.hub.emit([people[3].id], "tick", Tick(text=str(number + 2)))
        await asyncio.sleep(0)
        place.hub.emit(everybody, "tick", Tick(text=str(number + 3)))

    for person, raw in zip(people, raws, strict=True):
        count = 40 if person is people[3] else 30
        numbers = [int((await raw.text()).split('"text":"')[1].split('"')[0]) for _ in range(count)]
        raw.writer.close()
        assert numbers == sorted(numbers)
