"""What export asks of auth and message: a grant for the caller's token, and a conversation for that grant."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import orjson
import structlog
from messaging_wire.auth import Grant

from messaging.kernel.clock import Clock

log = structlog.get_logger(__name__)

ACCESS_TOKEN_TYPE = "urn:ietf:params:oauth:token-type:access_token"  # noqa: S105 - RFC 8693's names
JWT_TYPE = "urn:ietf:params:oauth:token-type:jwt"
READ_WITHIN_S = 10.0


class RefusedError(Exception):
    """The token or grant is not accepted (any more)."""


class ConversationGoneError(Exception):
    """The conversation is not there, or not the person's."""


class IncompleteError(Exception):
    """The stream ended before the conversation did."""


@dataclass(frozen=True)
class HeldGrant:
    """A grant and when it ends."""

    token: str
    expires_at: datetime


class GrantIssuer:
    """Auth, as export sees it."""

    def __init__(self, client: httpx.AsyncClient, clock: Clock) -> None:
        self._client = client
        self._clock = clock

    async def exchange(self, token: str, *, conversation_id: UUID, export_id: UUID, renew: bool = False) -> HeldGrant:
        """Exchange a caller's access token for a grant, or with `renew` a grant for a fresh one.

        Raises:
            RefusedError: the token is not valid, or its account lives no more.
            httpx.HTTPError: auth cannot be reached or does not answer well.
        """
        body = {
            "subject_token": token,
            "subject_token_type": JWT_TYPE if renew else ACCESS_TOKEN_TYPE,
            "conversation_id": str(conversation_id),
            "export_id": str(export_id),
        }
        asked_at = self._clock.now()
        response = await self._client.post("/internal/token", json=body)
        if response.status_code in (401, 403):
            raise RefusedError
        response.raise_for_status()
        grant = Grant.model_validate_json(response.content)
        return HeldGrant(grant.access_token, asked_at + timedelta(seconds=grant.expires_in))


class Archive:
    """Message, as export sees it."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client

    async def check(self, conversation_id: UUID, grant: str) -> None:
        """Make sure that the person may read the conversation; reads none of its messages.

        Raises:
            ConversationGoneError: it is not there, or not theirs.
            RefusedError: the grant is not accepted.
            httpx.HTTPError: message cannot be reached or does not answer well.
        """
        async with self._open(conversation_id, grant, head=True) as response:
            await response.aread()

    @asynccontextmanager
    async def read(self, conversation_id: UUID, grant: str) -> AsyncIterator["ConversationStream"]:
        """Read a conversation from its beginning to its present end. Raises as `check` does."""
        async with self._open(conversation_id, grant) as response:
            yield ConversationStream(response)

    @asynccontextmanager
    async def _open(self, conversation_id: UUID, grant: str, *, head: bool = False) -> AsyncIterator[httpx.Response]:
        request = self._client.build_request(
            "GET",
            f"/internal/export/conversations/{conversation_id}",
            headers={"Authorization": f"Bearer {grant}"},
            params={"head": "true"} if head else {},
            timeout=httpx.Timeout(READ_WITHIN_S, connect=2.0),
        )
        response = await self._client.send(request, stream=True)
        try:
            if response.status_code == 404:
                raise ConversationGoneError
            if response.status_code in (401, 403):
                raise RefusedError
            response.raise_for_status()
            yield response
        finally:
            await response.aclose()


class ConversationStream:
    """A conversation as it arrives: NDJSON, first the conversation, then its messages, one object a line."""

    def __init__(self, response: httpx.Response) -> None:
        self._lines = response.aiter_lines()

    async def conversation(self) -> dict[str, Any]:
        """The first line.

        Raises:
            IncompleteError: there is none.
        """
        async for line in self._lines:
            return _read(line)
        raise IncompleteError

    async def messages(self) -> AsyncIterator[dict[str, Any]]:
        """The messages in ascending `seq`."""
        async for line in self._lines:
            yield _read(line)


def _read(line: str) -> dict[str, Any]:
    found = orjson.loads(line)
    if not isinstance(found, dict):
        raise IncompleteError
    return found
