"""What a service asks of MySQL, and how MySQL would find it: each table by an index, few rows looked at."""

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine

Asked = tuple[str, Any]
"""A statement and its parameters."""


@contextmanager
def noted(engine: AsyncEngine, seen: list[Asked]) -> Iterator[None]:
    """Put every statement into `seen` inside the block."""

    def note(_c: object, _cursor: object, statement: str, parameters: Any, *_more: object) -> None:
        seen.append((statement, parameters))

    event.listen(engine.sync_engine, "before_cursor_execute", note)
    yield
    event.remove(engine.sync_engine, "before_cursor_execute", note)


def about(tables: Collection[str], seen: Sequence[Asked]) -> list[Asked]:
    """Those statements that look for rows of `tables`."""
    found = []
    for statement, parameters in seen:
        words = statement.replace("`", "").split()
        if words[0] in ("SELECT", "UPDATE", "DELETE") and any(word in tables for word in words):
            found.append((statement, parameters))
    return found


def goes_by_index(line: Any, most_rows: int) -> bool:
    """Whether a line of a plan finds its rows by an index, and looks at few."""
    if line["table"] is None or line["table"].startswith("<"):
        return True  # nothing can be there, or the rows of another line
    return line["type"] not in ("ALL", "index") and line["key"] is not None and line["rows"] <= most_rows


async def bad_plans(
    engine: AsyncEngine, asked: Sequence[Asked], is_good: Callable[[Any, str], bool]
) -> list[tuple[dict[str, Any], str]]:
    """Return the lines of plans, with their statements, that are not good."""
    bad = []
    async with engine.connect() as connection:
        for statement, parameters in asked:
            explained = await connection.exec_driver_sql(f"EXPLAIN FORMAT=TRADITIONAL {statement}", parameters)
            bad += [(dict(line), statement) for line in explained.mappings() if not is_good(line, statement)]
        await connection.rollback()
    return bad
