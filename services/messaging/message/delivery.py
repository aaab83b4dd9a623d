"""News on their way to sockets: this replica's at once, other replicas' by hints over the bus.

Services call `publish` after their commit. Every emit, of own news too, passes the conversation's channel, so that
order holds whatever way news took.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Collection, Coroutine, Sequence
from typing import Any, Final, Literal
from uuid import UUID

import structlog
from messaging_wire.ids import ConversationId, UserId
from messaging_wire.realtime import ConversationChanged, Resync, Typing
from sqlalchemy.exc import SQLAlchemyError

from messaging.kernel.bus import Bus
from messaging.kernel.database import Database
from messaging.kernel.ids import new_id
from messaging.kernel.sockets import SocketHub
from messaging.message.channel import Channel, Outside, emit_to_others
from messaging.message.news import (
    TOPIC,
    ChangedConversation,
    ChangedMessage,
    Invited,
    MembersChanged,
    Missed,
    NewMessages,
    NewReceipts,
    News,
    ToldConversation,
    TypingNow,
    is_from,
    read_hint,
    write_hint,
)
from messaging.message.presentation import present_to_each
from messaging.message.shown import Shown

log = structlog.get_logger(__name__)

MAX_CHANNELS: Final = 50_000
VIEWS_AT_ONCE: Final = 200


class Delivery:
    """All channels of this replica, and its ear for hints."""

    def __init__(self, hub: SocketHub, bus: Bus, database: Database) -> None:
        self._hub = hub
        self._bus = bus
        self._outside = Outside(hub, database, self._spawn)
        self._origin = new_id()
        self._channels: OrderedDict[ConversationId, Channel] = OrderedDict()
        self._tasks: set[asyncio.Task[None]] = set()
        self._untold = False
        bus.subscribe_hints(TOPIC, self._take_hint, self._hints_were_missed)

    def publish(self, items: Sequence[News]) -> None:
        """Tell what was committed: to this replica's sockets, in the order of the calls, and to other replicas."""
        if not items:
            return
        for item in items:
            self._take(item)
        if self._bus.not_ready() is not None:
            self._untold = True
            return
        self._bus.publish_hint(TOPIC, write_hint(self._origin, items))

    def expect(self, conversation_id: ConversationId, last_seq: int) -> None:
        """A client here has the conversation up to `last_seq`."""
        self._channel(conversation_id).expect(last_seq)

    async def members_of(self, conversation_id: ConversationId) -> Collection[UUID]:
        """The members under a membership that is as new as any news; waits while the room is read."""
        channel = self._channel(conversation_id)
        known: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        channel.emit(lambda _users: None if known.done() else known.set_result(None))
        await known
        return channel.room.members if channel.room is not None else ()

    async def run(self) -> None:
        """Own the tasks until cancelled."""
        try:
            await asyncio.Event().wait()
        finally:
            for task in self._tasks:
                task.cancel()

    def _take_hint(self, _topic: str, body: bytes) -> None:
        if is_from(self._origin, body):
            return
        try:
            items = read_hint(body)
        except ValueError as error:
            log.warning("hint_unreadable", error=type(error).__name__)
            return
        for item in items:
            self._take(item)

    def _hints_were_missed(self) -> None:
        """The broker is there again: whoever is connected, here or where own hints did not arrive, had better ask."""
        self._resync_all()
        if self._untold:
            self._untold = False
            self._bus.publish_hint(TOPIC, write_hint(self._origin, [Missed()]))

    def _resync_all(self) -> None:
        self._hub.emit(list(self._hub.connected_users()), "resync", Resync())

    def _take(self, item: News) -> None:
        if not self._hub.connected_users():
            self._forget_idle()  # nobody here holds a position that could go wrong
            return
        match item:
            case NewMessages():
                self._channel(item.conversation_id).take_messages(item.member_version, item.messages)
            case ChangedMessage():
                self._channel(item.conversation_id).take_change(item.member_version, Shown.of(item.message))
            case MembersChanged():
                self._channel(item.conversation_id).take_members(item)
            case ToldConversation():
                self._tell(item)
            case ChangedConversation():
                self._take_conversation(item)
            case Invited():
                self._hub.emit(item.users, "invitation", item.invitation)
            case NewReceipts() | TypingNow():
                self._take_small_talk(item)
            case Missed():
                self._resync_all()

    def _tell(self, item: ToldConversation) -> None:
        for user, view in item.views.items():
            self._hub.emit([user], "conversation", ConversationChanged(reason=item.reason, conversation=view))

    def _take_small_talk(self, item: NewReceipts | TypingNow) -> None:
        channel = self._channel(item.conversation_id)
        if isinstance(item, TypingNow):
            typing = Typing(conversation_id=item.conversation_id, user_id=item.user_id)
            channel.emit(lambda users: emit_to_others(self._hub, users, "typing", typing, item.user_id))
            return
        for receipt in item.receipts:
            channel.emit(lambda users, receipt=receipt: self._hub.emit(users, "receipt", receipt))  # type: ignore[misc]

    def _take_conversation(self, item: ChangedConversation) -> None:
        if item.reason == "deleted":
            self._channels.pop(item.conversation_id, None)
            self._spawn(self._show(item.conversation_id, "deleted", list(self._hub.connected_users())))
            return
        self._channel(item.conversation_id).emit(
            lambda users: self._spawn(self._show(item.conversation_id, "changed", list(users)))
        )

    async def _show(
        self, conversation_id: ConversationId, reason: Literal["changed", "deleted"], users: list[UserId]
    ) -> None:
        """Tell each of `users` who is a member, by the view of their own."""
        for start in range(0, len(users), VIEWS_AT_ONCE):
            try:
                async with self._outside.database.reading() as session:
                    views = await present_to_each(session, conversation_id, users[start : start + VIEWS_AT_ONCE])
            except (SQLAlchemyError, OSError, TimeoutError) as error:
                log.warning("change_not_shown", error=type(error).__name__)
                self._hub.emit(users[start:], "resync", Resync(conversation_id=conversation_id))
                return
            for user, view in views.items():
                self._hub.emit([user], "conversation", ConversationChanged(reason=reason, conversation=view))

    def _channel(self, conversation_id: ConversationId) -> Channel:
        channel = self._channels.get(conversation_id)
        if channel is None:
            channel = self._channels[conversation_id] = Channel(conversation_id, self._outside)
            self._forget_oldest()
        self._channels.move_to_end(conversation_id)
        return channel

    def _forget_idle(self) -> None:
        """Forget channels in which nothing waits; one that reads what is missing would go on beside its successor."""
        for key in [key for key, channel in self._channels.items() if not channel.is_busy]:
            del self._channels[key]

    def _forget_oldest(self) -> None:
        while len(self._channels) > MAX_CHANNELS:
            oldest = next(iter(self._channels))
            if self._channels[oldest].is_busy:
                self._channels.move_to_end(oldest)
                return
            del self._channels[oldest]

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
