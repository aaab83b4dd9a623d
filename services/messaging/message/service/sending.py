"""Storing a batch of sends in one transaction: what each of them becomes, and what to tell about them.

`batches.py` collects sends and calls `store_sends`; what goes wrong with one never touches its neighbours.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from messaging_wire import problems
from messaging_wire.events import MessageCreated
from messaging_wire.ids import ConversationId, UserId
from messaging_wire.message import Message, SendRequest
from messaging_wire.problems import FieldProblem
from sqlmodel.ext.asyncio.session import AsyncSession

from messaging.kernel.errors import ProblemError
from messaging.kernel.outbox import Outbox
from messaging.message.news import NewMessages
from messaging.message.numbering import append_message, first_content_hash
from messaging.message.presentation import present_messages
from messaging.message.store import conversations, members, messages
from messaging.message.store.rows import insert_rows
from messaging.message.tables import ConversationRow, MemberRow, MessageRow
from messaging.message.views import message_view


@dataclass(frozen=True)
class Send:
    """What somebody wants to send."""

    sender_id: UserId
    username: str
    request: SendRequest

    @property
    def key(self) -> messages.Key:
        """What makes it the same send for ever."""
        return self.sender_id, self.request.client_message_id

    @property
    def place(self) -> members.Pair:
        """Where the sender must be a member."""
        return self.request.conversation_id, self.sender_id


@dataclass(frozen=True)
class Sent:
    """A send that is stored: now, or earlier where it is not `created`."""

    message: Message
    created: bool
    member_version: int = 0
    """The membership's version now; 0 where the conversation is not there any more."""


Outcome = Sent | ProblemError


@dataclass
class Batch:
    """The state of the conversations that a batch is about, under their locks."""

    conversations: dict[UUID, ConversationRow]
    members: dict[members.Pair, MemberRow]
    known: dict[messages.Key, MessageRow]
    replied_to: dict[UUID, UUID]
    new: list[MessageRow] = field(default_factory=list)

    def accept(self, send: Send, now: datetime) -> MessageRow:
        """Return the send's message: the stored one of a repeat, or a new one with its place in the numbering.

        Raises:
            ProblemError: it is refused.
        """
        request = send.request
        known = self.known.get(send.key)
        if known is not None:
            if known.content_hash != first_content_hash(request.conversation_id, request.content, request.reply_to):
                raise ProblemError(problems.ID_REUSED, "client_message_id was used for another message")
            return known
        conversation = self._place_of(send)
        member = self.members[send.place]
        row = append_message(
            conversation,
            kind="text",
            sender_id=send.sender_id,
            client_message_id=request.client_message_id,
            content=request.content,
            reply_to=request.reply_to,
            now=now,
        )
        member.read_seq = member.delivered_seq = row.seq
        self.known[send.key] = row
        self.new.append(row)
        return row

    def _place_of(self, send: Send) -> ConversationRow:
        request = send.request
        conversation = self.conversations.get(request.conversation_id)
        member = self.members.get(send.place)
        if conversation is None or member is None:
            raise ProblemError(problems.NOT_FOUND)
        if conversation.announcement_only and member.role == "member":
            raise ProblemError(problems.FORBIDDEN, "only the owner and admins write here")
        if request.reply_to is not None and self.replied_to.get(request.reply_to) != conversation.id:
            wrong = FieldProblem(field="reply_to", message="is not a message of this conversation")
            raise ProblemError(problems.INVALID_FIELDS, errors=[wrong])
        return conversation


async def store_sends(
    session: AsyncSession, outbox: Outbox, sends: Sequence[Send], now: datetime
) -> tuple[list[Outcome], list[NewMessages]]:
    """Store what can be stored, in order; return an outcome for each send, and news of the new messages."""
    batch = await _lock(session, sends)
    found: list[MessageRow | ProblemError] = []
    for send in sends:
        try:
            found.append(batch.accept(send, now))
        except ProblemError as error:
            found.append(error)
    if batch.new:
        await _save(session, outbox, batch, {send.sender_id: send.username for send in sends})
    return await _outcomes(session, batch, found), _news(batch)


async def _lock(session: AsyncSession, sends: Sequence[Send]) -> Batch:
    locked = await conversations.lock(session, {send.request.conversation_id for send in sends})
    batch = Batch(
        conversations=locked,
        members=await members.lock(session, {send.place for send in sends if send.request.conversation_id in locked}),
        known=await messages.lock_by_keys(session, {send.key for send in sends}),
        replied_to=await messages.conversations_of(
            session, {send.request.reply_to for send in sends if send.request.reply_to is not None}
        ),
    )
    session.expunge_all()  # counters are written in one statement for all, not row by row
    return batch


async def _save(session: AsyncSession, outbox: Outbox, batch: Batch, usernames: dict[UUID, str]) -> None:
    touched = {row.conversation_id for row in batch.new}
    places = {(row.conversation_id, row.sender_id) for row in batch.new}
    await conversations.save_counters(session, [batch.conversations[key] for key in touched])
    await insert_rows(session, batch.new)
    await members.save_marks(session, [batch.members[place] for place in places])
    await outbox.add(
        session,
        [created_event(row, batch.conversations[row.conversation_id], usernames[row.sender_id]) for row in batch.new],
    )


async def _outcomes(session: AsyncSession, batch: Batch, found: Sequence[MessageRow | ProblemError]) -> list[Outcome]:
    fresh = {id(row) for row in batch.new}
    shown: dict[int, Message] = {}
    for row in found:
        if isinstance(row, MessageRow) and id(row) not in fresh and id(row) not in shown:
            (shown[id(row)],) = await present_messages(session, row.sender_id, [row])
    outcomes: list[Outcome] = []
    for outcome in found:
        if isinstance(outcome, ProblemError):
            outcomes.append(outcome)
            continue
        created = id(outcome) in fresh
        fresh.discard(id(outcome))  # a repeat inside the batch is a repeat
        conversation = batch.conversations.get(outcome.conversation_id)
        view = shown.get(id(outcome)) or message_view(outcome, None)
        outcomes.append(Sent(view, created, conversation.member_version if conversation is not None else 0))
    return outcomes


def _news(batch: Batch) -> list[NewMessages]:
    by_conversation: dict[UUID, list[Message]] = {}
    for row in batch.new:
        by_conversation.setdefault(row.conversation_id, []).append(message_view(row, None))
    return [
        NewMessages.model_construct(
            kind="messages",
            conversation_id=ConversationId(key),
            member_version=batch.conversations[key].member_version,
            messages=views,
        )
        for key, views in by_conversation.items()
    ]


def created_event(row: MessageRow, conversation: ConversationRow, username: str) -> MessageCreated:
    """The event of a new message."""
    return MessageCreated(
        version=row.rev,
        message_id=row.id,
        conversation_id=row.conversation_id,
        member_version=conversation.member_version,
        seq=row.seq,
        kind=row.kind,
        sender_id=row.sender_id,
        sender_username=username,
        content=row.content,
        created_at=row.created_at,
    )
