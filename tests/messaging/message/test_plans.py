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
from messaging.message.store import fellows, reactions, relations
from messaging.message.tables import (
    InvitationRow,
    JoinAttemptRow,
    PersonRow,
    PinRow,
    ReactionTallyRow,
    RelationRow,
    VersionRow,
)
from messaging_wire.conversation import ConversationCreate
from messaging_wire.ids import ConversationId, MessageId, UserId
from messaging_wire.message import SendRequest
from messaging_wire.realtime import Position, SyncRequest
from sqlalchemy import text

from tests.messaging.message.rows import insert_rows
from tests.messaging.message.test_batches import outcome, parts_of
from tests.messaging.message.test_invitations import befriend, meet
from tests.messaging.message.test_people import BLOCKED, CONTACT, deliver, profile, said
from tests.messaging.message.world import Json, User, World, open_world
from tests.support.databases import mysql_settings
from tests.support.deletions import Deletions
from tests.support.mysql import MySQLServer
from tests.support.plans import about, bad_plans, goes_by_index, noted
from tests.support.tokens import Person

GROUPS, MESSAGES, OTHER_GROUPS = 15, 200, 3000
OWN_TABLES = (
    "conversation",
    "member",
    "message",
    "message_version",
    "person",
    "invitation",
    "relation",
    "join_attempt",
    "named_person",
    "reaction",
    "reaction_tally",
    "pin",
)
MAX_ROWS = 600
"""The largest page, and what an estimate may be off by."""


@dataclass
class Filled:
    """A service with ten thousand messages, and a member of all conversations."""

    world: World
    user: User
    groups: list[Json]
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
        await _strangers(world, groups[0])
        message = await ada.send(groups[7]["id"])
        await _marks(world, others[0], message)
        database = world.service.host.runtime.database
        async with database.engine.connect() as connection:
            for table in OWN_TABLES:
                await connection.execute(text(f"ANALYZE TABLE {table}"))
        made = Filled(world, ada, groups, groups[7], message)

        with noted(database.engine, made.seen):
            yield made


async def _others(world: World, user: User) -> None:
    """Thousands of conversations that the asking person is not in."""
    runtime = world.service.host.runtime
    now = runtime.clock.now()
    create = ConversationCreate(title="another")
    rows = [new_conversation(user.person.id, create, now, member_count=1) for _ in range(OTHER_GROUPS)]
    async with runtime.database.writing() as session:
        await insert_rows(session, rows)
        await insert_rows(session, [new_member(row, user.person.id, "owner", now) for row in rows])


async def _strangers(world: World, group: Json) -> None:
    """Thousands of people who know one another, invite one another and guess at join codes."""
    now, conversation_id = world.service.host.runtime.clock.now(), ConversationId(UUID(group["id"]))
    ids = [UserId(uuid4()) for _ in range(OTHER_GROUPS)]
    others = [*ids[1:], ids[0]]
    async with world.service.host.runtime.database.writing() as session:
        for rows in (
            [PersonRow(user_id=one, username=f"u{one.hex}", display_name="", version=1) for one in ids],
            [
                RelationRow(user_id=one, other_id=other, contact=True, blocked=False, version=1)
                for one, other in zip(ids, others, strict=True)
            ],
            [
                InvitationRow(conversation_id=ConversationId(uuid4()), user_id=one, inviter_id=other, created_at=now)
                for one, other in zip(ids, others, strict=True)
            ],
            [
                InvitationRow(conversation_id=conversation_id, user_id=one, inviter_id=ids[0], created_at=now)
                for one in ids[:100]
            ],
            [JoinAttemptRow(user_id=one, since=now, wrong=1) for one in ids],
        ):
            await insert_rows(session, rows)


async def _marks(world: World, user: User, message: Json) -> None:
    """Thousands of reactions, versions and pins elsewhere, and many thumbs on the message that is asked about."""
    runtime = world.service.host.runtime
    now, key = runtime.clock.now(), UUID(message["id"])
    elsewhere = [(MessageId(uuid4()), user.person.id) for _ in range(OTHER_GROUPS)]
    async with runtime.database.writing() as session:
        await insert_rows(session, [reactions.reaction_of(one, "👍", who, now) for one, who in elsewhere])
        tally: Json = {"emoji": "👍", "count": 1, "user_ids": user.person.id.bytes, "since": now}
        await insert_rows(session, [ReactionTallyRow(message_id=one, **tally) for one, _ in elsewhere])
        rows = [VersionRow(message_id=one, rev=1, content="x", written_at=now) for one, _ in elsewhere]
        await insert_rows(session, rows)
        pin: Json = {"conversation_id": uuid4(), "pinned_by": user.person.id, "pinned_at": now}
        await insert_rows(session, [PinRow(message_id=one, **pin) for one, _ in elsewhere])
        for _ in range(30):
            await reactions.add(session, reactions.reaction_of(key, "👍", UserId(uuid4()), now))
    await user.ask("PUT", f"/message/{message['id']}/reactions/🎉")


def _send(user: User, group: Json) -> Send:
    request = SendRequest(
        conversation_id=ConversationId(UUID(group["id"])), client_message_id=uuid4(), content="x" * 50
    )
    return Send(user.person.id, user.name, request)


def _is_good(line: Any, _statement: str) -> bool:
    return goes_by_index(line, MAX_ROWS)


async def _second_page(user: User) -> None:
    first = await user.get("/conversation", limit=5)
    await user.get("/conversation", limit=5, cursor=first["next_cursor"])


