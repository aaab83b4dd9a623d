"""Members whose sockets read nothing: they are dropped before they hold much, and those who read wait for nobody."""

import asyncio
import base64
import json
import os
import socket
import struct
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import pytest

from tests.messaging.message.world import PATH, Live, User, World, body_of, open_world, until
from tests.support.tokens import Person

DEAF = 20
TEXT = "x" * 3900
AT_ONCE, ROUNDS = 100, 16
"""Sends: together more than the kernel's buffers and a socket's own hold."""
HELD_AT_MOST = 120 * 1024 * 1024
"""A third of what is said to the deaf, the test's own clients included."""
HEARD_WITHIN_S = 10.0


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with open_world({"data_dir": tmp_path, "database_host": ""}) as made:
        yield made


async def deaf(world: World, person: Person) -> asyncio.StreamWriter:
    """Connect with the smallest of buffers, and read nothing after the handshakes."""
    address = urlsplit(world.url)
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connection.setblocking(False)
    await asyncio.get_running_loop().sock_connect(connection, (address.hostname, address.port))
    reader, writer = await asyncio.open_connection(sock=connection, limit=4096)
    key = base64.b64encode(os.urandom(16)).decode()
    writer.write(
        f"GET {PATH}/?EIO=4&transport=websocket HTTP/1.1\r\nHost: {address.netloc}\r\nUpgrade: websocket\r\n"
        f"Connection: Upgrade\r\nSec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
    )
    await reader.readuntil(b"\r\n\r\n")
    connect = b"40" + json.dumps({"token": person.token}).encode()
    writer.write(b"\x81\xfe" + struct.pack(">H", len(connect)) + bytes(4) + connect)  # masked by zeros
    await reader.readuntil(b'40{"sid"')
    writer.transport.pause_reading()  # type: ignore[attr-defined]  # of a socket it is a read transport too
    return writer


async def test_sockets_that_read_nothing_are_dropped_and_hold_nobody_up(world: World) -> None:
    ada, ben, carol = (world.user(name) for name in ("ada", "ben", "carol"))
    group = await world.group(ada, ben, carol)
    hub = world.service.host.parts.sockets
    assert hub is not None
    async with ada.live() as sending, carol.live() as hearing:
        connections = [await deaf(world, ben.person) for _ in range(DEAF)]
        await until(lambda: hub.is_connected(ben.person.id), "the deaf did not connect")
        before, most = psutil.Process().memory_info().rss, 0
        for number in range(ROUNDS):
            await say_much(sending, ada, group["id"])
            last = group["last_seq"] + (number + 1) * AT_ONCE
            await until(lambda last=last: last in hearing.seqs(group["id"]), "others wait", within_s=HEARD_WITHIN_S)  # type: ignore[misc]
            sending.heard.clear()
            most = max(most, psutil.Process().memory_info().rss)

        assert not hub.is_connected(ben.person.id)
        assert most - before < HELD_AT_MOST
        assert hearing.seqs(group["id"])[-AT_ONCE * ROUNDS :] == list(range(group["last_seq"] + 1, last + 1))
        for connection in connections:
            connection.transport.abort()


async def say_much(sending: Live, user: User, conversation_id: str) -> None:
    """Send many long messages at once."""
    bodies = [body_of(conversation_id, f"{user.name} {number} {TEXT}") for number in range(AT_ONCE)]
    await asyncio.gather(*(sending.accepted("send_message", body) for body in bodies))
