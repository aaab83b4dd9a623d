"""A person at a keyboard: an account, its tokens, its REST calls and its sockets."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx

from e2e.scenarios import checks, live
from e2e.scenarios.checks import Json
from e2e.scenarios.live import Live


@dataclass
class Person:
    """One user. `tokens` is what the last sign-up, log-in or refresh answered."""

    name: str
    username: str
    email: str
    password: str
    http: httpx.AsyncClient
    within: timedelta
    id: str = ""
    tokens: Json = field(default_factory=dict)
    sockets: list[Live] = field(default_factory=list)

    @property
    def bearer(self) -> dict[str, str]:
        """The header that proves who it is."""
        return {"Authorization": f"Bearer {self.tokens['access_token']}"} if self.tokens else {}

    async def request(
        self,
        method: str,
        path: str,
        *,
        json: object = None,
        params: Mapping[str, str | int | bool] | None = None,
        headers: Mapping[str, str] | None = None,
        content: bytes | None = None,
    ) -> httpx.Response:
        """Send one request with this person's token and return whatever comes."""
        return await self.http.request(
            method,
            path,
            json=json,
            params=params,
            content=content,
            headers={**self.bearer, **(headers or {})},
        )

    async def ask(
        self,
        method: str,
        path: str,
        *,
        json: object = None,
        params: Mapping[str, str | int | bool] | None = None,
        expect: int = 200,
    ) -> Any:
        """Send one request, demand a status and return the decoded body (None for 204)."""
        response = await self.request(method, path, json=json, params=params)
        checks.status(response, expect)
        return response.json() if response.content else None

    async def get(self, path: str, **params: str | int | bool) -> Any:
        """GET, demand 200, return the body."""
        return await self.ask("GET", path, params=params)

    async def post(self, path: str, body: object, *, expect: int = 201) -> Any:
        """POST JSON, demand a status, return the body."""
        return await self.ask("POST", path, json=body, expect=expect)

    async def put(self, path: str, body: object) -> Any:
        """PUT JSON, demand 200, return the body."""
        return await self.ask("PUT", path, json=body)

    async def send(self, conversation_id: str, content: str, *, client_message_id: str | None = None) -> Json:
        """Send a message by REST, demand 201, return it."""
        message: Json = await self.post("/message", message_body(conversation_id, content, client_message_id))
        return message

    async def connect(self, path: str = live.MESSAGE_PATH, *, token: str | None = None) -> Live:
        """Open a socket with this person's token (or another one)."""
        socket = Live(within=self.within)
        self.sockets.append(socket)
        await socket.open(str(self.http.base_url), path, token if token is not None else self.tokens["access_token"])
        return socket

    async def close(self) -> None:
        """Close every socket and the HTTP client."""
        for socket in self.sockets:
            await socket.close()
        await self.http.aclose()


def message_body(conversation_id: str, content: str, client_message_id: str | None = None) -> Json:
    """The body of POST /message and of `send_message`, with a new client_message_id unless one is given."""
    return {
        "conversation_id": conversation_id,
        "client_message_id": client_message_id or str(uuid4()),
        "content": content,
    }
