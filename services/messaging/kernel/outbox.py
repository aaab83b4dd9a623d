"""The transactional outbox: a change and its event are one transaction, a relay publishes afterwards.

`Outbox.add` is called inside a service's transaction. The relay publishes rows in batches with confirms and deletes
them; it repeats until confirmed. Several replicas relay at once (SKIP LOCKED), so consumers assume no order.
"""

import asyncio
from collections.abc import Iterator, Sequence
from datetime import UTC, timedelta
from uuid import UUID

import orjson
import structlog
from messaging_wire.events import Envelope, Event
from prometheus_client import Counter, Gauge
from sqlalchemy import Column, Index, MetaData, RowMapping, Table, delete, func, insert, select, update
from sqlmodel.ext.asyncio.session import AsyncSession

from messaging.kernel import columns, context
from messaging.kernel.bus import Bus, BusUnavailableError
from messaging.kernel.clock import Clock
from messaging.kernel.database import Database, is_transient
from messaging.kernel.ids import new_id
from messaging.kernel.pipeline import Statement
from messaging.kernel.upsert import locked

log = structlog.get_logger(__name__)

kernel_tables = MetaData()
outbox = Table(
    "outbox",
    kernel_tables,
    Column("id", columns.big_integer(), primary_key=True, autoincrement=True),
    Column("event_id", columns.Uuid, nullable=False),
    Column("routing_key", columns.short_text(100), nullable=False),
    Column("body", columns.long_text(), nullable=False),
    Column("traceparent", columns.short_text(55)),
    Column("occurred_at", columns.UtcTime, nullable=False),
    Column("attempts", columns.big_integer(), nullable=False, default=0),
    Column("parked_at", columns.UtcTime),
    Index("ix_outbox_parked_at_id", "parked_at", "id"),
    mysql_charset="utf8mb4",
    mysql_collate="utf8mb4_bin",
)

BATCH = 500
MAX_ATTEMPTS = 100
"""A row that was refused this often alone is parked: it is kept for a person to look at, and no longer in the way."""
MAX_PORTION_BYTES = 512 * 1024
"""How much of events of one kind one row carries, about; a broker's message has 16 MiB at most."""
GATHER_S = 0.02
BUSY_S = 0.2
"""While there was work within this time the relay waits a moment before it looks again: fewer commits carry more."""
IDLE = timedelta(seconds=1)
"""How long a row that another process left behind may wait; own rows wake the relay at once."""

PUBLISHED = Counter("messaging_outbox_published_total", "Events confirmed by the bus", ["service"])
FAILED = Counter("messaging_outbox_failed_total", "Attempts to publish that failed", ["service"])
PARKED = Counter("messaging_outbox_parked_total", "Events given up and kept aside", ["service"])
BACKLOG = Gauge("messaging_outbox_backlog", "Events not yet published", ["service"])


