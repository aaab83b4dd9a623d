"""A transaction is all or nothing, one SQLite writer waits for another, and an unwritable folder is one clear line."""

import asyncio
from pathlib import Path

import pytest
from messaging.kernel.database import Database, is_transient, open_database
from messaging.kernel.errors import ConfigurationError
from messaging.kernel.outbox import outbox
from messaging.kernel.settings import ServiceSettings
from sqlalchemy import func, select, text
from sqlalchemy.exc import OperationalError


async def test_what_raises_inside_a_transaction_leaves_nothing(database: Database) -> None:
    before = await _count(database)

    async def write_and_fail() -> None:
        async with database.writing() as session:
            await session.execute(_INSERT)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await write_and_fail()

    assert await _count(database) == before


async def test_many_writers_queue_instead_of_failing(database: Database) -> None:
    before = await _count(database)

    async def write() -> None:
        async with database.writing() as session:
            await session.execute(_INSERT)
            await asyncio.sleep(0.001)

    await asyncio.gather(*(write() for _ in range(50)))

    assert await _count(database) == before + 50


async def test_a_reader_of_sqlite_sees_one_state_while_others_write(sqlite: Database) -> None:
    async with sqlite.reading() as session:
        first = (await session.execute(select(func.count()).select_from(outbox))).scalar_one()
        async with sqlite.writing() as writer:
            await writer.execute(_INSERT)
        second = (await session.execute(select(func.count()).select_from(outbox))).scalar_one()

    assert first == second


async def test_sqlite_is_as_durable_as_it_can_be(sqlite: Database) -> None:
    async with sqlite.reading() as session:
        mode = (await session.execute(text("PRAGMA journal_mode"))).scalar_one()
        synchronous = (await session.execute(text("PRAGMA synchronous"))).scalar_one()

    assert (mode, synchronous) == ("wal", 2)


async def test_mysql_commits_durably_and_reads_what_is_committed(mysql: Database) -> None:
    async with mysql.reading() as session:
        row = (
            await session.execute(
                text("SELECT @@transaction_isolation, @@innodb_lock_wait_timeout, @@innodb_flush_log_at_trx_commit")
            )
        ).one()

    assert tuple(row) == ("READ-COMMITTED", 3, 1)


def test_a_data_folder_that_is_a_file_is_refused_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("not a folder")

    with pytest.raises(ConfigurationError, match="--data-dir") as caught:
        open_database(ServiceSettings(data_dir=tmp_path / "data"), "auth")

    assert "\n" not in str(caught.value)


def test_a_lost_connection_is_transient_and_a_wrong_value_is_not() -> None:
    assert is_transient(OperationalError("SELECT 1", {}, Exception("gone away")))
    assert is_transient(ConnectionResetError())
    assert not is_transient(ValueError("no"))


_INSERT = text(
    "INSERT INTO outbox (event_id, routing_key, body, occurred_at, attempts) "
    "VALUES ('0123456789abcdef', 'test', '{}', '2026-11-24 10:00:00.000000', 0)"
)


async def _count(database: Database) -> int:
    async with database.reading() as session:
        return int((await session.execute(select(func.count()).select_from(outbox))).scalar_one())
