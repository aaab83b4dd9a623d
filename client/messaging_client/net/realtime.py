"""The real-time client: stay connected, miss nothing, send what is in the outbox.

The socket is a hint, the database the truth. After every connect: subscribe first (events wait in a queue), then
`sync`, then merge both. A gap that stays open for a moment, or `resync`, is another `sync`. So a listener hears of each
message once and in order, whatever happened to the connection in between.
"""

import asyncio
from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta
from typing import NoReturn

from messaging_wire.conversation import Receipt
from messaging_wire.ids import ConversationId
from messaging_wire.message import Message
from messaging_wire.realtime import (
    Acknowledged,
    ConversationChanged,
    InvitationMade,
    MessageAcknowledged,
    RefreshEvent,
    Resync,
    SessionEnded,
    SyncAnswer,
    SyncRequest,
    Typing,
)

from messaging_client.errors import (
    BadAnswerError,
    InvalidTokenError,
    NotSignedInError,
    ProblemError,
    SessionEndedError,
    TooManyRequestsError,
    UnavailableError,
    UnreachableError,
)
from messaging_client.net.backoff import Backoff
from messaging_client.net.connection import Connection, ConnectionLostError, Event
from messaging_client.net.happenings import (
    Arrived,
    Changed,
    Connected,
    ConversationGone,
    ConversationJoined,
    Happening,
    HistoryReplaced,
    Interrupted,
)
from messaging_client.net.outbox import Outbox
from messaging_client.net.session import Session, utc_now
from messaging_client.state.book import Book, Learned

GAP_PATIENCE = timedelta(milliseconds=300)
"""How long a gap may stay open before it is asked for: hints may overtake one another by a little."""

SYNC_AT_ONCE = 200
"""The most conversations that one `sync` may name."""

Listener = Callable[[Happening], None]


