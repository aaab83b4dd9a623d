"""Transactions of few round trips: to MySQL several statements travel together, over a connection that is kept at hand.

A small transaction costs its round trips more than its work, and the ways of a pool add a ping before it and a reset
after it. What is done hundreds of times a second (`message/store/sends.py`) goes this way; all else by sessions.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

import pymysql.err
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel.ext.asyncio.session import AsyncSession

from messaging.kernel.database import TRANSACTION, Database, Session

IDLE_S: Final = 10.0
"""How long a connection is kept at hand without work, before it goes back to the pool for others."""

Rows = Sequence[Sequence[Any]]


@dataclass(frozen=True)
class Statement:
    """SQL with the driver's own marks for parameters (`Pipeline.mark`); a literal `%` in it must be doubled."""

    text: str
    parameters: tuple[Any, ...] = ()


class Pipeline:
    """One transaction: `run` for statements together, `session` for what is rarely needed."""

    def __init__(self, connection: AsyncConnection, session: AsyncSession | None = None) -> None:
        self._connection = connection
        self._session = session
        self._driver: Any = None
        self._is_open = True
        self.is_sqlite = connection.dialect.name == "sqlite"
        self.mark = "?" if self.is_sqlite else "%s"

    @property
    def session(self) -> AsyncSession:
        """A session within this transaction."""
        if self._session is None:
            self._session = Session(bind=self._connection, expire_on_commit=False)
        return self._session

    async def run(self, *statements: Statement, commit: bool = False) -> list[Rows]:
        """Run statements in their order and return the rows of each; MySQL gets them at once.

        With `commit` MySQL commits behind them, without a round trip of its own; what is read afterwards is another
        transaction. SQLite commits at the end of the block, as ever.

        Raises:
            sqlalchemy.exc.DBAPIError: one failed; those behind it were not run.
        """
        if self.is_sqlite:
            return [await self._run_one(statement) for statement in statements]
        self._tell_listeners(statements)
        texts = [statement.text for statement in statements]
        parameters = tuple(value for statement in statements for value in statement.parameters)
        found = await self._send(";".join([*texts, "COMMIT"] if commit else texts), parameters)
        self._is_open = not commit
        return found[: len(texts)]

    async def end(self) -> None:
        """Commit what was not committed by `run`, where that is not SQLite's own session's business.

        Raises:
            sqlalchemy.exc.DBAPIError: it may have been committed or not.
        """
        if self._is_open:
            await self._send("COMMIT", ())
        if self._session is not None:
            await self._session.close()

    def _tell_listeners(self, statements: Sequence[Statement]) -> None:
        connection = self._connection.sync_connection
        assert connection is not None  # noqa: S101 - it is open
        for listener in connection.dispatch.before_cursor_execute:
            for statement in statements:
                listener(connection, None, statement.text, statement.parameters, None, False)

    async def _run_one(self, statement: Statement) -> Rows:
        result = await self._connection.exec_driver_sql(statement.text, statement.parameters)
        return result.all() if result.returns_rows else []

    async def _send(self, text: str, parameters: tuple[Any, ...]) -> list[Rows]:
        try:
            if self._driver is None:
                self._driver = (await self._connection.get_raw_connection()).driver_connection
            cursor = await self._driver.cursor()
            await cursor.execute(text, parameters or None)
            found: list[Rows] = [await cursor.fetchall()]
            while await cursor.nextset():
                found.append(await cursor.fetchall())
        except pymysql.err.MySQLError as error:
            raise await self._translated(error, text) from error
        except BaseException:
            await self._connection.invalidate()  # an answer may still be on its way
            raise
        return found

    async def _translated(self, error: pymysql.err.MySQLError, text: str) -> BaseException:
        """The library's own exception; never with the parameters, which are people's texts."""
        gone = self._connection.dialect.is_disconnect(error, None, None)
        if gone:
            await self._connection.invalidate(error)
        translated: BaseException = DBAPIError.instance(
            text,
            None,
            error,
            pymysql.err.MySQLError,
            hide_parameters=True,
            connection_invalidated=gone,
            dialect=self._connection.dialect,
        )
        return translated


class Pipelines:
    """The connections at hand of one database."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._idle: list[tuple[float, AsyncConnection]] = []

    @asynccontextmanager
    async def transaction(self, within: timedelta = TRANSACTION) -> AsyncIterator[Pipeline]:
        """One durable transaction that commits at the end of the block and rolls back on any exception.

        Raises:
            TimeoutError: it took longer than `within`; whether it was committed is then not known.
        """
        if self._database.is_sqlite:
            async with self._database.writing(within) as session:
                yield Pipeline(await session.connection(), session)
            return
        async with asyncio.timeout(within.total_seconds()):
            connection = self._idle.pop()[1] if self._idle else await self._database.engine.connect()
            try:
                pipeline = Pipeline(connection)
                yield pipeline
                await pipeline.end()
            except BaseException:
                await connection.close()  # which rolls back
                raise
        self._idle.append((asyncio.get_running_loop().time(), connection))

    async def run(self) -> None:
        """Give connections without work back to the pool; all of them at the end."""
        loop = asyncio.get_running_loop()
        try:
            while True:
                await asyncio.sleep(IDLE_S / 2)
                while self._idle and self._idle[0][0] < loop.time() - IDLE_S:
                    await self._idle.pop(0)[1].close()
        finally:
            while self._idle:
                await self._idle.pop()[1].close()
