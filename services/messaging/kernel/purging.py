"""Removing what a service holds of a deleted account: a durable job per person, worked off page by page.

`user.deleted` makes a row of `purge_job`. Whichever replica comes first works it off under its lock, each page in a
transaction of its own, so that a crash costs one page. At the end the service answers `user.purged`. The row stays
for a while as a memory of them (`deleted_among`): events that come late bring nobody back.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
import structlog
from messaging_wire.events import Envelope, UserDeleted, UserPurged
from messaging_wire.ids import UserId
from prometheus_client import Counter
from sqlalchemy import Column, ColumnElement, Index, RowMapping, Table, delete, select, tuple_, update
from sqlmodel.ext.asyncio.session import AsyncSession

from messaging.kernel import columns
from messaging.kernel.bus import Consumer
from messaging.kernel.loops import outliving
from messaging.kernel.outbox import kernel_tables
from messaging.kernel.service import Runtime
from messaging.kernel.topology import Queue
from messaging.kernel.upsert import insert_missing, locked

log = structlog.get_logger(__name__)

purges = Table(
    "purge_job",
    kernel_tables,
    Column("user_id", columns.Uuid, primary_key=True),
    Column("messages", columns.short_text(8), nullable=False),
    Column("version", columns.big_integer(), nullable=False),
    Column("notes", columns.long_text(), nullable=False),
    Column("asked_at", columns.UtcTime, nullable=False),
    Column("due_at", columns.UtcTime),
    Column("done_at", columns.UtcTime),
    Index("ix_purge_job_due_at", "due_at"),
    Index("ix_purge_job_done_at", "done_at"),
    mysql_charset="utf8mb4",
    mysql_collate="utf8mb4_bin",
)

RETRY = timedelta(seconds=5)
"""When a job that failed is tried again; others go on meanwhile."""
KEPT = timedelta(days=30)
"""How long it is remembered who has left: longer than any event can be under way."""
LONGEST_SLEEP = timedelta(seconds=30)
"""A replica looks at least this often, for jobs that another one took in before it died."""
PURGED = Counter("messaging_people_purged_total", "People of whom nothing is held any more", ["service"])
FAILED = Counter("messaging_purge_failed_total", "Pages of a removal that failed and are tried again", ["service"])
PORTION = 500
NOBODY = "Deleted person"
"""How somebody is called who has deleted their account."""


@dataclass
class Job:
    """Whose data goes; `notes` is what a service keeps in mind from page to page, forgotten at the end."""

    user_id: UUID
    keeps_messages: bool
    notes: dict[str, Any] = field(default_factory=dict)


def _nothing() -> None:
    return


@dataclass(frozen=True)
class Page:
    """What one page led to: whether there is more to do, and what to call after its commit."""

    more: bool
    committed: Callable[[], None] = _nothing


PurgePage = Callable[[AsyncSession, Job], Awaitable[Page]]
"""Removes a bounded part in the caller's transaction; the same again after a crash."""


