"""Reactions: each person's emojis on a message, once each."""

from uuid import UUID

from messaging_wire import problems
from messaging_wire.message import Message
from messaging_wire.problems import FieldProblem

from messaging.kernel.errors import ProblemError
from messaging.kernel.tokens import Caller
from messaging.message.emojis import complete_emoji
from messaging.message.service.change import Changer
from messaging.message.service.revision import revise
from messaging.message.store import reactions


class ReactionService:
    """Adds and takes away reactions."""

    def __init__(self, changer: Changer) -> None:
        self._changer = changer

    async def add(self, caller: Caller, message_id: UUID, text: str) -> Message:
        """React with one emoji; again changes nothing.

        Raises:
            ProblemError: 404; 403 `cannot-message`; 409 for a tombstone, and where the message has too many emojis; 422
                for anything else than one emoji.
        """
        emoji = require_emoji(text)
        async with self._changer.change(caller) as change:
            revision = await revise(change, message_id)
            revision.require_there()
            await revision.require_may_write()
            if await reactions.find(change.session, message_id, emoji, caller.user_id) is None:
                reaction = reactions.reaction_of(message_id, emoji, caller.user_id, change.now)
                if not await reactions.add(change.session, reaction):
                    raise ProblemError(
                        problems.CONFLICT, f"the message has {reactions.MAX_EMOJIS} different emojis already"
                    )
                revision.row.reacted = True
                await revision.tell()
            return await revision.view()

    async def remove(self, caller: Caller, message_id: UUID, text: str) -> None:
        """Take a reaction of one's own back; one that is not there is no error.

        Raises:
            ProblemError: 404; 422 for anything else than one emoji.
        """
        emoji = require_emoji(text)
        async with self._changer.change(caller) as change:
            revision = await revise(change, message_id)
            reaction = await reactions.find(change.session, message_id, emoji, caller.user_id)
            if reaction is not None:
                revision.row.reacted = await reactions.remove(change.session, reaction)
                await revision.tell()


def require_emoji(text: str) -> str:
    """Return the emoji in its fully-qualified form.

    Raises:
        ProblemError: 422, it is not one emoji of the recommended set.
    """
    emoji = complete_emoji(text)
    if emoji is None:
        wrong = FieldProblem(field="emoji", message="must be one emoji of the set that Unicode recommends (RGI)")
        raise ProblemError(problems.INVALID_FIELDS, errors=[wrong])
    return emoji
