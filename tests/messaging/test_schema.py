"""The revisions make exactly the tables that the code names: columns, keys and indexes, on both databases."""

from importlib import import_module
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from messaging.kernel.database import open_database
from messaging.kernel.inbox import inbox
from messaging.kernel.migrate import migrate
from messaging.kernel.outbox import kernel_tables
from messaging.kernel.settings import ServiceSettings, load_settings
from messaging.openapi import SERVICES
from sqlalchemy import Connection, MetaData

from tests.support.databases import DIALECTS, fresh_database_settings

assert inbox.metadata is kernel_tables


def differences(connection: Connection, wanted: list[MetaData]) -> list[Any]:
    """What would have to be changed to come from the database to the code."""
    context = MigrationContext.configure(connection, opts={"compare_type": False})
    return list(compare_metadata(context, wanted))  # type: ignore[arg-type]  # a list is taken too


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize("dialect", DIALECTS)
async def test_the_migrated_database_has_the_tables_of_the_code(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, dialect: Any, service: str
) -> None:
    mysql = request.getfixturevalue("mysql_server") if dialect == "mysql" else None
    folder = tmp_path_factory.mktemp("data")
    values = fresh_database_settings(dialect, folder=folder, mysql=mysql, service=service)
    database = open_database(load_settings(ServiceSettings, **values), service)
    await migrate(database, service)
    tables: MetaData = import_module(f"messaging.{service}.tables").Base.metadata
    async with database.engine.connect() as connection:
        found = await connection.run_sync(differences, [tables, kernel_tables])
    await database.close()
    assert [item for item in found if "inbox" not in str(item)] == []
