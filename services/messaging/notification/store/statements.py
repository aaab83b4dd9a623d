"""Literals for the statements of the busiest tables, which are written out: the library's own for many rows cost more
than the database's work. Ids, numbers and times of our own making stand in the text; what a person has written goes by
a parameter. Both databases read these statements alike but where a function here says how.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel.ext.asyncio.session import AsyncSession

Pair = tuple[UUID, UUID]


class Statements:
    """Runs statements on a session's connection, in its database's words."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection
        self._is_sqlite = connection.dialect.name == "sqlite"
        self.mark = "?" if self._is_sqlite else "%s"
        self.greatest = "MAX" if self._is_sqlite else "GREATEST"
        self.join_in_order = "CROSS JOIN" if self._is_sqlite else "STRAIGHT_JOIN"

    @classmethod
    async def of(cls, session: AsyncSession) -> "Statements":
        """Those of a session's transaction."""
        return cls(await session.connection())

    async def rows(self, statement: str) -> Sequence[Sequence[Any]]:
        """What a query finds."""
        return (await self._connection.exec_driver_sql(statement)).all()

    async def run(self, statement: str, parameters: Sequence[str] = ()) -> None:
        """Run a statement, with what stands for its `mark`s."""
        await self._connection.exec_driver_sql(statement, tuple(parameters))

    def upsert(self, table: str, columns: Sequence[str], key: Sequence[str], rows: Iterable[str], update: str) -> str:
        """An insert of `rows` that does `update` where the key is there already; columns of the new row are `new.…`."""
        values = f"INSERT INTO {table} ({','.join(columns)}) VALUES {','.join(rows)}"
        if self._is_sqlite:
            return f"{values} ON CONFLICT ({','.join(key)}) DO UPDATE SET {update.replace('new.', 'excluded.')}"
        return f"{values} AS new ON DUPLICATE KEY UPDATE {update}"

    def ids_like(self, key: UUID) -> str:
        """An expression that gives every row an id of its own, of the time of `key`."""
        beginning = f"X'{key.hex[:18]}'"
        if self._is_sqlite:
            return f"CAST({beginning} || randomblob(7) AS BLOB)"
        return f"CONCAT({beginning}, RANDOM_BYTES(7))"

    def ids(self, keys: Iterable[UUID]) -> str:
        """The inside of a list of ids, for IN."""
        return ",".join(hexed(key) for key in sorted(keys))

    def pairs(self, pairs: Iterable[Pair]) -> str:
        """The inside of a list of pairs of ids, for IN."""
        return self._list(f"(X'{one.hex}',X'{other.hex}')" for one, other in sorted(pairs))

    def places(self, places: Iterable[tuple[UUID, int]]) -> str:
        """The inside of a list of pairs of an id and a number, for IN."""
        return self._list(f"(X'{key.hex}',{number})" for key, number in sorted(places))

    def _list(self, items: Iterable[str]) -> str:
        return ("VALUES " if self._is_sqlite else "") + ",".join(items)


def hexed(key: UUID) -> str:
    """An id."""
    return f"X'{key.hex}'"


def timed(moment: datetime | None) -> str:
    """A time."""
    return "NULL" if moment is None else f"'{moment.astimezone(UTC).strftime('%Y-%m-%d %H:%M:%S.%f')}'"


def read_time(value: Any) -> datetime | None:
    """A time as either driver gives it."""
    if value is None:
        return None
    moment = value if isinstance(value, datetime) else datetime.fromisoformat(value)
    return moment.replace(tzinfo=UTC)
