"""Inserts that meet rows which are there already, and locking reads, in MySQL's and SQLite's words."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Insert, Select, Table, case
from sqlalchemy.dialects import mysql, sqlite
from sqlmodel.ext.asyncio.session import AsyncSession


def _is_sqlite(session: AsyncSession) -> bool:
    return session.get_bind().dialect.name == "sqlite"


def insert_missing(session: AsyncSession, table: Table, rows: Sequence[Mapping[str, Any]]) -> Insert:
    """An insert of `rows` that leaves rows with the same key as they are."""
    if _is_sqlite(session):
        return sqlite.insert(table).values(list(rows)).on_conflict_do_nothing()
    # Not INSERT IGNORE: that would also swallow truncation and missing values.
    key = next(iter(table.primary_key.columns))
    return mysql.insert(table).values(list(rows)).on_duplicate_key_update({key.name: key})


def insert_or_replace(
    session: AsyncSession, table: Table, rows: Sequence[Mapping[str, Any]], *, update: Sequence[str]
) -> Insert:
    """An insert of `rows` that sets the columns `update` of rows with the same primary key."""
    if _is_sqlite(session):
        statement = sqlite.insert(table).values(list(rows))
        return statement.on_conflict_do_update(
            index_elements=list(table.primary_key.columns), set_={name: statement.excluded[name] for name in update}
        )
    mysql_statement = mysql.insert(table).values(list(rows))
    return mysql_statement.on_duplicate_key_update({name: mysql_statement.inserted[name] for name in update})


def insert_or_renew(
    session: AsyncSession, table: Table, rows: Sequence[Mapping[str, Any]], *, update: Sequence[str], newer: str
) -> Insert:
    """Like `insert_or_replace`, but a row whose column `newer` is as great already stays as it is.

    So whoever writes last, the newest version remains, also where two insert the same row at once.
    """
    names = [*(name for name in update if name != newer), newer]  # MySQL assigns in this order: the test stays true
    if _is_sqlite(session):
        statement = sqlite.insert(table).values(list(rows))
        return statement.on_conflict_do_update(
            index_elements=list(table.primary_key.columns),
            set_={name: statement.excluded[name] for name in names},
            where=statement.excluded[newer] > table.c[newer],
        )
    mysql_statement = mysql.insert(table).values(list(rows))
    new = mysql_statement.inserted
    renewed = [(name, case((new[newer] > table.c[newer], new[name]), else_=table.c[name])) for name in names]
    return mysql_statement.on_duplicate_key_update(renewed)


def locked(session: AsyncSession, query: Select[Any], *, skip_locked: bool = False) -> Select[Any]:
    """`query` with its rows locked until the transaction ends; a SQLite writer holds the whole file anyway."""
    return query if _is_sqlite(session) else query.with_for_update(skip_locked=skip_locked)