async def _feed(at: Filled) -> None:
    first = await at.user.get("/message", limit=20)
    await at.user.get("/message", limit=20, cursor=first["next_cursor"])


async def _react(at: Filled) -> None:
    for method in ("PUT", "DELETE"):
        for emoji in "👍🎈":
            await at.user.ask(method, f"/message/{at.message['id']}/reactions/{emoji}")


async def _pin(at: Filled) -> None:
    await at.user.put(f"/message/{at.message['id']}/pin", {})
    await at.user.get(f"/conversation/{at.id}/pins")
    await at.user.delete(f"/message/{at.message['id']}/pin")


async def _erase(at: Filled) -> None:
    sent = await at.user.send(at.group["id"], f"@{at.user.name}")
    await at.user.put(f"/message/{sent['id']}", {"content": f"@{at.user.name} @user0"})
    await at.user.get(f"/message/{sent['id']}/versions")
    await at.user.delete(f"/message/{sent['id']}")


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


async def _add_and_answer(at: Filled) -> None:
    """A contact, somebody who comes in by an invitation, somebody who declines, and one who is not asked any more."""
    friend, *guests = await meet(at.world, "friend", "guest", "other", "third")
    await befriend(at.world, at.user, friend)
    path = f"/conversation/{at.id}"
    await at.user.post(f"{path}/members", {"user_id": friend.id}, expect=201)
    for guest in guests:
        await at.user.post(f"{path}/members", {"user_id": guest.id}, expect=202)
    await guests[0].put(f"/conversation/invitations/{at.id}", {"accept": True})
    await guests[1].put(f"/conversation/invitations/{at.id}", {"accept": False}, expect=204)
    await at.user.delete(f"{path}/invitations/{guests[2].id}")
    await at.user.delete(f"{path}/members/{friend.id}")
    await guests[0].delete(f"{path}/members/{guests[0].id}")


async def _make(at: Filled) -> None:
    people = await meet(at.world, *(f"user{number}" for number in range(3)))
    await befriend(at.world, at.user, people[0])
    await at.user.post("/conversation", {"title": "x", "member_ids": [user.id for user in people]}, expect=201)
    await at.user.post("/conversation", {"kind": "direct", "member_ids": [people[1].id]}, expect=201)


async def _list_invitations(at: Filled) -> None:
    page = await at.user.get(f"/conversation/{at.groups[0]['id']}/invitations", limit=20)
    await at.user.get(f"/conversation/{at.groups[0]['id']}/invitations", cursor=page["next_cursor"])
    (guest,) = await meet(at.world, "guest")
    for group in at.groups[1:4]:
        await at.user.post(f"/conversation/{group['id']}/members", {"user_id": guest.id}, expect=202)
    mine = await guest.get("/conversation/invitations", limit=1)
    await guest.get("/conversation/invitations", limit=1, cursor=mine["next_cursor"])


async def _show_presence(at: Filled) -> None:
    """Who may hear of people, and which of some share a conversation with the asking person."""
    ids = [at.person.id, *(UserId(uuid4()) for _ in range(99))]
    async with at.world.service.host.runtime.database.reading() as session:
        found = await fellows.viewers(session, ids, {UserId(uuid4())})
        await relations.blocked_between(session, [(person, other) for person in ids for other in ids[:2]])
        await fellows.fellows_among(session, at.person.id, ids)
    assert found == ({}, {})


async def _learn_of_people(at: Filled) -> None:
    """What the user service tells: a choice that all memberships follow, a contact, a block."""
    other = at.world.user("other")
    await deliver(at.world, profile(at.user, 1), profile(at.user, 2, send_read_receipts=False))
    await deliver(at.world, profile(at.user, 3), said(at.user, other, CONTACT), said(other, at.user, BLOCKED))


async def _delete_account(at: Filled) -> None:
    """Somebody goes who has done everything that leaves a trace."""
    leaver = at.world.user("leaver")
    for group in at.groups[:3]:
        await leaver.post("/conversation/join", {"join_code": group["join_code"]})
        sent = await leaver.send(group["id"], "the word of a leaver")
        await leaver.put(f"/message/{sent['id']}/reactions/👍", {})
        await at.user.put(f"/conversation/{group['id']}/members/{leaver.id}", {"role": "admin"})
        await leaver.put(f"/message/{sent['id']}/pin", {})
    await Deletions(at.world.service.host.runtime.bus).complete(leaver.person.id)


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
    "pages over all": _feed,
    "react and take back": _react,
    "pin": _pin,
    "mention, edit, delete": _erase,
    "receipt": lambda at: at.user.put(f"/conversation/{at.id}/receipt", {"read_seq": 5}),
    "sync": _sync,
    "export page": _export,
    "join with a wrong code": lambda at: at.user.ask("POST", "/conversation/join", json={"join_code": "A" * 32}),
    "successor": _leave,
    "add, answer, remove": _add_and_answer,
    "make": _make,
    "invitations": _list_invitations,
    "presence": _show_presence,
    "news of people": _learn_of_people,
    "delete an account": _delete_account,
    "level": lambda at: at.user.put(f"/conversation/{at.id}/notifications", {"level": "none"}),
}


@pytest.mark.parametrize("act", ACTS)
async def test_every_statement_goes_by_an_index(filled: Filled, act: str) -> None:
    filled.seen.clear()
    await ACTS[act](filled)
    statements = about(OWN_TABLES, filled.seen)
    assert statements, "nothing was asked of the database"

    assert await bad_plans(filled.world.service.host.runtime.database.engine, statements, _is_good) == []