class Purging:
    """One service's part in deletions: its consumer, its work, and its answers."""

    def __init__(self, runtime: Runtime, purge_page: PurgePage) -> None:
        self._database = runtime.database
        self._outbox = runtime.outbox
        self._clock = runtime.clock
        self._service = runtime.name
        self._delay = timedelta(seconds=runtime.settings.purge_delay_s)
        self._purge_page = purge_page
        self._wake = asyncio.Event()
        self._forgot_at: datetime | None = None

    def consumer(self, queue: Queue) -> Consumer:
        """How the bus is to call it with `user.deleted`."""
        return Consumer(queue, self.take)

    async def take(self, envelopes: Sequence[Envelope]) -> None:
        """Take in deletions, each once however often it is delivered; who is purged already is answered again."""
        deletions = {event.user_id: event for event in (UserDeleted.model_validate(each.body) for each in envelopes)}
        async with self._database.writing() as session:
            query = select(purges).where(purges.c.user_id.in_(list(deletions)), purges.c.done_at.is_not(None))
            done = (await session.execute(query)).mappings().all()
            await self._outbox.add(session, [self._purged(row) for row in done])
            await self.begin(session, list(deletions.values()))
        self._outbox.wake()
        self.wake()

    async def begin(self, session: AsyncSession, deletions: Sequence[UserDeleted]) -> None:
        """Note jobs in the caller's transaction; call `wake` after its commit. Those that are there stay."""
        now = self._clock.now()
        rows = [
            {
                "user_id": event.user_id,
                "messages": event.messages,
                "version": event.version,
                "notes": "{}",
                "asked_at": now,
                "due_at": now + self._delay,
                "done_at": None,
            }
            for event in deletions
        ]
        if rows:
            await session.execute(insert_missing(session, purges, rows))

    def wake(self) -> None:
        """Look for jobs at once."""
        self._wake.set()

    async def run(self) -> None:
        """Work until cancelled, half of the time at most: others want the rows that a page holds."""
        loop = asyncio.get_running_loop()
        while True:
            self._wake.clear()
            worked, sleep_s, begun = False, RETRY.total_seconds(), loop.time()
            with outliving("purging"):
                worked = await self.work_once()
                sleep_s = loop.time() - begun if worked else (await self._idle()).total_seconds()
            if worked:
                await asyncio.sleep(sleep_s)
                continue
            with suppress(TimeoutError):
                async with asyncio.timeout(sleep_s):
                    await self._wake.wait()

    async def work_once(self) -> bool:
        """Work off one page of the job that is due longest; tell whether there was one.

        Raises:
            Exception: whatever the page raised; the job is put off, and the next call takes another.
        """
        row: RowMapping | None = None
        try:
            async with self._database.writing() as session:
                row = await _claim(session, self._clock.now())
                if row is None:
                    return False
                page = await self._work(session, row)
        except Exception:
            FAILED.labels(self._service).inc()
            if row is not None:
                await self._put_off(row["user_id"])
            raise
        self._outbox.wake()
        page.committed()
        return True

    async def _work(self, session: AsyncSession, row: RowMapping) -> Page:
        job = Job(row["user_id"], row["messages"] == "keep", orjson.loads(row["notes"]))
        page = await self._purge_page(session, job)
        values: dict[str, Any] = {"notes": orjson.dumps(job.notes).decode()}
        if not page.more:
            values = {"notes": "{}", "due_at": None, "done_at": self._clock.now()}
            await self._outbox.drop_parked(session, job.user_id)
            await self._outbox.add(session, [self._purged(row)])
            PURGED.labels(self._service).inc()
            log.info("user_purged", user_id=str(job.user_id))
        await session.execute(update(purges).where(purges.c.user_id == job.user_id).values(**values))
        return page

    def _purged(self, row: RowMapping) -> UserPurged:
        return UserPurged(version=row["version"], user_id=UserId(row["user_id"]), service=self._service)

    async def _put_off(self, user_id: UUID) -> None:
        due_at = self._clock.now() + RETRY
        async with self._database.writing() as session:
            await session.execute(update(purges).where(purges.c.user_id == user_id).values(due_at=due_at))

    async def _idle(self) -> timedelta:
        """Forget now and then who left long ago; return how long to sleep."""
        now = self._clock.now()
        if self._forgot_at is None or now - self._forgot_at > timedelta(hours=1):
            self._forgot_at = now
            async with self._database.writing() as session:
                await session.execute(delete(purges).where(purges.c.done_at < now - KEPT))
        async with self._database.reading() as session:
            query = select(purges.c.due_at).where(purges.c.due_at.is_not(None)).order_by(purges.c.due_at).limit(1)
            next_due: datetime | None = (await session.execute(query)).scalar_one_or_none()
        return LONGEST_SLEEP if next_due is None else min(LONGEST_SLEEP, max(timedelta(), next_due - now))


async def _claim(session: AsyncSession, now: datetime) -> RowMapping | None:
    query = select(purges).where(purges.c.due_at <= now).order_by(purges.c.due_at).limit(1)
    return (await session.execute(locked(session, query, skip_locked=True))).mappings().one_or_none()


async def deleted_among(session: AsyncSession, user_ids: Collection[UUID]) -> set[UUID]:
    """Return those of the people whose accounts were deleted, as far as it is remembered."""
    found: set[UUID] = set()
    wanted = list(user_ids)
    for start in range(0, len(wanted), PORTION):
        query = select(purges.c.user_id).where(purges.c.user_id.in_(wanted[start : start + PORTION]))
        found |= set((await session.execute(query)).scalars())
    return found


async def remove_some(session: AsyncSession, table: Table, *conditions: ColumnElement[bool]) -> bool:
    """Delete up to `PORTION` rows of a table that an index finds; tell whether there may be more."""
    keys = list(table.primary_key.columns)
    query = select(*keys).where(*conditions).limit(PORTION)
    found = [tuple(row) for row in (await session.execute(locked(session, query))).all()]
    if found:
        await session.execute(delete(table).where(tuple_(*keys).in_(found)))
    return len(found) == PORTION
