"""Storing a batch of sends in one transaction: what each of them becomes, and what to tell about them.

`batches.py` collects sends and calls `store_sends`; what goes wrong with one never touches its neighbours.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

import orjson
from messaging_wire import problems
from messaging_wire.base import format_time
from messaging_wire.events import MessageCreated
from messaging_wire.ids import ConversationId, MessageId, UserId
from messaging_wire.message import SendRequest
from messaging_wire.problems import FieldProblem
from sqlmodel.ext.asyncio.session import AsyncSession

from messaging.kernel.errors import ProblemError
from messaging.kernel.ids import new_id
from messaging.kernel.outbox import Outbox
from messaging.kernel.pipeline import Pipeline
from messaging.message.mentions import find_names, unpack
from messaging.message.news import NewMessages
from messaging.message.numbering import first_content_hash, next_place
from messaging.message.presentation import present_messages
from messaging.message.shown import Shown
from messaging.message.store import mentions, messages, relations, sends
from messaging.message.store.members import Pair
from messaging.message.store.sends import NewMessage, Stored, Target
from messaging.message.tables import ConversationRow, MessageRow
from messaging.message.views import peer_of


@dataclass(frozen=True, slots=True)
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
    def place(self) -> Pair:
        """Where the sender must be a member."""
        return self.request.conversation_id, self.sender_id


@dataclass(frozen=True, slots=True)
class Sent:
    """A send that is stored: now, or earlier where it is not `created`."""

    message: Shown
    created: bool
    member_version: int = 0
    """The membership's version now; 0 where the conversation is not there any more."""

    def acknowledgement(self) -> bytes:
        """The acknowledgement of `send_message` as JSON (`MessageAcknowledged`)."""
        return b'{"ok":true,"message":%s}' % self.message.json


Outcome = Sent | ProblemError


@dataclass
class Batch:
    """The state of the conversations that a batch is about, under their locks."""

    found: sends.Found
    replied_to: dict[UUID, UUID]
    refusing: set[relations.Pair]
    mentioned: dict[mentions.Named, UUID]
    new: dict[messages.Key, NewMessage] = field(default_factory=dict)

    def accept(self, send: Send, now: datetime) -> NewMessage | Stored:
        """Return the send's message: the stored one of a repeat, or a new one with its place in the numbering.

        Raises:
            ProblemError: it is refused.
        """
        request, key = send.request, send.key
        digest = first_content_hash(request.conversation_id, request.content, request.reply_to)
        known = self.found.known.get(key) or self.new.get(key)
        if known is not None:
            if known.content_hash != digest:
                raise ProblemError(problems.ID_REUSED, "client_message_id was used for another message")
            return known
        seq, rev, at = next_place(self._target_of(send), now)
        message = self.new[key] = NewMessage(
            conversation_id=request.conversation_id,
            seq=seq,
            id=MessageId(new_id()),
            rev=rev,
            sender_id=send.sender_id,
            client_message_id=request.client_message_id,
            content=request.content,
            content_hash=digest,
            reply_to=request.reply_to,
            mentions=self._mentions_of(send),
            created_at=at,
        )
        return message

    def _target_of(self, send: Send) -> Target:
        request = send.request
        target, role = self.found.targets.get(request.conversation_id), self.found.roles.get(send.place)
        if target is None or role is None:
            raise ProblemError(problems.NOT_FOUND)
        if target.announcement_only and role == "member":
            raise ProblemError(problems.FORBIDDEN, "only the owner and admins write here")
        if target.direct_key and (send.sender_id, peer_of(target.direct_key, send.sender_id)) in self.refusing:
            raise ProblemError(problems.CANNOT_MESSAGE)
        if request.reply_to is not None and self.replied_to.get(request.reply_to) != target.id:
            wrong = FieldProblem(field="reply_to", message="is not a message of this conversation")
            raise ProblemError(problems.INVALID_FIELDS, errors=[wrong])
        return target

    def _mentions_of(self, send: Send) -> list[UserId]:
        if not self.mentioned:
            return []
        place = send.request.conversation_id
        found = [self.mentioned.get((place, name)) for name in find_names(send.request.content)]
        return [UserId(user_id) for user_id in found if user_id is not None]


async def store_sends(
    pipeline: Pipeline, outbox: Outbox, batch_of: Sequence[Send], now: datetime
) -> tuple[list[Outcome], list[NewMessages]]:
    """Store what can be stored, in order; return an outcome for each send, and news of the new messages."""
    batch = await _lock(pipeline, batch_of)
    found: list[NewMessage | Stored | ProblemError] = []
    for send in batch_of:
        try:
            found.append(batch.accept(send, now))
        except ProblemError as error:
            found.append(error)
    if batch.new:
        await _save(pipeline, outbox, batch, {send.sender_id: send.username for send in batch_of})
    shown = {message.id: show(message) for message in batch.new.values()}
    return await _outcomes(pipeline, batch, found, shown), _news(batch, shown.values())


