"""Migrations make exactly the tables that the code works on, in both databases."""

from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from messaging.kernel.database import open_database
from messaging.kernel.migrate import migrate
from messaging.kernel.purging import purges
from messaging.kernel.settings import ServiceSettings
from messaging.openapi import SERVICES
from sqlalchemy import Connection

from tests.support.databases import DIALECTS, Dialect, fresh_database_settings

REFLECTED_OTHERWISE = {"sqlite": {"modify_type"}, "mysql": set()}
"""SQLite keeps no exact types to compare with."""


def differences(connection: Connection, service: str) -> list[Any]:
    """What a further migration would have to change."""
    tables = import_module(f"messaging.{service}.tables").Base.metadata
    context = MigrationContext.configure(connection)
    found = compare_metadata(context, [tables, purges.metadata])  # type: ignore[arg-type]  # a sequence is allowed
    flat = [change for entry in found for change in (entry if isinstance(entry, list) else [entry])]
    return [change for change in flat if change[0] not in REFLECTED_OTHERWISE[connection.dialect.name]]


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("service", SERVICES)
async def test_the_migrated_tables_are_those_of_the_code(
    request: pytest.FixtureRequest, tmp_path: Path, service: str, dialect: Dialect
) -> None:
    mysql = request.getfixturevalue("mysql_server") if dialect == "mysql" else None
    settings = ServiceSettings(**fresh_database_settings(dialect, folder=tmp_path, mysql=mysql, service=service))
    database = open_database(settings, service)
    try:
        for _ in range(2):
            await migrate(database, service)
        async with database.engine.connect() as connection:
            assert await connection.run_sync(differences, service) == []
    finally:
        await database.close()
