"""Sockets of people who are connected and read nothing: they answer no ping, and what is sent to them piles up."""

import asyncio
import json
import time
from dataclasses import dataclass
from datetime import timedelta
from typing import Self

import aiohttp

from e2e.scenarios.checks import ScenarioError
from e2e.scenarios.live import MESSAGE_PATH
from e2e.scenarios.person import Person

DROPPED_WITHIN = timedelta(seconds=45)
NOTICED_WITHIN_S = 5.0
"""How soon somebody who reads again must find the end of a connection that was given up before."""
READY_WITHIN_S = 10.0


@dataclass
class Deaf:
    """One such socket. Its buffers fill; neither the library nor the kernel hears more after that."""

    session: aiohttp.ClientSession
    socket: aiohttp.ClientWebSocketResponse
    opened_at: float

    @classmethod
    async def connect(cls, person: Person) -> Self:
        """Connect as a person does, and then read nothing more."""
        session = aiohttp.ClientSession(trust_env=False)
        address = str(person.http.base_url).rstrip("/").replace("http", "ws", 1)
        socket = await session.ws_connect(
            f"{address}{MESSAGE_PATH}?EIO=4&transport=websocket", autoping=False, max_msg_size=0
        )
        await socket.receive_str(timeout=READY_WITHIN_S)
        await socket.send_str("40" + json.dumps({"token": person.tokens["access_token"]}))
        answer = await socket.receive_str(timeout=READY_WITHIN_S)
        if not answer.startswith("40"):
            raise ScenarioError(f"CONNECT of a socket that will be deaf was answered by {answer[:100]}")
        return cls(session, socket, time.monotonic())

    async def was_dropped(self) -> bool:
        """Wait until it must have been dropped, read again, and tell whether the end comes at once."""
        await asyncio.sleep(max(0.0, self.opened_at + DROPPED_WITHIN.total_seconds() - time.monotonic()))
        try:
            async with asyncio.timeout(NOTICED_WITHIN_S):
                while (await self.socket.receive()).type is aiohttp.WSMsgType.TEXT:
                    continue
        except TimeoutError:
            return False
        finally:
            await self.socket.close()
            await self.session.close()
        return True
