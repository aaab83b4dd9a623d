"""The message service on both databases, and people who use it."""

from collections.abc import AsyncIterator

import pytest

from tests.messaging.message.world import World, open_world
from tests.support.databases import DIALECTS
from tests.support.services import database_place


@pytest.fixture(scope="module", params=DIALECTS)
async def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    """One replica, served on a loopback port, with a database of its own."""
    place = database_place(request, "message", tmp_path_factory)
    async with open_world(place) as made:
        yield made
