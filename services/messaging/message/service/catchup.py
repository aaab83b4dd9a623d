"""Catching up: what a client that was away has missed, in answers of bounded size.

What the client has of a conversation is (seq, rev). Changes of what it has come first, then newer messages: so once
its changes are complete it may go on from this answer's `last_rev`, however many messages follow.
"""

from dataclasses import dataclass
from uuid import UUID

from messaging_wire.ids import ConversationId
from messaging_wire.message import Message
from messaging_wire.realtime import ConversationSync, Position, SyncAnswer, SyncRequest
from sqlmodel.ext.asyncio.session import AsyncSession

from messaging.kernel.database import Database
from messaging.kernel.revocations import RevocationList
from messaging.kernel.tokens import Caller
from messaging.message.delivery import Delivery
from messaging.message.presentation import present_conversations, present_messages
from messaging.message.store import conversations, messages
from messaging.message.tables import ConversationRow, MessageRow

MAX_MESSAGES = 500
MAX_BYTES = 1024 * 1024
MAX_JOINED = 200
OVERHEAD_BYTES = 500
"""What a message takes in JSON beside its text."""


@dataclass
class Budget:
    """What still fits into an answer."""

    messages: int = MAX_MESSAGES
    bytes: int = MAX_BYTES

    def take(self, rows: list[MessageRow]) -> list[MessageRow]:
        """The first of `rows` that fit; the others stay for the next answer."""
        taken = []
        for row in rows:
            size = len(row.content.encode()) + OVERHEAD_BYTES
            if self.messages < 1 or self.bytes < size:
                break
            self.messages -= 1
            self.bytes -= size
            taken.append(row)
        return taken


class CatchUpService:
    """Answers `sync`."""

    def __init__(self, database: Database, delivery: Delivery, revocations: RevocationList) -> None:
        self._database = database
        self._delivery = delivery
        self._revocations = revocations

    async def sync(self, caller: Caller, request: SyncRequest) -> SyncAnswer:
        """Return what is missing of each named conversation, those not named, and those that are lost."""
        budget = Budget()
        parts: dict[ConversationId, ConversationSync] = {}
        async with self._database.reading() as session:
            found = await conversations.seen(session, caller.user_id, request.conversations)
            for seen in found:
                key = ConversationId(seen.conversation.id)
                position = request.conversations[key]
                parts[key] = await self._part(session, caller, seen.conversation, position, budget)
            others = await conversations.latest(
                session, caller.user_id, limit=MAX_JOINED, leaving_out=list(request.conversations)
            )
            joined = await present_conversations(session, others)
        for conversation in (*(seen.conversation for seen in found), *(seen.conversation for seen in others)):
            self._delivery.expect(ConversationId(conversation.id), conversation.last_seq)
        return SyncAnswer(
            epoch=self._revocations.epoch,
            conversations=parts,
            joined=joined,
            gone=[key for key in request.conversations if key not in parts],
        )

    async def _part(
        self, session: AsyncSession, caller: Caller, row: ConversationRow, position: Position, budget: Budget
    ) -> ConversationSync:
        changed, complete = await self._changed(session, row.id, position, budget)
        missing: list[MessageRow] = []
        more = not complete
        if complete and row.last_seq > position.seq:
            rows = await messages.after_seq(session, row.id, position.seq, budget.messages + 1)
            missing = budget.take(rows)
            more = len(missing) < len(rows)
        shown: dict[UUID, Message] = {
            message.id: message for message in await present_messages(session, caller.user_id, [*changed, *missing])
        }
        return ConversationSync(
            messages=[shown[message.id] for message in missing],
            changes=[shown[message.id] for message in changed],
            first_seq=row.first_seq,
            last_seq=row.last_seq,
            last_rev=row.last_rev,
            rev=row.last_rev if complete else max([position.rev or 0, *(message.rev for message in changed)]),
            more=more,
        )

    async def _changed(
        self, session: AsyncSession, conversation_id: UUID, position: Position, budget: Budget
    ) -> tuple[list[MessageRow], bool]:
        """Changes of messages that the client has, and whether these are all; the short form asks for none."""
        if position.rev is None:
            return [], True
        rows = await messages.after_rev(
            session, conversation_id, position.rev, limit=budget.messages + 1, up_to_seq=position.seq
        )
        taken = budget.take(rows)
        return taken, len(taken) == len(rows)
