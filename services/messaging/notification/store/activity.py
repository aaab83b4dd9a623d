"""SQL of the projection that notifications are counted by: conversations, memberships, activity, deferred events.

Every function works in the caller's transaction, which holds the locks of the conversations that it names.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar
from uuid import UUID

from messaging_wire.conversation import Role
from sqlalchemy import Table, delete, insert, select, update
from sqlmodel.ext.asyncio.session import AsyncSession

from messaging.kernel.upsert import insert_missing, insert_or_replace, locked
from messaging.notification.store.statements import Statements, hexed
from messaging.notification.tables import applied_memberships, conversations, deferred_events, memberships

ROWS_AT_ONCE = 500
"""How many rows one statement writes or asks for, well below SQLite's 32,766 parameters."""
MEMBERS_AT_ONCE = 2000
DEFERRED_AT_ONCE = 500

Pair = tuple[UUID, UUID]
"""A conversation and a person."""
T = TypeVar("T")


def portions(items: Iterable[T], size: int = ROWS_AT_ONCE) -> Iterator[list[T]]:
    """Cut `items` into lists of at most `size`."""
    rest = list(items)
    for start in range(0, len(rest), size):
        yield rest[start : start + size]


@dataclass
class Conversation:
    """A conversation as it is known, under its lock; `changed` tells that it must be saved."""

    id: UUID
    kind: str
    title: str | None
    title_version: int
    member_version: int
    changed: bool = False


async def lock_conversations(session: AsyncSession, ids: Iterable[UUID]) -> dict[UUID, Conversation]:
    """Lock the conversations, made where unknown, in the order of their ids, so that no two transactions cross."""
    ordered = sorted(set(ids))
    known = await _lock(session, ordered)
    unknown = [key for key in ordered if key not in known]
    for portion in portions(unknown):
        rows = [{"id": key, "kind": "group", "title": None, "title_version": 0, "member_version": 0} for key in portion]
        await session.execute(insert_missing(session, conversations, rows))
    return known | await _lock(session, unknown)


async def _lock(session: AsyncSession, ids: Sequence[UUID]) -> dict[UUID, Conversation]:
    known: dict[UUID, Conversation] = {}
    for portion in portions(ids):
        query = select(conversations).where(conversations.c.id.in_(portion)).order_by(conversations.c.id)
        for row in (await session.execute(locked(session, query.limit(len(portion))))).mappings():
            known[row["id"]] = Conversation(**row)
    return known


async def save_conversations(session: AsyncSession, known: Iterable[Conversation]) -> None:
    """Write the conversations that have changed."""
    names = ("id", "kind", "title", "title_version", "member_version")
    rows = [{name: getattr(item, name) for name in names} for item in known if item.changed]
    await _replace(session, conversations, rows, names[1:])


async def _replace(
    session: AsyncSession, table: Table, rows: Iterable[Mapping[str, Any]], update: Sequence[str]
) -> None:
    for portion in portions(rows):
        await session.execute(insert_or_replace(session, table, portion, update=update))


async def applied_versions(session: AsyncSession, ids: Sequence[UUID]) -> dict[UUID, set[int]]:
    """The versions of memberships applied beyond the contiguous ones, per conversation."""
    found: dict[UUID, set[int]] = {key: set() for key in ids}
    for portion in portions(ids):
        query = select(applied_memberships).where(applied_memberships.c.conversation_id.in_(portion))
        for row in (await session.execute(query)).mappings():
            found[row["conversation_id"]].add(row["version"])
    return found


async def save_applied_versions(session: AsyncSession, conversation: Conversation, beyond: Iterable[int]) -> None:
    """Keep the versions that lie beyond the contiguous ones, forget those that do not any more."""
    await session.execute(
        delete(applied_memberships).where(
            applied_memberships.c.conversation_id == conversation.id,
            applied_memberships.c.version <= conversation.member_version,
        )
    )
    rows = [{"conversation_id": conversation.id, "version": version} for version in sorted(beyond)]
    if rows:
        await session.execute(insert_missing(session, applied_memberships, rows))


@dataclass(slots=True)
class Membership:
    """Somebody's membership: `role` is null for who left; `version` is the change that it comes from."""

    role: Role | None
    version: int
    read_seq: int


async def memberships_of(session: AsyncSession, pairs: Iterable[Pair]) -> dict[Pair, Membership]:
    """The memberships of these pairs, as far as there are any."""
    statements = await Statements.of(session)
    found: dict[Pair, Membership] = {}
    for portion in portions(sorted(set(pairs))):
        rows = await statements.rows(
            "SELECT conversation_id, user_id, `role`, version, read_seq FROM membership"
            f" WHERE (conversation_id, user_id) IN ({statements.pairs(portion)})"
        )
        found |= {(UUID(bytes=row[0]), UUID(bytes=row[1])): Membership(*row[2:]) for row in rows}
    return found


async def save_memberships(session: AsyncSession, written: Mapping[Pair, Membership]) -> None:
    """Write memberships, new or known; what people closed by hand or chose stays."""
    statements = await Statements.of(session)
    for portion in portions(sorted(written.items(), key=lambda item: item[0])):
        rows = (
            f"({hexed(pair[0])},{hexed(pair[1])},{_role(row.role)},{row.version},{row.read_seq},0,0)"
            for pair, row in portion
        )
        await statements.run(
            statements.upsert(
                "membership",
                ("conversation_id", "user_id", "`role`", "version", "read_seq", "closed_seq", "mention_closed_seq"),
                ("conversation_id", "user_id"),
                rows,
                "`role` = new.`role`, version = new.version, read_seq = new.read_seq",
            )
        )


def _role(role: Role | None) -> str:
    return "NULL" if role is None else f"'{role}'"


async def end_older_memberships(session: AsyncSession, conversation_id: UUID, version: int) -> None:
    """Make everybody whose membership is older than `version` an ex-member: a snapshot follows."""
    await session.execute(
        update(memberships)
        .where(memberships.c.conversation_id == conversation_id, memberships.c.version < version)
        .values(role=None, version=version)
    )


async def defer(session: AsyncSession, rows: Sequence[Mapping[str, Any]]) -> None:
    """Put events aside until the membership that they were sent under is known."""
    for portion in portions(rows):
        await session.execute(insert(deferred_events).values(portion))


async def take_ripe(session: AsyncSession, conversation: Conversation) -> list[str]:
    """Take a portion of deferred events out that can be worked off now; empty when there are no more."""
    query = (
        select(deferred_events.c.id, deferred_events.c.body)
        .where(
            deferred_events.c.conversation_id == conversation.id,
            deferred_events.c.member_version <= conversation.member_version,
        )
        .order_by(deferred_events.c.member_version)
        .limit(DEFERRED_AT_ONCE)
    )
    rows = (await session.execute(query)).mappings().all()
    if rows:
        await session.execute(delete(deferred_events).where(deferred_events.c.id.in_([row["id"] for row in rows])))
    return [row["body"] for row in rows]
