"""A member's access token, renewed before it ends; when its refresh token is void, by logging in again."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import httpx

from e2e.scenarios.live import NotAcknowledgedError
from e2e.scenarios.person import Person

PAUSE_S = 2.0
RENEWED_AT = 0.5
"""After which part of its life a token is renewed."""


@dataclass
class Renewal:
    """Renews the tokens of one person."""

    person: Person
    _asked: asyncio.Event = field(default_factory=asyncio.Event)

    def ask(self) -> None:
        """A request was refused for its token: renew it at once."""
        self._asked.set()

    async def keep(self, tell: Callable[[str], Awaitable[None]]) -> None:
        """Renew again and again until cancelled, and tell of each new access token."""
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self.person.tokens["expires_in"] * RENEWED_AT):
                    await self._asked.wait()
            self._asked.clear()
            if not await self._renew():
                self._asked.set()
                await asyncio.sleep(PAUSE_S)
                continue
            try:
                await tell(self.person.tokens["access_token"])
            except NotAcknowledgedError:
                continue  # the next connection shows the new token anyway

    async def _renew(self) -> bool:
        refreshed = await self._post("/auth/refresh", {"refresh_token": self.person.tokens["refresh_token"]})
        if refreshed is not None and refreshed.status_code == httpx.codes.UNAUTHORIZED:
            credentials = {"login": self.person.username, "password": self.person.password}
            refreshed = await self._post("/auth/login", credentials)
        if refreshed is None or not refreshed.is_success:
            return False
        self.person.tokens = refreshed.json()["tokens"]
        return True

    async def _post(self, path: str, body: dict[str, str]) -> httpx.Response | None:
        try:
            return await self.person.http.post(path, json=body)
        except httpx.TransportError:
            return None
