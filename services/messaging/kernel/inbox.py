"""The inbox: which events a consumer has worked off already, so that a redelivery changes nothing."""

from collections.abc import Sequence
from datetime import timedelta

from messaging_wire.events import Envelope
from sqlalchemy import Column, Index, Table, delete, insert, select
from sqlmodel.ext.asyncio.session import AsyncSession

from messaging.kernel import columns
from messaging.kernel.clock import Clock
from messaging.kernel.outbox import kernel_tables
from messaging.kernel.upsert import locked

inbox = Table(
    "inbox",
    kernel_tables,
    Column("consumer", columns.short_text(64), primary_key=True),
    Column("event_id", columns.Uuid, primary_key=True),
    Column("received_at", columns.UtcTime, nullable=False),
    Index("ix_inbox_received_at", "received_at"),
    mysql_charset="utf8mb4",
    mysql_collate="utf8mb4_bin",
)

KEPT = timedelta(days=14)


async def take_new(session: AsyncSession, consumer: str, envelopes: Sequence[Envelope], clock: Clock) -> list[Envelope]:
    """Return the envelopes not seen before, in their order, and note them in the caller's transaction.

    Two replicas that hold the same event at once meet at the primary key: the second fails and is redelivered.
    """
    unique = {(envelope.id, envelope.index): envelope for envelope in envelopes}
    if not unique:
        return []
    ids = list({envelope.id for envelope in envelopes})
    query = select(inbox.c.event_id).where(inbox.c.consumer == consumer, inbox.c.event_id.in_(ids))
    seen = set((await session.execute(locked(session, query))).scalars())
    fresh = [key for key in ids if key not in seen]
    if fresh:
        now = clock.now()
        rows = [{"consumer": consumer, "event_id": key, "received_at": now} for key in fresh]
        await session.execute(insert(inbox), rows)
    return [envelope for (key, _), envelope in unique.items() if key not in seen]


async def forget_old(session: AsyncSession, clock: Clock) -> None:
    """Delete entries that no redelivery can meet any more."""
    await session.execute(delete(inbox).where(inbox.c.received_at < clock.now() - KEPT))