class Realtime:
    """One person's live view of their conversations. Run `run` in a task; everything is told to the listener."""

    def __init__(self, base_url: str, session: Session, listener: Listener, *, book: Book | None = None) -> None:
        self.book = book or Book()
        self.outbox = Outbox()
        self._base_url = base_url
        self._session = session
        self._tell = listener
        self._backoff = Backoff()
        self._token = ""

    async def run(self) -> None:
        """Stay connected until cancelled.

        Raises:
            SessionEndedError: the session has ended on the platform.
            NotSignedInError: nobody is signed in.
        """
        again = False
        while True:
            try:
                await self._live(again=again)
            except (UnreachableError, ProblemError, BadAnswerError) as error:
                wait = self._backoff.next(error.retry_after if isinstance(error, ProblemError) else None)
                self._tell(Interrupted(str(error), wait))
                again = True
                await asyncio.sleep(wait.total_seconds())

    async def _live(self, *, again: bool) -> NoReturn:
        """Live through one connection; raises what ended it."""
        connection = Connection()
        try:
            await self._connect(connection)
            await self._sync_until_complete(connection)
            self._backoff.reset()
            self._tell(Connected(again=again))
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._follow(connection))
                tasks.create_task(self._keep_fresh(connection))
                tasks.create_task(self._send(connection))
        except ExceptionGroup as group:
            raise _most_telling(group) from group
        finally:
            await connection.close()
        raise ConnectionLostError("the connection ended")

    async def _connect(self, connection: Connection) -> None:
        self._token = await self._session.access_token()
        try:
            await connection.open(self._base_url, self._token)
        except InvalidTokenError:
            await self._session.renew(self._token)
            raise

    async def _follow(self, connection: Connection) -> None:
        """Take events as they come; ask for what stays missing, however many events come meanwhile."""
        loop = asyncio.get_running_loop()
        gap_ends: float | None = None
        while True:
            if not self.book.incomplete():
                gap_ends = None
            elif gap_ends is None:
                gap_ends = loop.time() + GAP_PATIENCE.total_seconds()
            try:
                async with asyncio.timeout_at(gap_ends):
                    event = await connection.next_event()
            except TimeoutError:
                await self._sync_until_complete(connection)
                continue
            await self._take(event, connection)

    async def _take(self, event: Event, connection: Connection) -> None:
        match event:
            case Message():
                await self._take_message(event, connection)
            case ConversationChanged(reason="left" | "deleted"):
                self._teach(self.book.drop(event.conversation.id))
            case ConversationChanged():
                self._teach(self.book.take_conversation(event.conversation))
            case Resync():
                await self._sync_until_complete(connection)
            case SessionEnded():
                # The server closes the socket now. An access token that merely expired is renewed and all goes on.
                await self._session.renew(self._token)
            case Receipt() | Typing() | InvitationMade():
                self._tell(event)

    async def _take_message(self, message: Message, connection: Connection) -> None:
        if message.conversation_id not in self.book.timelines:
            # Of a conversation that one does not know yet: the event that tells of it is late, or was lost.
            await self._sync_all(connection)
        self._teach(self.book.take_message(message))

    async def _sync_until_complete(self, connection: Connection) -> None:
        """Ask until nothing is known to be missing; raises BadAnswerError when asking does not help."""
        await self._sync_all(connection)
        while missing := self.book.incomplete():
            before = self.book.positions()
            await self._sync(connection, missing)
            if self.book.positions() == before:
                raise BadAnswerError("the platform tells of messages and does not give them")

    async def _sync_all(self, connection: Connection) -> None:
        known = list(self.book.timelines)
        for begin in range(0, max(1, len(known)), SYNC_AT_ONCE):
            await self._sync(connection, known[begin : begin + SYNC_AT_ONCE])

    async def _sync(self, connection: Connection, keys: Iterable[ConversationId]) -> None:
        positions = self.book.positions()
        named = {key: positions[key] for key in list(keys)[:SYNC_AT_ONCE] if key in positions}
        fields: dict[str, object] = {"conversations": named}
        if self.book.epoch is not None:
            fields["epoch"] = self.book.epoch
        answer = await connection.call("sync", SyncRequest.model_validate(fields), SyncAnswer)
        learned = self.book.take_sync(answer)
        self._teach(learned)
        if learned.replaced:
            await self._sync(connection, ())

    async def _keep_fresh(self, connection: Connection) -> None:
        """Give the open socket a newer token before the old one ends."""
        while True:
            left = self._session.renew_at - utc_now()
            await asyncio.sleep(max(left.total_seconds(), 1))
            token = await self._session.access_token()
            if token != self._token:
                await connection.call("refresh", RefreshEvent(token=token), Acknowledged)
                self._token = token

    async def _send(self, connection: Connection) -> None:
        """Send what is in the outbox, in order, each until it is acknowledged or refused for good."""
        while True:
            pending = await self.outbox.first()
            try:
                answer = await connection.call("send_message", pending.request, MessageAcknowledged)
            except (TooManyRequestsError, UnavailableError) as error:
                await asyncio.sleep(self._backoff.next(error.retry_after).total_seconds())
            except InvalidTokenError:
                raise
            except ProblemError as error:
                self.outbox.refuse(error)
            else:
                self._backoff.reset()
                self.outbox.acknowledge(answer.message)

    def _teach(self, learned: Learned) -> None:
        if learned.replaced:
            self._tell(HistoryReplaced())
        for conversation in learned.joined:
            self._tell(ConversationJoined(conversation))
        for key, merged in learned.merged.items():
            if merged.arrived:
                self._tell(Arrived(key, merged.arrived))
            if merged.changed:
                self._tell(Changed(key, merged.changed))
        for key in learned.gone:
            self._tell(ConversationGone(key))


def _most_telling(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """Return the error that explains the others: what ends the session, then what is more than a lost connection."""
    errors = list(_leaves(group))
    ends = (SessionEndedError, NotSignedInError)
    return min(errors, key=lambda error: (not isinstance(error, ends), isinstance(error, ConnectionLostError)))


def _leaves(error: BaseException) -> Iterator[BaseException]:
    if isinstance(error, BaseExceptionGroup):
        for inner in error.exceptions:
            yield from _leaves(inner)
    else:
        yield error
