"""What people want to be told of: levels and mutes of conversations, and whom they have blocked.

- `all`: every message; `mentions`: those that mention one; `none`: nothing.
- While `muted_until` lies ahead, `all` means `mentions`.
- Somebody whom one has blocked tells one nothing, not even by a mention.

Whoever asks for less has what is open closed, as far as it would not have been told.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from messaging_wire.events import LevelChanged, RelationChanged
from sqlmodel.ext.asyncio.session import AsyncSession

from messaging.notification.changes import Change
from messaging.notification.store import levels as store
from messaging.notification.store import readers
from messaging.notification.store.activity import Pair
from messaging.notification.store.readers import KINDS, Kind, Reader


async def apply_levels(session: AsyncSession, events: Sequence[LevelChanged], now: datetime) -> list[Change]:
    """Keep the newest level of each member; return what was closed by it."""
    newest: dict[Pair, LevelChanged] = {}
    for event in events:
        pair = (event.conversation_id, event.user_id)
        if pair not in newest or newest[pair].version < event.version:
            newest[pair] = event
    if not newest:
        return []
    await store.save_levels(session, [_level_row(newest[pair]) for pair in sorted(newest)])
    changes: list[Change] = []
    for reader in await readers.named(session, list(newest)):
        for kind in KINDS:
            if kind in reader.open and not wants(reader, kind, now):
                row = reader.open[kind]
                reader.closed[kind] = max(reader.closed[kind], row.last_seq)
                changes.append(Change("notification_updated", reader.user_id, row.id, reader.conversation_id))
                await store.save_closed(session, reader)
    await readers.close(session, [change.notification_id for change in changes], now)
    return changes


def wants(reader: Reader, kind: Kind, now: datetime) -> bool:
    """Whether a member is told of messages of a kind."""
    if kind == "mention":
        return reader.level != "none"
    return reader.level == "all" and (reader.muted_until is None or reader.muted_until <= now)


def _level_row(event: LevelChanged) -> dict[str, Any]:
    return {
        "conversation_id": event.conversation_id,
        "user_id": event.user_id,
        "level": event.level,
        "muted_until": event.muted_until,
        "level_version": event.version,
    }


async def apply_relations(session: AsyncSession, events: Sequence[RelationChanged]) -> None:
    """Keep whom people have blocked, by the newest version of each pair."""
    newest: dict[Pair, RelationChanged] = {}
    for event in events:
        pair = (event.user_id, event.other_id)
        if pair not in newest or newest[pair].version < event.version:
            newest[pair] = event
    rows = [newest[pair].model_dump(include={"user_id", "other_id", "blocked", "version"}) for pair in sorted(newest)]
    await store.save_relations(session, rows)
