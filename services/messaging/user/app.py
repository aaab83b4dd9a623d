"""The user service put together."""

import asyncio

import httpx

from messaging.kernel.peers import open_client
from messaging.kernel.purging import Purging
from messaging.kernel.service import Parts, Runtime
from messaging.kernel.settings import load_settings
from messaging.kernel.topology import USER_DELETIONS
from messaging.user import api
from messaging.user.consumers import accounts_consumer
from messaging.user.parts import UserParts
from messaging.user.peers import AccountPeer, FellowPeer
from messaging.user.purging import purge_page
from messaging.user.service.pairs import Pairs
from messaging.user.service.presence import PresenceService
from messaging.user.service.profiles import ProfileService
from messaging.user.service.relations import RelationService
from messaging.user.service.reports import ReportService
from messaging.user.service.telling import republish
from messaging.user.settings import UserSettings

__all__ = ["build", "load", "republish"]


def load() -> UserSettings:
    """Read the settings.

    Raises:
        ConfigurationError: a value is missing or wrong.
    """
    return load_settings(UserSettings)


def build(runtime: Runtime) -> Parts:
    """Put the service together on what the kernel gives."""
    settings = runtime.settings
    assert isinstance(settings, UserSettings)  # noqa: S101 - made by `load` above
    profiles = ProfileService(runtime.database, runtime.outbox, settings, runtime.clock)
    pairs = Pairs(runtime.database, runtime.outbox, runtime.clock)
    auth, message = open_client(settings.auth_internal_url), open_client(settings.message_internal_url)
    purging = Purging(runtime, purge_page)
    presence = PresenceService(runtime.database, runtime.bus, FellowPeer(message), runtime.clock)
    parts = UserParts(
        profiles=profiles,
        relations=RelationService(runtime.database, pairs, settings),
        reports=ReportService(runtime.database, settings, runtime.clock),
        presence=presence,
        accounts=AccountPeer(auth),
    )
    return Parts(
        routers=api.ROUTERS,
        state={"user": parts},
        consumers=[
            accounts_consumer(profiles, runtime.database, runtime.clock),
            purging.consumer(USER_DELETIONS),
        ],
        tasks=[purging.run, presence.run, lambda: _close_at_end(auth), lambda: _close_at_end(message)],
    )


async def _close_at_end(client: httpx.AsyncClient) -> None:
    try:
        await asyncio.Event().wait()
    finally:
        await client.aclose()
