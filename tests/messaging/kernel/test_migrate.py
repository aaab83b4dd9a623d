"""Tables come to the head from nothing on both databases; a database that is too new or too old is refused clearly."""

from typing import Any

import pytest
from messaging.kernel.database import Database, open_database
from messaging.kernel.errors import ConfigurationError
from messaging.kernel.migrate import check_schema, migrate
from messaging.kernel.settings import ServiceSettings, load_settings
from messaging.openapi import SERVICES
from sqlalchemy import inspect, text

from tests.support.databases import DIALECTS, fresh_database_settings


@pytest.fixture(params=DIALECTS)
def empty(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The settings of a new empty database of each kind."""
    mysql = request.getfixturevalue("mysql_server") if request.param == "mysql" else None
    return fresh_database_settings(request.param, folder=tmp_path_factory.mktemp("data"), mysql=mysql, service="auth")


def opened(values: dict[str, Any]) -> Database:
    return open_database(load_settings(ServiceSettings, **values), "auth")


async def set_revision(database: Database, revision: str) -> None:
    async with database.writing() as session:
        await session.execute(text("UPDATE alembic_version SET version_num = :revision"), {"revision": revision})


@pytest.mark.parametrize("service", SERVICES)
async def test_every_service_migrates_from_nothing_and_again(empty: dict[str, Any], service: str) -> None:
    database = opened(empty)

    first = await migrate(database, service)
    second = await migrate(database, service)
    await check_schema(database, service)

    assert first == second
    async with database.engine.connect() as connection:
        tables = await connection.run_sync(lambda sync: inspect(sync).get_table_names())
    assert {"outbox", "alembic_version"} <= set(tables)
    await database.close()


async def test_an_empty_database_is_refused_with_the_command_that_helps(empty: dict[str, Any]) -> None:
    database = opened(empty)

    with pytest.raises(ConfigurationError, match="messaging migrate auth"):
        await check_schema(database, "auth")
    await database.close()


async def test_a_database_of_the_next_release_serves(empty: dict[str, Any]) -> None:
    database = opened(empty)
    await migrate(database, "auth")
    await set_revision(database, "r2_07")

    await check_schema(database, "auth")

    assert await migrate(database, "auth") == "r2_07"
    await database.close()


@pytest.mark.parametrize("revision", ["r3_01", "somebody-else's"])
async def test_a_database_two_releases_newer_is_refused(empty: dict[str, Any], revision: str) -> None:
    database = opened(empty)
    await migrate(database, "auth")
    await set_revision(database, revision)

    with pytest.raises(ConfigurationError, match="newer version"):
        await check_schema(database, "auth")
    with pytest.raises(ConfigurationError, match="newer version"):
        await migrate(database, "auth")
    await database.close()
