"""The plans of the user service's statements on MySQL: each table by an index, few rows looked at of thousands."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from messaging.kernel.ids import new_id
from messaging.user.tables import LastSeenRow, ProfileRow, RelationRow, ReportRow, RequestRow
from sqlalchemy import Table, insert, text
from sqlmodel import SQLModel

from tests.messaging.user.conftest import CREATED_AT, Users, open_users
from tests.support.databases import mysql_settings
from tests.support.mysql import MySQLServer
from tests.support.plans import about, bad_plans, goes_by_index, noted
from tests.support.tokens import Person

PEOPLE, RELATED = 3000, 1000
OWN_TABLES = ("profile", "relation", "contact_request", "last_seen", "report")
MAX_ROWS = 2 * RELATED + 200
"""All contacts and blocks of one person, and what an estimate may be off by."""


@dataclass
class Filled:
    """A service with thousands of people; `ada` has a thousand contacts, blocks and requests each."""

    users: Users
    ada: Person
    others: list[UUID]
    seen: list[tuple[str, Any]] = field(default_factory=list)


@pytest.fixture(scope="module")
async def filled(mysql_server: MySQLServer, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Filled]:
    place = {"data_dir": tmp_path_factory.mktemp("user"), **mysql_settings(mysql_server.fresh_database("user"))}
    async with open_users(place, max_reports_per_day=10_000, max_outgoing_requests=10_000) as users:
        made = Filled(users, await users.known(), [new_id() for _ in range(PEOPLE)])
        await _fill(made)

        with noted(users.service.host.runtime.database.engine, made.seen):
            yield made


async def _fill(at: Filled) -> None:
    database, ada = at.users.service.host.runtime.database, at.ada.id
    contacts, blocked, asking = (at.others[start : start + RELATED] for start in (0, RELATED, 2 * RELATED))
    moments = [CREATED_AT + timedelta(seconds=number) for number in range(PEOPLE)]
    rows: list[list[SQLModel]] = [
        [_profile(user_id, number) for number, user_id in enumerate(at.others)],
        [_relation(ada, user_id, contact=user_id in set(contacts)) for user_id in (*contacts, *blocked)],
        [_relation(user_id, ada, contact=True) for user_id in contacts],
        [_relation(one, two, contact=True) for one, two in zip(at.others, [*at.others[1:], ada], strict=True)],
        [RequestRow(sender_id=one, receiver_id=ada, created_at=moments[n]) for n, one in enumerate(asking)],
        [RequestRow(sender_id=ada, receiver_id=one, created_at=moments[n]) for n, one in enumerate(asking)],
        [LastSeenRow(user_id=user_id, last_seen_at=CREATED_AT) for user_id in at.others],
        [_report(user_id, ada) for user_id in at.others],
    ]
    async with database.writing() as session:
        for portion in rows:
            table: Table = type(portion[0]).__table__  # type: ignore[attr-defined]  # SQLModel adds it
            await session.execute(insert(table), [row.model_dump() for row in portion])
    async with database.engine.connect() as connection:
        for name in OWN_TABLES:
            await connection.execute(text(f"ANALYZE TABLE {name}"))


def _profile(user_id: UUID, number: int) -> ProfileRow:
    name = f"somebody{number:05}"
    return ProfileRow(
        user_id=user_id,
        username=name,
        username_key=name,
        display_name=name,
        bio="",
        email=f"{name}@example.org",
        account_version=1,
        version=1,
        created_at=CREATED_AT,
        updated_at=CREATED_AT,
        discoverable=number % 2 == 0,
    )


def _relation(user_id: UUID, other_id: UUID, *, contact: bool) -> RelationRow:
    return RelationRow(
        user_id=user_id, other_id=other_id, contact=contact, blocked=not contact, changed_at=CREATED_AT, version=1
    )


def _report(reporter_id: UUID, target_id: UUID) -> ReportRow:
    return ReportRow(
        id=new_id(),
        reporter_id=reporter_id,
        kind="user",
        target_id=target_id,
        reason="spam",
        text="",
        created_at=CREATED_AT,
    )


async def _pages(at: Filled, path: str) -> None:
    """The first and the second page of a list."""
    mark = "&" if "?" in path else "?"
    first = (await at.users.get(f"{path}{mark}limit=20", at.ada)).json()
    await at.users.get(f"{path}{mark}limit=20&cursor={first['next_cursor']}", at.ada)


async def _relate(at: Filled) -> None:
    """From a request to a block and back."""
    ben, carol = await at.users.known(), await at.users.known()
    await at.users.post("/contacts", ben, {"user_id": str(carol.id)})
    await at.users.put(f"/contacts/requests/{ben.id}", carol, {"accept": True})
    await at.users.delete(f"/contacts/{carol.id}", ben)
    await at.users.post("/contacts", at.ada, {"user_id": str(ben.id)})
    await at.users.put(f"/blocks/{ben.id}", at.ada)
    await at.users.delete(f"/blocks/{ben.id}", at.ada)


def _ids(at: Filled) -> str:
    return ",".join(str(user_id) for user_id in at.others[::30])


Act = Callable[[Filled], Awaitable[object]]
ACTS: dict[str, Act] = {
    "contacts": lambda at: _pages(at, "/contacts"),
    "blocks": lambda at: _pages(at, "/blocks"),
    "incoming requests": lambda at: _pages(at, "/contacts/requests"),
    "outgoing requests": lambda at: _pages(at, "/contacts/requests?direction=outgoing"),
    "search": lambda at: _pages(at, "?query=somebody00"),
    "by name": lambda at: at.users.get("/by-username/somebody00042", at.ada),
    "by ids": lambda at: at.users.get(f"?ids={_ids(at)}", at.ada),
    "presence": lambda at: at.users.get(f"/presence?ids={_ids(at)}", at.ada),
    "relate": _relate,
    "preferences": lambda at: at.users.put("/preferences", at.ada, {"show_presence": False}),
    "report": lambda at: at.users.post("/reports", at.ada, {"user_id": str(at.others[5]), "reason": "spam"}),
}


@pytest.mark.parametrize("act", ACTS)
async def test_every_statement_goes_by_an_index(filled: Filled, act: str) -> None:
    filled.seen.clear()
    await ACTS[act](filled)
    statements = about(OWN_TABLES, filled.seen)
    assert statements, "nothing was asked of the database"

    assert await bad_plans(filled.users.service.host.runtime.database.engine, statements, _is_good) == []


def _is_good(line: Any, _statement: str) -> bool:
    return goes_by_index(line, MAX_ROWS) and "filesort" not in (line["Extra"] or "")
