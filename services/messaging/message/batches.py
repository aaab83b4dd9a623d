"""Group commit: while one commit is under way, the sends that arrive meanwhile are collected for the next one.

A send is queued before the first await, so that one sender's order holds. As a rule one batch is under way: more of
them would be smaller and cost more. While it takes long, as under a lock that somebody holds, others start beside it,
never with the same conversation (docs/adr/0010). Whatever goes wrong with a batch, its sends are tried one by one, by
their keys, so that each is stored once or refused. Who waits for an answer may go away: the batch does not notice.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final
from uuid import UUID

import structlog
from messaging_wire import problems
from prometheus_client import Counter, Histogram
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from messaging.kernel.database import is_transient
from messaging.kernel.errors import ProblemError
from messaging.kernel.problems import to_problem
from messaging.message.news import NewMessages
from messaging.message.service.sending import Outcome, Send, Sent

log = structlog.get_logger(__name__)

MAX_BATCH: Final = 200
MAX_QUEUED: Final = 10_000
GATHER_S: Final = 0.002
CROWDED: Final = 4
"""From so many sends in a batch on, the next one waits a moment to grow; a lone sender never waits."""
PATIENCE_S: Final = 0.05
"""How long the batches that are under way have, before another one starts beside them."""
ATTEMPT_S: Final = 10.0

SIZES = Histogram("messaging_send_batch_size", "Sends per batch", buckets=(1, 2, 5, 10, 20, 50, 100, 200))
RETRIED = Counter("messaging_send_batches_retried_total", "Batches that were tried one by one")

Store = Callable[[Sequence[Send]], Awaitable[tuple[list[Outcome], list[NewMessages]]]]
"""Stores sends in one transaction of its own and has committed when it returns."""

Deliver = Callable[[list[NewMessages]], None]


@dataclass(eq=False)
class Waiting:
    """A send on its way, and who waits for its outcome."""

    send: Send
    deadline: float
    answer: asyncio.Future[Sent] = field(default_factory=lambda: asyncio.get_running_loop().create_future())

    @property
    def conversation_id(self) -> UUID:
        """Where it goes."""
        return self.send.request.conversation_id

    def settle(self, outcome: Outcome) -> None:
        """Tell the outcome, where somebody still waits."""
        if self.answer.done():
            return
        if isinstance(outcome, ProblemError):
            self.answer.set_exception(outcome)
            self.answer.exception()  # whoever waited may be gone: nobody need read it
        else:
            self.answer.set_result(outcome)


class GroupCommit:
    """The sends of one replica: those that wait, and the batches that are under way."""

    def __init__(self, store: Store, deliver: Deliver, *, lanes: int, deadline: timedelta) -> None:
        self._store = store
        self._deliver = deliver
        self._lanes = lanes
        self._deadline_s = deadline.total_seconds()
        self._queue: deque[Waiting] = deque()
        self._held: dict[UUID, list[Waiting]] = {}
        """Sends whose conversation is in a batch that is under way, in their order."""
        self._count = 0
        self._busy: set[UUID] = set()
        self._under_way = 0
        self._size = 0
        self._is_slow = False
        self._patience: asyncio.TimerHandle | None = None
        self._wake = asyncio.Event()

    def submit(self, send: Send) -> asyncio.Future[Sent]:
        """Queue a send, synchronously; the future has its outcome after the commit.

        Raises:
            ProblemError: 503, too much is queued.
        """
        if self._count >= MAX_QUEUED:
            raise unavailable()
        waiting = Waiting(send, asyncio.get_running_loop().time() + self._deadline_s)
        self._count += 1
        self._queue.append(waiting)
        if self._is_free():
            self._wake.set()
        return waiting.answer

    async def run(self) -> None:
        """Work off batches until cancelled; what is left then is refused."""
        try:
            async with asyncio.TaskGroup() as tasks:
                while True:
                    await self._wake.wait()
                    if self._size >= CROWDED and not self._under_way:
                        await asyncio.sleep(GATHER_S)
                    batch = self._take() if self._is_free() else []
                    if batch:
                        tasks.create_task(self._run_batch(batch))
                    if not self._queue or not self._is_free():
                        self._wake.clear()
        finally:
            for waiting in [*self._queue, *(one for held in self._held.values() for one in held)]:
                waiting.settle(unavailable())

    def _is_free(self) -> bool:
        """Whether a batch may start now: none is under way, or those that are have taken long."""
        return not self._under_way or (self._is_slow and self._under_way < self._lanes)

    def _be_patient(self) -> None:
        """Give what is under way its time, from now on."""
        self._is_slow = False
        if self._patience is not None:
            self._patience.cancel()
        self._patience = asyncio.get_running_loop().call_later(PATIENCE_S, self._lose_patience)

    def _lose_patience(self) -> None:
        self._is_slow = True
        if self._queue and self._is_free():
            self._wake.set()

    def _take(self) -> list[Waiting]:
        """Take sends in their order; those of conversations that are in a batch already are held for its end."""
        batch: list[Waiting] = []
        while self._queue and len(batch) < MAX_BATCH:
            waiting = self._queue.popleft()
            if waiting.conversation_id in self._busy:
                self._held.setdefault(waiting.conversation_id, []).append(waiting)
            else:
                batch.append(waiting)
        if batch:
            self._busy |= {waiting.conversation_id for waiting in batch}
            self._under_way += 1
            self._count -= len(batch)
            self._size = len(batch)
            SIZES.observe(self._size)
            self._be_patient()
        return batch

    async def _run_batch(self, batch: list[Waiting]) -> None:
        try:
            await self._work_off(batch)
        except asyncio.CancelledError:
            for waiting in batch:
                waiting.settle(unavailable())
            raise
        finally:
            self._release({waiting.conversation_id for waiting in batch})

    def _release(self, conversations: set[UUID]) -> None:
        self._busy -= conversations
        self._under_way -= 1
        for conversation_id in conversations & self._held.keys():
            self._queue.extendleft(reversed(self._held.pop(conversation_id)))
        if self._queue and self._is_free():
            self._wake.set()

    async def _work_off(self, batch: list[Waiting]) -> None:
        try:
            await self._attempt(batch)
        except Exception as error:
            log.warning("batch_failed", size=len(batch), error=type(error).__name__)
            RETRIED.inc()
            for waiting in batch:
                await self._work_off_alone(waiting, error)

    async def _attempt(self, batch: list[Waiting], *, recovering: bool = False) -> None:
        async with asyncio.timeout(ATTEMPT_S):
            outcomes, news = await self._store([waiting.send for waiting in batch])
        for waiting, outcome in zip(batch, outcomes, strict=True):
            waiting.settle(outcome)
        self._deliver(news + (_found_again(outcomes, news) if recovering else []))

    async def _work_off_alone(self, waiting: Waiting, error: Exception) -> None:
        """Try one send again until it is stored, refused, or late; its key tells whether it was stored before."""
        pause, loop = 0.05, asyncio.get_running_loop()
        while loop.time() < waiting.deadline:
            try:
                await self._attempt([waiting], recovering=True)
                return
            except (SQLAlchemyError, OSError, TimeoutError) as again:
                error = again
                if not is_transient(again) and not isinstance(again, IntegrityError):
                    break
                await asyncio.sleep(min(pause, max(0.0, waiting.deadline - loop.time())))
                pause = min(pause * 2, 2.0)
            except Exception as again:
                error = again
                break
        waiting.settle(unavailable() if is_transient(error) else to_problem(error))


def _found_again(outcomes: Sequence[Outcome], news: list[NewMessages]) -> list[NewMessages]:
    """News of messages that an attempt of unknown end had stored, and that nobody has been told of."""
    told = {message.id for item in news for message in item.messages}
    return [
        NewMessages(outcome.message.conversation_id, outcome.member_version, [outcome.message])
        for outcome in outcomes
        if isinstance(outcome, Sent) and outcome.member_version > 0 and outcome.message.id not in told
    ]


def unavailable() -> ProblemError:
    """The answer to a send that could not be tried to its end: the same again is safe."""
    return ProblemError(
        problems.UNAVAILABLE, "the message may not be stored; send it again with the same client_message_id"
    )
