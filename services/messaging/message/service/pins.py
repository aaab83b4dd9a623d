"""Pinned messages: by the owner and admins of a group, by both people of a direct conversation."""

from uuid import UUID

from messaging_wire import problems
from messaging_wire.base import Page
from messaging_wire.ids import ConversationId
from messaging_wire.message import Message

from messaging.kernel.errors import ProblemError
from messaging.kernel.tokens import Caller
from messaging.message.presentation import present_messages
from messaging.message.service.change import Changer, Place
from messaging.message.service.revision import revise
from messaging.message.store import conversations, pins
from messaging.message.tables import PinRow


class PinService:
    """Pins, unpins, lists."""

    def __init__(self, changer: Changer) -> None:
        self._changer = changer

    async def page(self, caller: Caller, conversation_id: UUID) -> Page[Message]:
        """The pinned messages of a conversation of the caller's, the last pinned first; they all fit one page.

        Raises:
            ProblemError: 404.
        """
        async with self._changer.database.reading() as session:
            if not await conversations.seen(session, caller.user_id, [conversation_id]):
                raise ProblemError(problems.NOT_FOUND)
            rows = await pins.pinned(session, conversation_id)
            return Page[Message](items=await present_messages(session, caller.user_id, rows))

    async def pin(self, caller: Caller, message_id: UUID) -> Message:
        """Pin a message; again changes nothing.

        Raises:
            ProblemError: 404; 403 for plain members of a group, and `cannot-message`; 409 for a tombstone, and above
                `MAX_PINS`.
        """
        async with self._changer.change(caller) as change:
            revision = await revise(change, message_id)
            _require_may_pin(revision.place)
            revision.require_there()
            await revision.require_may_write()
            row = revision.row
            if not row.pinned:
                if await pins.count(change.session, row.conversation_id) >= pins.MAX_PINS:
                    raise ProblemError(problems.CONFLICT, f"{pins.MAX_PINS} messages are pinned already")
                pin = PinRow(
                    conversation_id=ConversationId(row.conversation_id),
                    message_id=row.id,
                    pinned_by=caller.user_id,
                    pinned_at=change.now,
                )
                change.session.add(pin)
                row.pinned = True
                await revision.tell()
            return await revision.view()

    async def unpin(self, caller: Caller, message_id: UUID) -> None:
        """Unpin a message; one that is not pinned is no error.

        Raises:
            ProblemError: 404; 403 for plain members of a group.
        """
        async with self._changer.change(caller) as change:
            revision = await revise(change, message_id)
            _require_may_pin(revision.place)
            if revision.row.pinned:
                await pins.remove(change.session, revision.row.conversation_id, [message_id])
                revision.row.pinned = False
                await revision.tell()


def _require_may_pin(place: Place) -> None:
    if place.conversation.kind == "group":
        place.require_role("owner", "admin")
