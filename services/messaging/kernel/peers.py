"""Other services over HTTP: auth's keys and revocations here; each service adds the calls that it needs itself.

Always with the caller's own token or a grant exchanged for it; there is no machine identity that may do more.
"""

import asyncio
from datetime import timedelta
from typing import Protocol

import httpx
import structlog
from joserfc.jwk import KeySet
from messaging_wire.auth import RevocationPage
from sqlalchemy.exc import SQLAlchemyError

from messaging.kernel.revocations import RevocationSource

log = structlog.get_logger(__name__)

TIMEOUT = httpx.Timeout(5.0, connect=2.0)
REFRESH = timedelta(seconds=60)
MIN_REFRESH = timedelta(seconds=5)


def open_client(base_url: str) -> httpx.AsyncClient:
    """A client for one peer; the caller closes it."""
    return httpx.AsyncClient(
        base_url=base_url, timeout=TIMEOUT, limits=httpx.Limits(max_connections=20), trust_env=False
    )


class TrustSource(RevocationSource, Protocol):
    """Where keys and revocations come from: auth over HTTP, or auth's own database in its own process."""

    async def key_set(self) -> KeySet:
        """Return the public keys that sign tokens now."""
        ...


class AuthPeer:
    """Auth as other services see it."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client

    async def after(self, position: int) -> RevocationPage:
        """Return the revocation feed behind `position`.

        Raises:
            httpx.HTTPError: auth cannot be reached or does not answer well.
        """
        response = await self._client.get("/internal/revocations", params={"after": position})
        response.raise_for_status()
        return RevocationPage.model_validate_json(response.content)

    async def key_set(self) -> KeySet:
        """Return auth's public keys.

        Raises:
            httpx.HTTPError: auth cannot be reached or does not answer well.
        """
        response = await self._client.get("/internal/jwks")
        response.raise_for_status()
        return KeySet.import_key_set(response.json())


class FollowedKeys:
    """Auth's public keys, loaded at start, every minute, and when an unknown key is met."""

    def __init__(self, source: TrustSource) -> None:
        self.source = source
        self._keys: KeySet | None = None
        self._wake = asyncio.Event()

    def keys(self) -> KeySet | None:
        """The keys as last loaded."""
        return self._keys

    def refresh_soon(self) -> None:
        """Load them again, at most every few seconds."""
        self._wake.set()

    def not_ready(self) -> str | None:
        """Say that no keys have been loaded yet, or None."""
        return None if self._keys is not None else "signing keys are not loaded"

    async def follow(self) -> None:
        """Load until cancelled; what was loaded last goes on counting."""
        while True:
            self._wake.clear()
            try:
                self._keys = await self.source.key_set()
            except (httpx.HTTPError, SQLAlchemyError, OSError, ValueError) as error:
                log.warning("keys_unreadable", error=type(error).__name__)
                await asyncio.sleep(0.5 if self._keys is None else MIN_REFRESH.total_seconds())
                continue
            await asyncio.sleep(MIN_REFRESH.total_seconds())
            try:
                async with asyncio.timeout(REFRESH.total_seconds()):
                    await self._wake.wait()
            except TimeoutError:
                continue
