"""Statements that travel together are one transaction like any other, whatever ends it."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from messaging.kernel.database import Database, is_transient
from messaging.kernel.inbox import inbox
from messaging.kernel.pipeline import Pipeline, Pipelines, Statement
from sqlalchemy import delete, select
from sqlalchemy.exc import DBAPIError, IntegrityError

CONSUMER = "pipeline's tests"


@pytest.fixture
async def pipelines(database: Database) -> AsyncIterator[Pipelines]:
    async for made in _running(database):
        yield made


@pytest.fixture
async def on_mysql(mysql: Database) -> AsyncIterator[Pipelines]:
    async for made in _running(mysql):
        yield made


async def _running(database: Database) -> AsyncIterator[Pipelines]:
    async with database.writing() as session:
        await session.execute(delete(inbox))
    made = Pipelines(database)
    keeping = asyncio.create_task(made.run())
    yield made
    keeping.cancel()
    await asyncio.gather(keeping, return_exceptions=True)


def insertion(pipeline: Pipeline, key: UUID, consumer: str = CONSUMER) -> Statement:
    marks = ", ".join([pipeline.mark] * 3)
    text = f"INSERT INTO inbox (consumer, event_id, received_at) VALUES ({marks})"
    return Statement(text, (consumer, key.bytes, "2026-11-24 10:00:00.000000"))


SELECTION = Statement("SELECT consumer FROM inbox ORDER BY consumer")


async def test_each_statement_gives_its_rows_in_order(pipelines: Pipelines) -> None:
    async with pipelines.transaction() as pipeline:
        before, inserted, after, number = await pipeline.run(
            SELECTION, insertion(pipeline, uuid4(), "it's %s; --"), SELECTION, Statement("SELECT 7, NULL")
        )

    assert [list(map(tuple, rows)) for rows in (before, inserted, after)] == [[], [], [("it's %s; --",)]]
    assert [tuple(row) for row in number] == [(7, None)]


async def test_it_is_committed_at_the_end_and_seen_by_others_then(pipelines: Pipelines, database: Database) -> None:
    async with pipelines.transaction() as pipeline:
        await pipeline.run(insertion(pipeline, uuid4()))
        if not pipeline.is_sqlite:
            assert await _count(database) == 0
    assert await _count(database) == 1


async def test_a_session_sees_and_adds_to_the_same_transaction(pipelines: Pipelines, database: Database) -> None:
    async def both_and_fail() -> None:
        async with pipelines.transaction() as pipeline:
            await pipeline.run(insertion(pipeline, uuid4()))
            assert len((await pipeline.session.execute(select(inbox.c.event_id))).all()) == 1
            await pipeline.run(insertion(pipeline, uuid4()))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await both_and_fail()
    assert await _count(database) == 0

    async with pipelines.transaction() as pipeline:
        assert (await pipeline.session.execute(select(inbox.c.event_id))).all() == []
        await pipeline.run(insertion(pipeline, uuid4()))
    assert await _count(database) == 1


async def test_what_fails_undoes_what_stood_before_it_and_runs_nothing_behind_it(
    pipelines: Pipelines, database: Database
) -> None:
    async def twice(key: UUID) -> None:
        async with pipelines.transaction() as pipeline:
            await pipeline.run(insertion(pipeline, key), insertion(pipeline, key), insertion(pipeline, uuid4()))

    with pytest.raises(IntegrityError) as caught:
        await twice(uuid4())

    assert not is_transient(caught.value)
    assert CONSUMER not in str(caught.value).split("[SQL")[-1], "parameters are people's texts"
    assert await _count(database) == 0
    async with pipelines.transaction() as pipeline:
        await pipeline.run(insertion(pipeline, uuid4()))
    assert await _count(database) == 1


async def test_a_cancelled_transaction_leaves_nothing_and_the_next_one_is_well(
    on_mysql: Pipelines, mysql: Database
) -> None:
    async def slow() -> None:
        async with on_mysql.transaction(within=timedelta(seconds=0.3)) as pipeline:
            await pipeline.run(insertion(pipeline, uuid4()), Statement("SELECT SLEEP(2)"))

    with pytest.raises(TimeoutError):
        await slow()

    async with on_mysql.transaction() as pipeline:
        (rows,) = await pipeline.run(Statement("SELECT 5"))
    assert [tuple(row) for row in rows] == [(5,)]
    assert await _count(mysql) == 0


async def test_a_connection_that_was_killed_is_told_as_such_and_replaced(on_mysql: Pipelines, mysql: Database) -> None:
    async with on_mysql.transaction() as pipeline:
        ((number,),) = (await pipeline.run(Statement("SELECT CONNECTION_ID()")))[0]

    async def use_the_dead_one() -> None:
        async with on_mysql.transaction() as pipeline:
            await pipeline.run(Statement("SELECT 1"))

    async with mysql.writing() as session:
        await (await session.connection()).exec_driver_sql(f"KILL {number}")
    with pytest.raises(DBAPIError) as caught:
        await use_the_dead_one()
    assert is_transient(caught.value)

    await use_the_dead_one()


async def test_one_connection_serves_one_transaction_after_the_other(on_mysql: Pipelines) -> None:
    numbers = set()
    for _ in range(5):
        async with on_mysql.transaction() as pipeline:
            ((number,),) = (await pipeline.run(Statement("SELECT CONNECTION_ID()")))[0]
            numbers.add(number)

    assert len(numbers) == 1


async def _count(database: Database) -> int:
    async with database.reading() as session:
        return len((await session.execute(select(inbox.c.event_id))).all())
