"""What a batch of sends reads and writes: few statements, written out, because nothing here is done more often.

The library's statements for many rows cost more than the database's own work (docs/performance.md). Ids, hashes and
numbers are written into the text as literals, as hexadecimal digits, decimal digits and times of our own making;
what a person has written goes by a parameter. Both databases read these statements alike.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from messaging_wire.conversation import ConversationKind, Role
from messaging_wire.ids import ClientMessageId, ConversationId, MessageId, UserId

from messaging.kernel.pipeline import Pipeline, Statement
from messaging.message.store.members import Pair
from messaging.message.store.messages import Key


@dataclass(slots=True, eq=False)
class Target:
    """A locked conversation that something is sent to."""

    id: UUID
    kind: ConversationKind
    announcement_only: bool
    direct_key: bytes | None
    member_version: int
    last_seq: int
    last_rev: int
    last_activity_at: datetime


@dataclass(slots=True, eq=False)
class NewMessage:
    """A message to be stored."""

    conversation_id: ConversationId
    seq: int
    id: MessageId
    rev: int
    sender_id: UserId
    client_message_id: ClientMessageId
    content: str
    content_hash: bytes
    reply_to: MessageId | None
    mentions: Sequence[UserId]
    created_at: datetime


@dataclass(slots=True, frozen=True)
class Stored:
    """A message that is there already under the key of a send."""

    id: UUID
    conversation_id: UUID
    content_hash: bytes


@dataclass(frozen=True)
class Found:
    """What a batch of sends is about, as it is under the locks."""

    targets: dict[UUID, Target]
    """Conversations, locked in id order; those that are not there, or deleted, are left out."""
    roles: dict[Pair, Role]
    """Senders who are members."""
    known: dict[Key, Stored]
    """Messages by (sender, client_message_id), read as they are now and not as the transaction began."""


async def lock(
    pipeline: Pipeline, conversations: Iterable[UUID], pairs: Collection[Pair], keys: Collection[Key]
) -> Found:
    """Lock conversations, and read who may write there and what was stored before."""
    for_update = "" if pipeline.is_sqlite else " FOR UPDATE"
    targets, roles, known = await pipeline.run(
        Statement(
            "SELECT id, kind, announcement_only, direct_key, member_version, last_seq, last_rev, last_activity_at"
            f" FROM conversation WHERE id IN ({_list(_hex(key) for key in sorted(conversations))})"
            f" AND deleted_at IS NULL ORDER BY id{for_update}"
        ),
        Statement(
            "SELECT conversation_id, user_id, role FROM member"
            f" WHERE (conversation_id, user_id) IN ({_pairs(pipeline, pairs)})"
        ),
        Statement(
            "SELECT sender_id, client_message_id, id, conversation_id, content_hash FROM message"
            f" WHERE (sender_id, client_message_id) IN ({_pairs(pipeline, keys)}){for_update}"
        ),
    )
    return Found(
        {
            key: Target(key, row[1], bool(row[2]), row[3], row[4], row[5], row[6], _time(row[7]))
            for row in targets
            for key in (UUID(bytes=row[0]),)
        },
        {(UUID(bytes=row[0]), UUID(bytes=row[1])): row[2] for row in roles},
        {
            (UUID(bytes=row[0]), UUID(bytes=row[1])): Stored(UUID(bytes=row[2]), UUID(bytes=row[3]), bytes(row[4]))
            for row in known
        },
    )


async def save(
    pipeline: Pipeline, targets: Sequence[Target], messages: Sequence[NewMessage], events: Sequence[Statement]
) -> None:
    """Insert texts, advance the counters of their conversations and their senders' marks, store their events, commit.

    Raises:
        sqlalchemy.exc.IntegrityError: one of them meets a unique key.
    """
    read: dict[Pair, int] = {(row.conversation_id, row.sender_id): row.seq for row in messages}  # of each the last
    statements = (_counters(targets), _insert(pipeline, messages), _marks(pipeline, read), *events)
    await pipeline.run(*statements, commit=True)


def _counters(targets: Sequence[Target]) -> Statement:
    seqs = " ".join(f"WHEN {_hex(target.id)} THEN {target.last_seq}" for target in targets)
    revs = " ".join(f"WHEN {_hex(target.id)} THEN {target.last_rev}" for target in targets)
    times = " ".join(f"WHEN {_hex(target.id)} THEN {_literal(target.last_activity_at)}" for target in targets)
    return Statement(
        f"UPDATE conversation SET last_seq = CASE id {seqs} END, last_rev = CASE id {revs} END,"
        f" last_activity_at = CASE id {times} END WHERE id IN ({_list(_hex(target.id) for target in targets)})"
    )


def _insert(pipeline: Pipeline, rows: Sequence[NewMessage]) -> Statement:
    values = ",".join(
        f"({_hex(row.conversation_id)},{row.seq},{_hex(row.id)},{row.rev},'text',{_hex(row.sender_id)},"
        f"{_hex(row.client_message_id)},{pipeline.mark},X'{row.content_hash.hex()}',"
        f"{'NULL' if row.reply_to is None else _hex(row.reply_to)},{_literal(row.created_at)},{_ids(row.mentions)})"
        for row in rows
    )
    return Statement(
        "INSERT INTO message (conversation_id, seq, id, rev, kind, sender_id, client_message_id, content,"
        f" content_hash, reply_to, created_at, mentions) VALUES {values}",
        tuple(row.content for row in rows),
    )


def _marks(pipeline: Pipeline, read: Mapping[Pair, int]) -> Statement:
    greatest = "MAX" if pipeline.is_sqlite else "GREATEST"
    seqs = " ".join(
        f"WHEN conversation_id = {_hex(pair[0])} AND user_id = {_hex(pair[1])} THEN {seq}" for pair, seq in read.items()
    )
    return Statement(
        f"UPDATE member SET delivered_seq = {greatest}(delivered_seq, CASE {seqs} END),"
        f" read_seq = {greatest}(read_seq, CASE {seqs} END)"
        f" WHERE (conversation_id, user_id) IN ({_pairs(pipeline, read)})"
    )


def _hex(key: UUID) -> str:
    return f"X'{key.hex}'"


def _ids(keys: Sequence[UUID]) -> str:
    return f"X'{''.join(key.hex for key in keys)}'" if keys else "NULL"


def _list(literals: Iterable[str]) -> str:
    return ",".join(literals)


def _pairs(pipeline: Pipeline, pairs: Iterable[tuple[UUID, UUID]]) -> str:
    listed = ",".join(f"(X'{one.hex}',X'{other.hex}')" for one, other in sorted(pairs))
    return f"VALUES {listed}" if pipeline.is_sqlite else listed


def _literal(moment: datetime) -> str:
    return f"'{moment.astimezone(UTC).isoformat(' ', 'microseconds')[:-6]}'"


def _time(value: Any) -> datetime:
    moment = value if isinstance(value, datetime) else datetime.fromisoformat(value)
    return moment.replace(tzinfo=UTC)
