"""The plans of all hot statements on MySQL: each table by an index, few rows looked at, however many there are."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

import pytest
from messaging.message.service.admission import new_member
from messaging.message.service.creation import new_conversation
from messaging.message.service.sending import Send
from messaging.message.store.rows import insert_rows
from messaging_wire.conversation import ConversationCreate
from messaging_wire.ids import ConversationId
from messaging_wire.message import SendRequest
from messaging_wire.realtime import Position, SyncRequest
from sqlalchemy import event, text

from tests.messaging.message.test_batches import outcome, parts_of
from tests.messaging.message.world import Json, User, World, open_world
from tests.support.databases import mysql_settings
from tests.support.mysql import MySQLServer
from tests.support.tokens import Person

GROUPS, MESSAGES, OTHER_GROUPS = 15, 200, 3000
OWN_TABLES = ("conversation", "member", "message", "message_version", "person")
MAX_ROWS = 600
"""The largest page, and what an estimate may be off by."""


@dataclass
class Filled:
    """A service with ten thousand messages, and a member of all conversations."""

    world: World
    user: User
    group: Json
    message: Json
    seen: list[tuple[str, Any]] = field(default_factory=list)

    @property
    def id(self) -> ConversationId:
        """The conversation that is asked about."""
        return ConversationId(UUID(self.group["id"]))

    @property
    def person(self) -> Person:
        """Who asks."""
        return self.user.person


@pytest.fixture(scope="module")
async def filled(mysql_server: MySQLServer, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Filled]:
    place: Json = {
        "data_dir": tmp_path_factory.mktemp("message"),
        **mysql_settings(mysql_server.fresh_database("message")),
    }
    async with open_world(place) as world:
        ada, others = world.user("ada"), [world.user(f"user{number}") for number in range(2)]
        groups = [await world.group(ada, *others) for _ in range(GROUPS)]
        commits = parts_of(world).commits
        for group in groups:
            await asyncio.gather(*(outcome(commits.submit(_send(ada, group))) for _ in range(MESSAGES)))
        await _others(world, others[0])
        message = await ada.send(groups[7]["id"])
        database = world.service.host.runtime.database
        async with database.engine.connect() as connection:
            for table in OWN_TABLES:
                await connection.execute(text(f"ANALYZE TABLE {table}"))
        made = Filled(world, ada, groups[7], message)

        def note(_c: object, _cursor: object, statement: str, parameters: Any, *_more: object) -> None:
            made.seen.append((statement, parameters))

        event.listen(database.engine.sync_engine, "before_cursor_execute", note)
        yield made
        event.remove(database.engine.sync_engine, "before_cursor_execute", note)


async def _others(world: World, user: User) -> None:
    """Thousands of conversations that the asking person is not in."""
    runtime = world.service.host.runtime
    now = runtime.clock.now()
    create = ConversationCreate(title="another")
    rows = [new_conversation(user.person.id, create, now, member_count=1) for _ in range(OTHER_GROUPS)]
    async with runtime.database.writing() as session:
        await insert_rows(session, rows)
        await insert_rows(session, [new_member(row, user.person.id, "owner", now) for row in rows])


def _send(user: User, group: Json) -> Send:
    request = SendRequest(
        conversation_id=ConversationId(UUID(group["id"])), client_message_id=uuid4(), content="x" * 50
    )
    return Send(user.person.id, user.name, request)


def _is_own(statement: str) -> bool:
    words = statement.replace("`", "").split()
    return words[0] in ("SELECT", "UPDATE", "DELETE") and any(word in OWN_TABLES for word in words)


def _is_good(row: Any) -> bool:
    if row["table"] is None or row["table"].startswith("<"):
        return True  # nothing can be there, or the rows of another line
    return row["type"] not in ("ALL", "index") and row["key"] is not None and row["rows"] <= MAX_ROWS


async def _second_page(user: User) -> None:
    first = await user.get("/conversation", limit=5)
    await user.get("/conversation", limit=5, cursor=first["next_cursor"])


async def _sync(at: Filled) -> None:
    request = SyncRequest(conversations={at.id: Position(seq=100, rev=50)})
    caller = at.world.service.host.runtime.verifier.caller(at.person.token)
    await parts_of(at.world).catch_up.sync(caller, request)


async def _export(at: Filled) -> None:
    exports = at.world.service.host.parts.state["exports"]
    async for _page in exports.pages(at.person.id, at.id, 10):
        break


async def _leave(at: Filled) -> None:
    group = await at.world.group(at.user, at.world.user("heir"))
    await at.user.delete(f"/conversation/{group['id']}/members/{at.user.id}")


Act = Callable[[Filled], Awaitable[object]]
ACTS: dict[str, Act] = {
    "send": lambda at: at.user.send(at.group["id"], "hello", reply_to=at.message["id"]),
    "newest page": lambda at: at.user.get(f"/conversation/{at.id}/messages"),
    "page after": lambda at: at.user.get(f"/conversation/{at.id}/messages", after_seq=100),
    "page before": lambda at: at.user.get(f"/conversation/{at.id}/messages", before_seq=100),
    "page at a time": lambda at: at.user.get(f"/conversation/{at.id}/messages", at=at.message["created_at"]),
    "changes": lambda at: at.user.get(f"/conversation/{at.id}/changes", after_rev=200),
    "list": lambda at: at.user.get("/conversation"),
    "second page of the list": lambda at: _second_page(at.user),
    "detail": lambda at: at.user.get(f"/conversation/{at.id}"),
    "members": lambda at: at.user.get(f"/conversation/{at.id}/members"),
    "one message": lambda at: at.user.get(f"/message/{at.message['id']}"),
    "edit": lambda at: at.user.put(f"/message/{at.message['id']}", {"content": str(uuid4())}),
    "receipt": lambda at: at.user.put(f"/conversation/{at.id}/receipt", {"read_seq": 5}),
    "sync": _sync,
    "export page": _export,
    "join with a wrong code": lambda at: at.user.ask("POST", "/conversation/join", json={"join_code": "A" * 32}),
    "successor": _leave,
}


@pytest.mark.parametrize("act", ACTS)
async def test_every_statement_goes_by_an_index(filled: Filled, act: str) -> None:
    filled.seen.clear()
    await ACTS[act](filled)
    statements = [one for one in filled.seen if _is_own(one[0])]
    assert statements, "nothing was asked of the database"

    bad = []
    async with filled.world.service.host.runtime.database.engine.connect() as connection:
        for statement, parameters in statements:
            plan = (
                (await connection.exec_driver_sql(f"EXPLAIN FORMAT=TRADITIONAL {statement}", parameters))
                .mappings()
                .all()
            )
            bad += [(dict(row), statement) for row in plan if not _is_good(row)]
        await connection.rollback()
    assert bad == []
