"""The background work: exports claimed under a lease, streamed from message into chunks, and cleared away in time.

Several replicas share the work. A replica that dies, or is cut off, loses its lease; whoever takes the export over
begins it anew, and the fence (`worker_id` in every write) keeps the former one from writing any more.
"""

import asyncio
import shutil
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import orjson
import structlog
from sqlalchemy import RowMapping

from messaging.export.document import JsonDocument
from messaging.export.grants import GrantSafe
from messaging.export.peers import Archive, ConversationGoneError, ConversationStream, IncompleteError, RefusedError
from messaging.export.settings import ExportSettings
from messaging.export.store import downloads, exports
from messaging.kernel.clock import Clock
from messaging.kernel.database import Database, is_transient
from messaging.kernel.ids import new_id
from messaging.kernel.keys import SealBrokenError
from messaging.kernel.loops import outliving

log = structlog.get_logger(__name__)

MAX_ATTEMPTS = 20
LONGEST_BACKOFF = timedelta(seconds=60)
POLL_S = 1.0
CLEAR_EVERY_S = 60.0
EXPIRED_AT_ONCE = 50
FORESEEN = (httpx.HTTPError, IncompleteError, orjson.JSONDecodeError)
"""What may go wrong with an attempt; anything else costs an attempt too, not the process, and is logged in full."""


class LostError(Exception):
    """The export was cancelled, or another replica has taken it over."""


class FailedError(Exception):
    """The export cannot be made; the message is the `failure` that its owner reads."""


class ExportWork:
    """One replica's share of the work."""

    def __init__(
        self, database: Database, clock: Clock, *, archive: Archive, grants: GrantSafe, settings: ExportSettings
    ) -> None:
        self._database = database
        self._clock = clock
        self._archive = archive
        self._grants = grants
        self._settings = settings
        self._wake = asyncio.Event()

    def wake(self) -> None:
        """Look for work at once."""
        self._wake.set()

    async def run(self) -> None:
        """Work until cancelled, on several exports at once."""
        async with asyncio.TaskGroup() as lanes:
            for _ in range(self._settings.exports_at_once):
                lanes.create_task(self._lane())

    async def _lane(self) -> None:
        while True:
            self._wake.clear()
            worked = False
            with outliving("exports"):
                worked = await self.work_once()
            if not worked:
                with suppress(TimeoutError):
                    async with asyncio.timeout(POLL_S):
                        await self._wake.wait()

    async def work_once(self) -> bool:
        """Claim an export and see it through; tell whether there was one."""
        worker_id, now = new_id(), self._clock.now()
        async with self._database.writing() as session:
            row = await exports.claim(session, worker_id=worker_id, now=now, until=now + self._settings.lease)
        if row is None:
            return False
        log.info("export_begins", export_id=str(row["id"]), attempt=row["attempts"] + 1)
        try:
            await self._see_through(row, worker_id)
        except LostError:
            log.info("export_lost", export_id=str(row["id"]))
        except FailedError as error:
            await self._fail(row, worker_id, str(error))
        except Exception as error:
            if not isinstance(error, FORESEEN) and not is_transient(error):
                log.exception("export_attempt_failed", export_id=str(row["id"]))
            await self._try_again(row, worker_id, error)
        return True

    async def _see_through(self, row: RowMapping, worker_id: UUID) -> None:
        if row["attempts"] >= MAX_ATTEMPTS:
            raise FailedError("given-up")
        try:
            grant = await self._grants.take_out(row, worker_id)
            writer = ChunkWriter(self._database, self._clock, row["id"], worker_id, settings=self._settings)
            await writer.clear()
            async with self._archive.read(row["conversation_id"], grant) as stream:
                await self._write(stream, writer)
            await writer.finish()
        except ConversationGoneError:
            raise FailedError("conversation-gone") from None
        except (RefusedError, SealBrokenError):
            raise FailedError("not-allowed") from None
        log.info("export_ready", export_id=str(row["id"]), size_bytes=writer.size)

    async def _write(self, stream: ConversationStream, writer: "ChunkWriter") -> None:
        document = JsonDocument(exported_at=self._clock.now())
        conversation = await stream.conversation()
        first, last = int(conversation.get("first_seq", 1)), int(conversation.get("last_seq", 0))
        document.begin(conversation)
        seq = first - 1
        async for message in stream.messages():
            document.add(message)
            seq = int(message["seq"])
            progress = (seq - first + 1) / max(1, last - first + 1)
            await writer.write_full(document, progress=progress)
        if seq < last:
            raise IncompleteError
        document.end()
        await writer.write_full(document, progress=1.0, last=True)

    async def _fail(self, row: RowMapping, worker_id: UUID, failure: str) -> None:
        ended = {"state": "failed", "failure": failure, "due_at": None, "grant_sealed": None}
        expires_at = self._clock.now() + self._settings.export_lifetime
        async with self._database.writing() as session:
            held = await exports.change_own(session, row["id"], worker_id, **ended, expires_at=expires_at)
        if held:
            log.warning("export_failed", export_id=str(row["id"]), failure=failure)
            await remove_all_chunks(self._database, row["id"])

    async def _try_again(self, row: RowMapping, worker_id: UUID, error: Exception) -> None:
        pause = min(LONGEST_BACKOFF, timedelta(seconds=2.0 ** min(10, row["attempts"])))
        log.warning("export_waits", export_id=str(row["id"]), error=type(error).__name__, seconds=pause.seconds)
        async with self._database.writing() as session:
            await exports.change_own(session, row["id"], worker_id, state="queued", due_at=self._clock.now() + pause)

    async def clear_away(self) -> None:
        """Delete exports and links whose time is over, until cancelled."""
        while True:
            with outliving("clearing"):
                await self.clear_once()
            await asyncio.sleep(CLEAR_EVERY_S)

    async def clear_once(self) -> None:
        """Delete what has expired by now."""
        now = self._clock.now()
        while True:
            async with self._database.writing() as session:
                ids = await exports.expired(session, now, limit=EXPIRED_AT_ONCE)
                await downloads.remove_expired_links(session, now)
            for export_id in ids:
                await remove_all_chunks(self._database, export_id)
                async with self._database.writing() as session:
                    await downloads.remove_links_of(session, export_id)
                    await exports.remove(session, export_id)
            if len(ids) < EXPIRED_AT_ONCE:
                return