async def _lock(pipeline: Pipeline, batch_of: Sequence[Send]) -> Batch:
    found = await sends.lock(
        pipeline,
        {send.request.conversation_id for send in batch_of},
        {send.place for send in batch_of},
        {send.key for send in batch_of},
    )
    here = [send for send in batch_of if send.request.conversation_id in found.targets]
    replied_to = {send.request.reply_to for send in here if send.request.reply_to is not None}
    named = {(send.request.conversation_id, name) for send in here for name in find_names(send.request.content)}
    direct = [(send.sender_id, found.targets[send.request.conversation_id].direct_key) for send in here]
    pairs = {(sender, peer_of(key, sender)) for sender, key in direct if key}
    return Batch(
        found,
        replied_to=await messages.conversations_of(pipeline.session, replied_to) if replied_to else {},
        refusing=await relations.refusing(pipeline.session, pairs) if pairs else set(),
        mentioned=await mentions.members_by_name(pipeline.session, named) if named else {},
    )


async def _save(pipeline: Pipeline, outbox: Outbox, batch: Batch, usernames: dict[UserId, str]) -> None:
    new, targets = list(batch.new.values()), batch.found.targets
    events = outbox.statements(
        pipeline.mark,
        MessageCreated.routing_key,
        [event_of(row, targets[row.conversation_id].member_version, usernames[row.sender_id]) for row in new],
    )
    await sends.save(pipeline, [targets[key] for key in sorted({row.conversation_id for row in new})], new, events)


async def _outcomes(
    pipeline: Pipeline,
    batch: Batch,
    found: Sequence[NewMessage | Stored | ProblemError],
    shown: dict[MessageId, Shown],
) -> list[Outcome]:
    stored = {row.id for row in found if isinstance(row, Stored)}
    repeats = await _repeats(pipeline.session, stored) if stored else {}
    outcomes: list[Outcome] = []
    told: set[UUID] = set()
    for outcome in found:
        if isinstance(outcome, ProblemError):
            outcomes.append(outcome)
            continue
        target = batch.found.targets.get(outcome.conversation_id)
        created = isinstance(outcome, NewMessage) and outcome.id not in told  # a repeat inside the batch is a repeat
        told.add(outcome.id)
        view = shown[outcome.id] if isinstance(outcome, NewMessage) else repeats[outcome.id]
        outcomes.append(Sent(view, created, target.member_version if target is not None else 0))
    return outcomes


async def _repeats(session: AsyncSession, ids: set[UUID]) -> dict[UUID, Shown]:
    """Messages that were stored before, as they are now, each as its sender sees it."""
    by_sender: dict[UUID, list[MessageRow]] = {}
    for row in await messages.by_ids(session, ids):
        by_sender.setdefault(row.sender_id, []).append(row)
    return {
        view.id: Shown.of(view)
        for sender, rows in by_sender.items()
        for view in await present_messages(session, sender, rows)
    }


def _news(batch: Batch, shown: Iterable[Shown]) -> list[NewMessages]:
    by_conversation: dict[ConversationId, list[Shown]] = {}
    for message in shown:
        by_conversation.setdefault(message.conversation_id, []).append(message)
    return [NewMessages(key, batch.found.targets[key].member_version, found) for key, found in by_conversation.items()]


def show(row: NewMessage) -> Shown:
    """A message that was just stored, as its sender sees it: what `message_view` shows, encoded (a test compares)."""
    fields = {
        "id": row.id,
        "conversation_id": row.conversation_id,
        "seq": row.seq,
        "rev": row.rev,
        "kind": "text",
        "sender_id": row.sender_id,
        "client_message_id": row.client_message_id,
        "content": row.content,
        "reply_to": row.reply_to,
        "mentions": row.mentions,
        "attachments": [],
        "pinned": False,
        "reactions": {},
        "created_at": format_time(row.created_at),
        "edited_at": None,
        "deleted_at": None,
        "status": "sent",
        "actor_id": None,
    }
    return Shown(
        orjson.dumps(fields),
        id=row.id,
        conversation_id=row.conversation_id,
        seq=row.seq,
        rev=row.rev,
        sender_id=row.sender_id,
    )


def event_of(row: NewMessage, member_version: int, username: str) -> bytes:
    """The event of a message that was just stored: what `created_event` makes, encoded (a test compares)."""
    return orjson.dumps(
        {
            "version": row.rev,
            "message_id": row.id,
            "conversation_id": row.conversation_id,
            "member_version": member_version,
            "seq": row.seq,
            "kind": "text",
            "sender_id": row.sender_id,
            "sender_username": username,
            "content": row.content,
            "mentions": row.mentions,
            "created_at": format_time(row.created_at),
        }
    )


def created_event(row: MessageRow, conversation: ConversationRow, username: str) -> MessageCreated:
    """The event of a message that is stored."""
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
        mentions=unpack(row.mentions),
        created_at=row.created_at,
    )
