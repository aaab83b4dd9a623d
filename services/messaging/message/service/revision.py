"""A change of a stored message: the message locked behind its conversation, its new `rev`, and who is told.

Editing, deleting, reacting and pinning go through here.
"""

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
from messaging.message.store import messages
from messaging.message.tables import MessageRow


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

    async def tell(self) -> None:
        """Give the change its `rev`, and tell open sockets of it."""
        row, conversation = self.row, self.place.conversation
        conversation.last_rev += 1
        row.rev = conversation.last_rev
        await self.change.session.flush()
        (view,) = await present_to_all(self.change.session, [row])
        self.change.news.append(
            ChangedMessage(
                conversation_id=ConversationId(row.conversation_id),
                member_version=conversation.member_version,
                message=view.model_copy(update={"actor_id": self.change.caller.user_id}),
            )
        )

    def publish(self) -> None:
        """Tell other services of a text that has changed, after `tell`."""
        row = self.row
        self.change.events.append(
            MessageUpdated(
                version=row.rev,
                message_id=MessageId(row.id),
                conversation_id=ConversationId(row.conversation_id),
                seq=row.seq,
                content=row.content,
                deleted=row.deleted_at is not None,
                mentions=unpack(row.mentions),
            )
        )

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
