"""What members want to be told of: all messages, mentions or nothing, and for how long no more than mentions."""

from uuid import UUID

from messaging_wire import problems
from messaging_wire.conversation import LevelUpdate, Me
from messaging_wire.events import LevelChanged
from messaging_wire.ids import ConversationId

from messaging.kernel.errors import ProblemError
from messaging.kernel.tokens import Caller
from messaging.message.service.change import Changer
from messaging.message.store import members
from messaging.message.tables import MemberRow


class LevelService:
    """Sets levels; the notification service follows them."""

    def __init__(self, changer: Changer) -> None:
        self._changer = changer

    async def set(self, caller: Caller, conversation_id: UUID, request: LevelUpdate) -> Me:
        """Choose for the caller alone; their other devices are told.

        Raises:
            ProblemError: 404.
        """
        async with self._changer.change(caller) as change:
            member = await members.lock_one(change.session, conversation_id, caller.user_id)
            if member is None:
                raise ProblemError(problems.NOT_FOUND)
            if request.level is not None:
                member.level = request.level
            if "muted_until" in request.model_fields_set:
                member.muted_until = request.muted_until
            member.level_version += 1
            change.events.append(level_event(member))
            view = await change.view(caller.user_id, conversation_id)
            change.tell_one("changed", caller.user_id, view)
            return view.me


def level_event(member: MemberRow) -> LevelChanged:
    """The event of what a member wants to be told of."""
    return LevelChanged(
        version=member.level_version,
        conversation_id=ConversationId(member.conversation_id),
        user_id=member.user_id,
        level=member.level,
        muted_until=member.muted_until,
    )
