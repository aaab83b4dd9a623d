"""Auth and message on SQLite, served to an export service on each database."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest
from messaging.auth import app as auth_app
from messaging.auth.settings import AuthSettings
from messaging.message import app as message_app
from messaging.message.settings import MessageSettings

from tests.messaging.export.world import Exports, Gate, World
from tests.support.databases import DIALECTS
from tests.support.serve import served
from tests.support.services import database_place, running_service


@pytest.fixture(scope="module", params=DIALECTS)
async def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    """What surrounds the export service."""
    place = database_place(request, "export", tmp_path_factory)
    folder = tmp_path_factory.mktemp("peers")
    async with AsyncExitStack() as stack:
        auth_settings = AuthSettings(data_dir=folder, password_memory_kib=64, password_iterations=1)
        auth = await stack.enter_async_context(running_service("auth", auth_settings, auth_app.build))
        auth_url = await stack.enter_async_context(served(auth.host.admin))
        message_settings = MessageSettings(data_dir=folder, auth_internal_url=auth_url, send_burst=100_000)
        message = await stack.enter_async_context(running_service("message", message_settings, message_app.build))
        gate = Gate(message.host.admin)
        message_url = await stack.enter_async_context(served(gate))
        urls = {"auth_internal_url": auth_url, "message_internal_url": message_url}
        yield World(auth, message, gate, {**place, **urls})


@pytest.fixture(scope="module")
async def exports(world: World) -> AsyncIterator[Exports]:
    """An export service with the settings that it has by default."""
    async with world.exporting() as exports:
        yield exports
