"""A small service of the tests' own on the real kernel: one table of notes, one event, one consumer."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from messaging.kernel.database import Database, open_database
from messaging.kernel.inbox import inbox
from messaging.kernel.outbox import kernel_tables
from messaging.kernel.settings import ServiceSettings

assert inbox.metadata is kernel_tables


class SetClock:
    """A clock that stands where a test puts it."""

    def __init__(self) -> None:
        self.moment = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)

    def now(self) -> datetime:
        """The moment as last set."""
        return self.moment

    def advance(self, by: timedelta) -> None:
        """Go forward."""
        self.moment += by


@pytest.fixture
def clock() -> SetClock:
    """A fake clock."""
    return SetClock()


@pytest.fixture(scope="module")
async def sqlite(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Database]:
    """A SQLite database with the kernel's tables."""
    folder: Path = tmp_path_factory.mktemp("kernel")
    database = open_database(ServiceSettings(data_dir=folder), "kernel")
    await _create(database)
    yield database
    await database.close()


async def _create(database: Database) -> None:
    async with database.engine.begin() as connection:
        await connection.run_sync(kernel_tables.create_all)
