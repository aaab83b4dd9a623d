"""A change of a stored message: the message locked behind its conversation, its new `rev`, and who is told.

Editing, deleting, reacting and pinning go through here.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from messaging_wire import problems
from messaging_wire.events import MessageUpdated
from messaging_wire.ids import ConversationId, MessageId
from messaging_wire.message import Message

from messaging.kernel.errors import ProblemError
from messaging.message.mentions import unpack
from messaging.message.news import ChangedMessage
from messaging.message.presentation import present_messages, present_to_all
from messaging.message.service.change import Change, Place
from messaging.message.store import messages, relations
from messaging.message.tables import ConversationRow, MessageRow
from messaging.message.views import peer_id


@dataclass(frozen=True)
class Revision:
    """A locked message and the acting member's place."""

    change: Change
    place: Place
    row: MessageRow

    def require_there(self) -> None:
        """Refuse a tombstone.

        Raises:
            ProblemError: 409.
        """
        if self.row.deleted_at is not None:
            raise ProblemError(problems.CONFLICT, "the message was deleted")

    async def require_may_write(self) -> None:
        """Refuse who may not write to the other person of a direct conversation: a change of text is a message too.

        Raises:
            ProblemError: 403 `cannot-message`.
        """
        me = self.change.caller.user_id
        other = peer_id(self.place.conversation, me)
        if other is not None and not await relations.may_message(self.change.session, me, other):
            raise ProblemError(problems.CANNOT_MESSAGE)

    async def tell(self) -> None:
        """Give the change its `rev`, and tell open sockets of it."""
        await tell_revised(self.change, [(self.place.conversation, self.row)])

    def publish(self) -> None:
        """Tell other services of a text that has changed, after `tell`."""
        caller = self.change.caller
        name = caller.username if caller.user_id == self.row.sender_id else ""
        self.change.events.append(updated_event(self.row, sender_username=name))

    async def view(self) -> Message:
        """The message as the caller sees it after what was done so far."""
        (view,) = await present_messages(self.change.session, self.change.caller.user_id, [self.row])
        return view


async def revise(change: Change, message_id: UUID) -> Revision:
    """Lock a message of a conversation of the caller's, and the conversation before it.

    Raises:
        ProblemError: 404.
    """
    found = await messages.seen(change.session, change.caller.user_id, message_id)
    if found is None:
        raise ProblemError(problems.NOT_FOUND)
    place = await change.lock(found[0].conversation_id)
    row = await messages.lock(change.session, message_id)
    if row is None:
        raise ProblemError(problems.NOT_FOUND)
    return Revision(change, place, row)


async def tell_revised(change: Change, revised: Sequence[tuple[ConversationRow, MessageRow]]) -> None:
    """Give changes of messages, each held behind its conversation, their `rev`s, and tell open sockets of them."""
    for conversation, row in revised:
        conversation.last_rev += 1
        row.rev = conversation.last_rev
    await change.session.flush()
    views = await present_to_all(change.session, [row for _, row in revised])
    for (conversation, row), view in zip(revised, views, strict=True):
        change.news.append(
            ChangedMessage(
                conversation_id=ConversationId(row.conversation_id),
                member_version=conversation.member_version,
                message=view.model_copy(update={"actor_id": change.caller.user_id}),
            )
        )


def updated_event(row: MessageRow, *, sender_username: str = "") -> MessageUpdated:
    """The event of a message that has another text, or none any more."""
    return MessageUpdated(
        version=row.rev,
        message_id=MessageId(row.id),
        conversation_id=ConversationId(row.conversation_id),
        seq=row.seq,
        content=row.content,
        deleted=row.deleted_at is not None,
        mentions=unpack(row.mentions),
        sender_id=row.sender_id,
        sender_username=sender_username,
    )
