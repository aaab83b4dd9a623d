"""The export service, put together."""

import asyncio
from typing import cast

import httpx
from sqlmodel.ext.asyncio.session import AsyncSession

from messaging.export import api
from messaging.export.downloads import Downloads
from messaging.export.grants import GrantSafe
from messaging.export.links import LinkSigner
from messaging.export.peers import Archive, GrantIssuer
from messaging.export.purging import PersonPurge
from messaging.export.service import ExportService
from messaging.export.settings import ExportSettings
from messaging.export.work import ExportWork
from messaging.kernel.keys import derive_key, master_key
from messaging.kernel.outbox import Outbox
from messaging.kernel.peers import open_client
from messaging.kernel.purging import Purging
from messaging.kernel.service import Parts, Runtime
from messaging.kernel.settings import load_settings
from messaging.kernel.topology import EXPORT_DELETIONS

KEY_FILE = "export.key"


def load() -> ExportSettings:
    """Read the settings.

    Raises:
        ConfigurationError: one is missing or wrong.
    """
    return load_settings(ExportSettings)


def build(runtime: Runtime) -> Parts:
    """Put the service together on what the kernel gives.

    Raises:
        ConfigurationError: there is no usable link key.
    """
    settings = cast(ExportSettings, runtime.settings)
    database, clock = runtime.database, runtime.clock
    key_file = settings.data_dir / KEY_FILE if database.is_sqlite else None
    master = master_key(settings.link_key.get_secret_value(), setting="link_key", file=key_file)
    signer = LinkSigner(derive_key(master, "messaging.export.links"))
    auth, message = open_client(settings.auth_internal_url), open_client(settings.message_internal_url)
    archive = Archive(message)
    grants = GrantSafe(
        database, clock, issuer=GrantIssuer(auth, clock), key=derive_key(master, "messaging.export.grants")
    )
    work = ExportWork(database, clock, archive=archive, grants=grants, settings=settings)
    service = ExportService(
        database, clock, archive=archive, grants=grants, signer=signer, settings=settings, wake=work.wake
    )
    purging = Purging(runtime, PersonPurge(clock).page)
    return Parts(
        routers=[api.router],
        state={
            "export": service,
            "downloads": Downloads(database, clock, signer),
            "settings": settings,
            "clock": clock,
        },
        consumers=[purging.consumer(EXPORT_DELETIONS)],
        tasks=[work.run, work.clear_away, purging.run, lambda: _close_at_end(auth, message)],
    )


async def _close_at_end(*clients: httpx.AsyncClient) -> None:
    try:
        await asyncio.Event().wait()
    finally:
        for client in clients:
            await client.aclose()


async def republish(_session: AsyncSession, _outbox: Outbox) -> int:
    """Publish nothing: the service tells others of nothing."""
    return 0