class ChunkWriter:
    """Writes one attempt's bytes; every write proves and renews the lease in its transaction."""

    def __init__(
        self, database: Database, clock: Clock, export_id: UUID, worker_id: UUID, *, settings: ExportSettings
    ) -> None:
        self._database = database
        self._clock = clock
        self._export_id = export_id
        self._worker_id = worker_id
        self._settings = settings
        self._number = 0
        self._renewed_at = clock.now()
        self.size = 0

    async def clear(self) -> None:
        """Delete what an earlier attempt has written."""
        more = True
        while more:
            async with self._database.writing() as session:
                await self._renew(session, progress=0.0)
                more = await downloads.remove_chunks(session, self._export_id)

    async def write_full(self, document: JsonDocument, *, progress: float, last: bool = False) -> None:
        """Write the pieces that are full, with `last` all; with none for a while, renew the lease alone.

        Raises:
            LostError: the export is not this worker's any more.
            FailedError: it grows too large, or the disk too full.
        """
        while (piece := document.take_piece(last=last)) is not None:
            await self._check_room(len(piece))
            async with self._database.writing() as session:
                await self._renew(session, progress=progress)
                await downloads.add_chunk(session, self._export_id, number=self._number, start=self.size, content=piece)
            self._number += 1
            self.size += len(piece)
        if self._clock.now() - self._renewed_at > self._settings.lease / 4:
            async with self._database.writing() as session:
                await self._renew(session, progress=progress)

    async def finish(self) -> None:
        """Make the export ready."""
        now = self._clock.now()
        ended = {"state": "ready", "progress": 1.0, "size_bytes": self.size, "due_at": None, "grant_sealed": None}
        expires_at = now + self._settings.export_lifetime
        async with self._database.writing() as session:
            if not await exports.change_own(session, self._export_id, self._worker_id, **ended, expires_at=expires_at):
                raise LostError

    async def _renew(self, session: Any, *, progress: float) -> None:
        now = self._clock.now()
        due_at, shown = now + self._settings.lease, min(1.0, max(0.0, progress))
        if not await exports.change_own(session, self._export_id, self._worker_id, due_at=due_at, progress=shown):
            raise LostError
        self._renewed_at = now

    async def _check_room(self, more: int) -> None:
        if self.size + more > self._settings.max_export_bytes:
            raise FailedError("too-large")
        if self._database.is_sqlite:
            free = await asyncio.to_thread(_free_bytes, self._settings.data_dir)
            if free - more < self._settings.min_free_bytes:
                raise FailedError("no-space")


def _free_bytes(folder: Path) -> int:
    return shutil.disk_usage(folder).free


async def remove_all_chunks(database: Database, export_id: UUID) -> None:
    """Delete the bytes of an export that nobody writes any more, in portions."""
    more = True
    while more:
        async with database.writing() as session:
            more = await downloads.remove_chunks(session, export_id)
