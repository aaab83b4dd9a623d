"""Tables and their versions: Alembic, one environment per service, one set of revisions for both databases.

A revision's id begins with its release: `r1_01`, `r1_02`, `r2_01` … Expand in release N, contract in N+1, so the
code of release N works on the head of N+1 too and refuses what is newer still.
"""

import re
from importlib.resources import files
from pathlib import Path

import structlog
from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from messaging.kernel.database import Database
from messaging.kernel.errors import ConfigurationError
from messaging.migrations import RELEASE

log = structlog.get_logger(__name__)

LOCK_WAIT_S = 60
_RELEASE = re.compile(r"^r(\d+)_\d+$")


def alembic_config(service: str) -> Config:
    """Alembic's configuration of one service, without a file."""
    config = Config()
    config.set_main_option("script_location", str(Path(str(files("messaging.migrations").joinpath(service)))))
    config.set_main_option("path_separator", "os")
    return config


async def migrate(database: Database, service: str) -> str:
    """Bring the tables to the head that this code knows and return its id; waits for another that does the same.

    Raises:
        ConfigurationError: the database is two or more releases newer than the code.
    """
    async with database.engine.connect() as connection:
        if not database.is_sqlite:
            await connection.execute(text("SELECT GET_LOCK('messaging_migrate', :wait)"), {"wait": LOCK_WAIT_S})
            await connection.commit()
        try:
            return await connection.run_sync(_upgrade, service)
        finally:
            await connection.rollback()
            if not database.is_sqlite:
                await connection.execute(text("SELECT RELEASE_LOCK('messaging_migrate')"))
                await connection.commit()


def _upgrade(connection: Connection, service: str) -> str:
    config = alembic_config(service)
    head = ScriptDirectory.from_config(config).get_current_head() or ""
    current = _current(connection)
    connection.rollback()
    if current is not None and not _is_known(config, current):
        _refuse_too_new(current, service)
        log.info("schema_is_newer", service=service, revision=current)
        return current
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
    connection.commit()
    return head


async def check_schema(database: Database, service: str) -> None:
    """Make sure that this code can work on the tables as they are.

    Raises:
        ConfigurationError: not migrated yet, or two or more releases newer than the code.
    """
    try:
        async with database.engine.connect() as connection:
            current = await connection.run_sync(_current)
    except DBAPIError:
        return  # away, not wrong: readiness says so, and the pool connects when it is back
    config = alembic_config(service)
    if current is not None and not _is_known(config, current):
        _refuse_too_new(current, service)
        return
    head = ScriptDirectory.from_config(config).get_current_head()
    if current != head:
        raise ConfigurationError(
            f"database of {service} is at revision {current or 'none'}, this code needs {head}: "
            f"run `messaging migrate {service}` first"
        )


def _current(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _is_known(config: Config, revision: str) -> bool:
    return any(script.revision == revision for script in ScriptDirectory.from_config(config).walk_revisions())


def _refuse_too_new(revision: str, service: str) -> None:
    found = _RELEASE.match(revision)
    if found is None or int(found.group(1)) > RELEASE + 1:
        raise ConfigurationError(
            f"database of {service} is at revision {revision}, this code is of release {RELEASE} and works up to "
            f"release {RELEASE + 1}: run a newer version of the platform"
        )
