"""One service's database: MySQL by aiomysql, or a SQLite file by aiosqlite, behind the same two context managers.

Every store gets its session from here. What differs between the databases (locks, upserts, time-outs) is in this
module and in `upsert.py`; what differs in tables is in `columns.py`.
"""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import sqlalchemy.ext.asyncio
import sqlalchemy.orm
import sqlmodel
import structlog
from sqlalchemy import URL, event, text
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlmodel.ext.asyncio.session import AsyncSession

from messaging.kernel.errors import ConfigurationError
from messaging.kernel.settings import ServiceSettings

log = structlog.get_logger(__name__)

TRANSACTION = timedelta(seconds=15)
"""How long a transaction may take: a database that stands still answers nothing, and the driver waits for ever."""
PING = timedelta(seconds=3)

MYSQL_SESSION = "SET SESSION innodb_lock_wait_timeout = 3, time_zone = '+00:00', sql_mode = 'STRICT_TRANS_TABLES'"


class _SyncSession(sqlmodel.Session):
    """SQLModel's session with SQLAlchemy's `execute`, which tables without a model need."""

    execute = sqlalchemy.orm.Session.execute


class Session(AsyncSession):
    """The session of every store: `exec` for models, `execute` for statements on bare tables."""

    sync_session_class = _SyncSession
    execute = sqlalchemy.ext.asyncio.AsyncSession.execute


class Database:
    """A pool of connections and the transactions on them.

    `writing()` is one durable transaction; `reading()` sees one state of the data and writes nothing. In SQLite one
    writer at a time holds the file, queued in this process rather than by busy waiting.
    """

    def __init__(self, engine: AsyncEngine) -> None:
        self.engine = engine
        self.is_sqlite = engine.dialect.name == "sqlite"
        self._reader = engine.execution_options(messaging_reading=True)
        self._writer = asyncio.Lock()

    @asynccontextmanager
    async def writing(self, within: timedelta | None = TRANSACTION) -> AsyncIterator[AsyncSession]:
        """One transaction that commits at the end of the block and rolls back on any exception.

        Raises:
            TimeoutError: it took longer than `within`; whether it was committed is then not known.
        """
        async with asyncio.timeout(_seconds(within)), AsyncExitStack() as stack:
            if self.is_sqlite:
                await stack.enter_async_context(self._writer)
            session = await stack.enter_async_context(Session(self.engine, expire_on_commit=False))
            async with session.begin():
                yield session

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncSession]:
        """One transaction that only reads."""
        async with Session(self._reader, expire_on_commit=False) as session, session.begin():
            yield session

    async def ping(self) -> None:
        """Ask the database something.

        Raises:
            sqlalchemy.exc.SQLAlchemyError: it refuses.
            TimeoutError: it does not answer.
        """
        async with asyncio.timeout(PING.total_seconds()), self._reader.connect() as connection:
            await connection.execute(text("SELECT 1"))

    async def check_durability(self) -> None:
        """Warn where an acknowledged write could be lost by a crash of the database."""
        if self.is_sqlite:
            return
        async with self.engine.connect() as connection:
            row = (
                await connection.execute(
                    text("SELECT @@innodb_flush_log_at_trx_commit, @@log_bin, @@sync_binlog, @@innodb_doublewrite")
                )
            ).one()
        if int(row[0]) != 1 or (int(row[1]) == 1 and int(row[2]) != 1):
            log.warning(
                "database_not_durable",
                innodb_flush_log_at_trx_commit=row[0],
                sync_binlog=row[2],
                advice="set both to 1, or a crash of the database loses acknowledged messages",
            )

    async def close(self) -> None:
        """Close all connections."""
        await self.engine.dispose()


def open_database(settings: ServiceSettings, service: str) -> Database:
    """Make the database that the settings name; connects at first use.

    Raises:
        ConfigurationError: the data folder cannot be written.
    """
    if settings.database_host:
        return Database(_mysql_engine(settings, service))
    return Database(_sqlite_engine(settings.data_dir, service))


def is_transient(error: BaseException) -> bool:
    """Tell whether the same work may succeed later: no connection, a dead one, a lock not had in time."""
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        return True
    return isinstance(error, OperationalError | TimeoutError | ConnectionError) or (
        type(error).__module__ == "sqlalchemy.exc" and type(error).__name__ in {"TimeoutError", "InterfaceError"}
    )


def _seconds(within: timedelta | None) -> float | None:
    return None if within is None else within.total_seconds()


def _mysql_engine(settings: ServiceSettings, service: str) -> AsyncEngine:
    url = URL.create(
        "mysql+aiomysql",
        username=settings.database_username,
        password=settings.database_password.get_secret_value(),
        host=settings.database_host,
        port=settings.database_port,
        database=settings.database_name or service,
        query={"charset": "utf8mb4"},
    )
    arguments: dict[str, Any] = {"connect_timeout": 5, "init_command": MYSQL_SESSION, "local_infile": 0}
    if settings.database_tls == "required":
        arguments["ssl"] = ssl.create_default_context()
    return create_async_engine(
        url,
        connect_args=arguments,
        isolation_level="READ COMMITTED",
        pool_size=settings.database_pool_size,
        max_overflow=0,
        pool_pre_ping=True,
        pool_timeout=5,
        pool_recycle=1800,
        hide_parameters=True,
    )


def _sqlite_engine(folder: Path, service: str) -> AsyncEngine:
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        probe = folder / ".writable"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise ConfigurationError(
            f"data folder {folder}: {error.strerror}; give a folder that this user can write by --data-dir"
        ) from None
    engine = create_async_engine(
        URL.create("sqlite+aiosqlite", database=str(folder / f"{service}.db")),
        connect_args={"timeout": 10},
        pool_size=5,
        max_overflow=0,
        hide_parameters=True,
    )
    event.listen(engine.sync_engine, "connect", _prepare_sqlite)
    event.listen(engine.sync_engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # the driver's own BEGIN comes too late for a read that a write follows
    cursor = connection.cursor()
    for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON", "busy_timeout = 10000"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    reading = connection.get_execution_options().get("messaging_reading", False)
    connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")
