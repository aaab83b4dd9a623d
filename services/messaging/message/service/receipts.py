"""Receipts: how far members have come, written at most once per second, person and conversation, many at once."""

import asyncio
import heapq
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

import structlog
from messaging_wire import problems
from messaging_wire.conversation import Receipt
from messaging_wire.events import ReceiptUpdated
from messaging_wire.ids import ConversationId, UserId

from messaging.kernel.database import Database
from messaging.kernel.errors import ProblemError
from messaging.kernel.outbox import Outbox
from messaging.kernel.problems import to_problem
from messaging.message.delivery import Delivery
from messaging.message.news import NewReceipts
from messaging.message.store import conversations, members
from messaging.message.store.members import SMALL, Pair
from messaging.message.tables import ConversationRow, MemberRow
from messaging.message.views import receipt_view

log = structlog.get_logger(__name__)

INTERVAL_S: Final = 1.0
MAX_BATCH: Final = 200
MAX_PENDING: Final = 20_000


@dataclass
class Mark:
    """How far somebody says they have come; several say-sos are joined to the greatest."""

    due: float
    delivered_seq: int = 0
    read_seq: int = 0
    answers: list[asyncio.Future[Receipt]] = field(default_factory=list)

    def raise_to(self, delivered_seq: int | None, read_seq: int | None) -> None:
        """Take another say-so; read implies delivered."""
        self.read_seq = max(self.read_seq, read_seq or 0)
        self.delivered_seq = max(self.delivered_seq, delivered_seq or 0, self.read_seq)

    def settle(self, outcome: Receipt | ProblemError) -> None:
        """Tell everybody who still waits."""
        for answer in self.answers:
            if answer.done():
                continue
            if isinstance(outcome, ProblemError):
                answer.set_exception(outcome)
                answer.exception()  # whoever waited may be gone
            else:
                answer.set_result(outcome)


class ReceiptService:
    """Collects marks and writes them."""

    def __init__(self, database: Database, outbox: Outbox, delivery: Delivery) -> None:
        self._database = database
        self._outbox = outbox
        self._delivery = delivery
        self._marks: dict[Pair, Mark] = {}
        self._due: list[tuple[float, Pair]] = []
        self._written: dict[Pair, float] = {}
        self._wake = asyncio.Event()

    async def mark(
        self, user_id: UserId, conversation_id: ConversationId, *, delivered_seq: int | None, read_seq: int | None
    ) -> Receipt:
        """Note how far somebody has come; returns what is stored, within a second.

        Raises:
            ProblemError: 404 for who is no member; 503 where too much waits or the database is away.
        """
        loop, key = asyncio.get_running_loop(), (conversation_id, user_id)
        mark = self._marks.get(key)
        if mark is None:
            if len(self._marks) >= MAX_PENDING:
                raise ProblemError(problems.UNAVAILABLE, "too many receipts wait")
            due = max(loop.time(), self._written.get(key, 0.0) + INTERVAL_S)
            mark = self._marks[key] = Mark(due)
            heapq.heappush(self._due, (due, key))
            self._wake.set()
        mark.raise_to(delivered_seq, read_seq)
        answer: asyncio.Future[Receipt] = loop.create_future()
        mark.answers.append(answer)
        return await answer

    async def run(self) -> None:
        """Write what is due until cancelled; what is left then is refused."""
        batch: dict[Pair, Mark] = {}
        try:
            while True:
                await self._wait_until_due()
                batch = self._take_due()
                if batch:
                    await self._try_to_write(batch)
        finally:
            for mark in [*batch.values(), *self._marks.values()]:
                mark.settle(ProblemError(problems.UNAVAILABLE, "the service is stopping"))

    async def _try_to_write(self, batch: dict[Pair, Mark]) -> None:
        try:
            await self._write(batch)
        except Exception as error:
            log.warning("receipts_not_written", error=type(error).__name__, count=len(batch))
            for mark in batch.values():
                mark.settle(to_problem(error))

    async def _wait_until_due(self) -> None:
        self._wake.clear()
        left = self._due[0][0] - asyncio.get_running_loop().time() if self._due else None
        if left is not None and left <= 0:
            return
        try:
            async with asyncio.timeout(left):
                await self._wake.wait()
        except TimeoutError:
            return

    def _take_due(self) -> dict[Pair, Mark]:
        now = asyncio.get_running_loop().time()
        batch: dict[Pair, Mark] = {}
        while self._due and self._due[0][0] <= now and len(batch) < MAX_BATCH:
            _, key = heapq.heappop(self._due)
            batch[key] = self._marks.pop(key)
            self._written[key] = now
        self._written = {key: at for key, at in self._written.items() if at > now - INTERVAL_S}
        return batch

    async def _write(self, batch: dict[Pair, Mark]) -> None:
        async with self._database.writing() as session:
            rows = await members.lock(session, batch)
            known = await conversations.by_ids(session, {key[0] for key in batch})
            session.expunge_all()
            changed = [key for key, row in rows.items() if key[0] in known and _advance(row, batch[key], known[key[0]])]
            if changed:
                await members.save_marks(session, [rows[key] for key in changed])
            events = [_event(rows[key]) for key in changed if batch[key].read_seq > 0]
            await self._outbox.add(session, events)
        self._outbox.wake()
        for key, mark in batch.items():
            here = key in rows and key[0] in known
            mark.settle(receipt_view(rows[key]) if here else ProblemError(problems.NOT_FOUND))
        self._delivery.publish(_news([rows[key] for key in changed], known))


def _advance(row: MemberRow, mark: Mark, conversation: ConversationRow) -> bool:
    """Raise a member's marks, never above what exists; tell whether anything rose."""
    read = max(row.read_seq, min(mark.read_seq, conversation.last_seq))
    delivered = max(row.delivered_seq, min(mark.delivered_seq, conversation.last_seq), read)
    rose = (row.delivered_seq, row.read_seq) != (delivered, read)
    row.delivered_seq, row.read_seq = delivered, read
    return rose


def _event(row: MemberRow) -> ReceiptUpdated:
    return ReceiptUpdated(
        version=row.read_seq,
        conversation_id=ConversationId(row.conversation_id),
        user_id=UserId(row.user_id),
        read_seq=row.read_seq,
    )


def _news(rows: Sequence[MemberRow], known: Mapping[UUID, ConversationRow]) -> list[NewReceipts]:
    """News for conversations that are small enough to tell; who sends no receipts is not told of."""
    by_conversation: dict[ConversationId, list[Receipt]] = {}
    for row in rows:
        if row.sends_receipts and known[row.conversation_id].member_count <= SMALL:
            by_conversation.setdefault(ConversationId(row.conversation_id), []).append(receipt_view(row))
    return [NewReceipts(conversation_id=key, receipts=receipts) for key, receipts in by_conversation.items()]
