"""A conversation in full, for its export: in keyset pages, each under the person's membership."""

from collections.abc import AsyncIterator
from uuid import UUID

from messaging_wire import problems
from messaging_wire.conversation import Conversation
from messaging_wire.ids import UserId
from messaging_wire.message import Message

from messaging.kernel.database import Database
from messaging.kernel.errors import ProblemError
from messaging.message.presentation import present_conversation, present_messages
from messaging.message.store import conversations, messages

PAGE = 500


class ExportService:
    """Reads for an export."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def conversation(self, user_id: UserId, conversation_id: UUID) -> Conversation:
        """The conversation as the person sees it now.

        Raises:
            ProblemError: 404.
        """
        async with self._database.reading() as session:
            found = await conversations.seen(session, user_id, [conversation_id])
            if not found:
                raise ProblemError(problems.NOT_FOUND)
            return await present_conversation(session, found[0])

    async def pages(self, user_id: UserId, conversation_id: UUID, last_seq: int) -> AsyncIterator[list[Message]]:
        """All messages up to `last_seq`, ascending; no page outlives a transaction.

        Raises:
            ProblemError: 404, the person has lost access meanwhile.
        """
        after = 0
        while after < last_seq:
            async with self._database.reading() as session:
                rows = await messages.seen_after_seq(session, user_id, conversation_id, after, PAGE)
                if rows is None:
                    raise ProblemError(problems.NOT_FOUND)
                page = await present_messages(session, user_id, [row for row in rows if row.seq <= last_seq])
            if not page:
                return
            yield page
            after = page[-1].seq