class Outbox:
    """One service's outbox: where events are put, and the relay that empties it."""

    def __init__(self, database: Database, bus: Bus, clock: Clock, service: str) -> None:
        self._database = database
        self._bus = bus
        self._clock = clock
        self._service = service
        self._wake = asyncio.Event()
        self._relaying = asyncio.Lock()  # or two callers of one process publish the same rows of a SQLite file
        self._worked_at = 0.0

    async def add(self, session: AsyncSession, events: Sequence[Event]) -> None:
        """Store events in the caller's transaction; call `wake` after its commit."""
        if not events:
            return
        now, trace = self._clock.now(), context.traceparent.get()
        rows = [
            {
                "event_id": new_id(),
                "routing_key": event.routing_key,
                "body": event.model_dump_json(),
                "traceparent": trace,
                "occurred_at": now,
                "attempts": 0,
            }
            for event in events
        ]
        await session.execute(insert(outbox), rows)  # one round trip: the driver joins the rows

    def statements(self, mark: str, routing_key: str, bodies: Sequence[bytes]) -> list[Statement]:
        """What stores many events of one kind together: few rows, and few messages of the broker, carry them all."""
        now, trace = self._clock.now().astimezone(UTC).isoformat(" ", "microseconds")[:-6], context.traceparent.get()
        columns_ = "event_id, routing_key, body, traceparent, occurred_at, attempts"
        marks = ", ".join([mark] * 5)
        return [
            Statement(
                f"INSERT INTO outbox ({columns_}) VALUES ({marks}, 0)",  # noqa: S608 - marks of parameters only
                (new_id().bytes, routing_key, body, trace, now),
            )
            for body in _portions(bodies)
        ]

    def wake(self) -> None:
        """Tell the relay that a transaction with events has committed."""
        self._wake.set()

    async def run(self) -> None:
        """Relay until cancelled; failures are logged, counted and tried again with growing pauses."""
        pause = 0.1
        while True:
            try:
                while await self.relay_batch():
                    pause = 0.1
            except Exception as error:
                if not isinstance(error, BusUnavailableError) and not is_transient(error):
                    log.exception("outbox_relay_failed")
                FAILED.labels(self._service).inc()
                await asyncio.sleep(pause)
                pause = min(pause * 2, 5.0)
                continue
            self._wake.clear()
            await self._idle()
            if asyncio.get_running_loop().time() - self._worked_at < BUSY_S:
                await asyncio.sleep(GATHER_S)

    async def _idle(self) -> None:
        try:
            async with asyncio.timeout(IDLE.total_seconds()):
                await self._wake.wait()
        except TimeoutError:
            return

    async def relay_batch(self) -> bool:
        """Publish up to one batch; tell whether there was any.

        Raises:
            BusUnavailableError: the bus did not take them; they stay.
        """
        async with self._relaying:
            rows, refused = await self._relay()
        if rows:
            self._worked_at = asyncio.get_running_loop().time()
        if refused:
            raise BusUnavailableError(f"{len(refused)} events were refused")
        return len(rows) == BATCH

    async def _relay(self) -> tuple[Sequence[RowMapping], list[RowMapping]]:
        """Publish and settle the oldest rows; return them, and those of them that were refused."""
        if self._database.is_sqlite:
            # A consumer of the same process may need this file's only writer: hold nothing while it works.
            async with self._database.reading() as session:
                rows = await self._oldest(session)
            done, refused = await self._publish(rows)
            if rows:
                async with self._database.writing() as session:
                    await self._settle(session, done, refused)
        else:
            async with self._database.writing(within=None) as session:  # publishing has time-outs of its own
                rows = await self._oldest(session)
                done, refused = await self._publish(rows)
                await self._settle(session, done, refused)
        return rows, refused

    async def _oldest(self, session: AsyncSession) -> Sequence[RowMapping]:
        query = select(outbox).where(outbox.c.parked_at.is_(None)).order_by(outbox.c.id).limit(BATCH)
        return (await session.execute(locked(session, query, skip_locked=True))).mappings().all()

    async def _publish(self, rows: Sequence[RowMapping]) -> tuple[list[RowMapping], list[RowMapping]]:
        """Publish together; where that fails, one by one, so that one bad event holds up no other."""
        if not rows:
            return [], []
        try:
            await self._bus.publish([_envelope(row) for row in rows])
        except BusUnavailableError:
            if self._bus.not_ready() is not None:
                return [], list(rows)
        else:
            return list(rows), []
        done: list[RowMapping] = []
        refused: list[RowMapping] = []
        for row in rows:
            try:
                await self._bus.publish([_envelope(row)])
                done.append(row)
            except BusUnavailableError:
                refused.append(row)
        return done, refused

    async def _settle(self, session: AsyncSession, done: list[RowMapping], refused: list[RowMapping]) -> None:
        if done:
            numbers, events = [row["id"] for row in done], [row["event_id"] for row in done]
            # SQLite gives the number of a deleted row out again: it may be another event's by now
            await session.execute(delete(outbox).where(outbox.c.id.in_(numbers), outbox.c.event_id.in_(events)))
            PUBLISHED.labels(self._service).inc(len(done))
        if not refused or self._bus.not_ready() is not None:
            return  # an outage is nobody's fault: it counts as no attempt
        ids = [row["id"] for row in refused]
        await session.execute(update(outbox).where(outbox.c.id.in_(ids)).values(attempts=outbox.c.attempts + 1))
        worn = [row["id"] for row in refused if row["attempts"] + 1 >= MAX_ATTEMPTS]
        if worn:
            await session.execute(update(outbox).where(outbox.c.id.in_(worn)).values(parked_at=self._clock.now()))
            PARKED.labels(self._service).inc(len(worn))
            log.error("outbox_events_parked", count=len(worn))

    async def drop_parked(self, session: AsyncSession, mentioned: UUID) -> None:
        """Give up for good what was parked and mentions somebody whose account was deleted.

        Events that were stored together with theirs go too: they had been given up for as long.
        """
        theirs = outbox.c.parked_at.is_not(None), outbox.c.body.contains(str(mentioned))
        ids = (await session.execute(select(outbox.c.id).where(*theirs))).scalars().all()
        if ids:
            await session.execute(delete(outbox).where(outbox.c.id.in_(ids)))
            log.warning("parked_events_dropped", count=len(ids), user_id=str(mentioned))

    async def backlog(self) -> int:
        """Count the events that wait to be published."""
        async with self._database.reading() as session:
            query = select(func.count()).select_from(outbox).where(outbox.c.parked_at.is_(None))
            return int((await session.execute(query)).scalar_one())


def _portions(bodies: Sequence[bytes]) -> Iterator[str]:
    """Join bodies to lists that one row and one message of the broker can carry."""
    portion: list[bytes] = []
    size = 0
    for body in bodies:
        if portion and size + len(body) > MAX_PORTION_BYTES:
            yield (b"[%s]" % b",".join(portion)).decode()
            portion, size = [], 0
        portion.append(body)
        size += len(body)
    if portion:
        yield (b"[%s]" % b",".join(portion)).decode()


def _envelope(row: RowMapping) -> Envelope:
    content = orjson.loads(row["body"])
    several = isinstance(content, list)
    return Envelope.model_construct(
        id=row["event_id"],
        routing_key=row["routing_key"],
        occurred_at=row["occurred_at"],
        traceparent=row["traceparent"],
        body={} if several else content,
        bodies=content if several else [],
    )
