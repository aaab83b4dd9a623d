"""A small service of the tests' own on the real kernel: one table of notes, one event, one consumer."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from messaging.kernel.database import Database, open_database
from messaging.kernel.inbox import inbox
from messaging.kernel.outbox import kernel_tables
from messaging.kernel.settings import ServiceSettings, load_settings

from tests.support.clock import SetClock
from tests.support.databases import DIALECTS, fresh_database_settings, mysql_settings
from tests.support.mysql import MySQLServer

assert inbox.metadata is kernel_tables


@pytest.fixture
def clock() -> SetClock:
    """A fake clock."""
    return SetClock()


@pytest.fixture(scope="module")
async def sqlite(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Database]:
    """A SQLite database with the kernel's tables."""
    async with _opened({"data_dir": tmp_path_factory.mktemp("kernel")}) as database:
        yield database


@pytest.fixture(scope="module")
async def mysql(mysql_server: MySQLServer) -> AsyncIterator[Database]:
    """A MySQL database with the kernel's tables."""
    async with _opened(mysql_settings(mysql_server.fresh_database("user"))) as database:
        yield database


@pytest.fixture(scope="module", params=DIALECTS)
async def database(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Database]:
    """A database of each kind with the kernel's tables."""
    mysql = request.getfixturevalue("mysql_server") if request.param == "mysql" else None
    folder = tmp_path_factory.mktemp("kernel")
    async with _opened(fresh_database_settings(request.param, folder=folder, mysql=mysql, service="user")) as database:
        yield database


@asynccontextmanager
async def _opened(values: dict[str, Any]) -> AsyncIterator[Database]:
    database = open_database(load_settings(ServiceSettings, **values), "kernel")
    async with database.engine.begin() as connection:
        await connection.run_sync(kernel_tables.create_all)
    yield database
    await database.close()
