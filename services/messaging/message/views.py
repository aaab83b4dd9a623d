"""Rows as the wire shows them, to one reader."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from uuid import UUID

from messaging_wire.conversation import Conversation, Me, Member, Peer, Receipt
from messaging_wire.ids import UserId
from messaging_wire.message import Message, MessageStatus, Reaction

from messaging.message.codes import show_code
from messaging.message.mentions import unpack
from messaging.message.store.conversations import Seen
from messaging.message.tables import ConversationRow, MemberRow, MessageRow, PersonRow
from messaging.message.tallies import EVERYBODY, Tallies

Field = dict[str, object]


@dataclass
class Marks:
    """What messages show that others have done: how far the members of small conversations are, and reactions."""

    _members: dict[UUID, list[MemberRow]] = field(default_factory=lambda: defaultdict(list))
    tallies: Tallies = field(default_factory=Tallies)

    @classmethod
    def of(cls, members: Iterable[MemberRow], tallies: Tallies | None = None) -> "Marks":
        """Sort members by conversation."""
        marks = cls(tallies=tallies or Tallies())
        for member in members:
            marks._members[member.conversation_id].append(member)
        return marks

    def status(self, message: MessageRow) -> MessageStatus:
        """The least over the members other than the sender; `sent` where there is nobody, or too many to tell."""
        others = [member for member in self._members[message.conversation_id] if member.user_id != message.sender_id]
        if not others:
            return "sent"
        if not all(not member.sends_receipts or member.delivered_seq >= message.seq for member in others):
            return "sent"
        return "read" if all(m.sends_receipts and m.read_seq >= message.seq for m in others) else "delivered"

    def view(self, message: MessageRow, reader_id: UUID) -> Message:
        """The message as one reader sees it."""
        return message_view(message, reader_id, self.status(message), self.tallies.view(message.id, reader_id))

    def view_for_all(self, message: MessageRow) -> Message:
        """The message as an event shows it to everybody; `client_message_id` must go to its sender only."""
        return message_view(message, None, self.status(message), self.tallies.view(message.id, EVERYBODY))


def message_view(
    row: MessageRow,
    viewer_id: UUID | None,
    status: MessageStatus = "sent",
    reactions: dict[str, Reaction] | None = None,
) -> Message:
    """A message as `viewer_id` sees it; None shows what its sender sees. A new one has no reactions."""
    own = viewer_id is None or viewer_id == row.sender_id
    return Message.model_construct(
        id=row.id,
        conversation_id=row.conversation_id,
        seq=row.seq,
        rev=row.rev,
        kind=row.kind,
        sender_id=row.sender_id,
        client_message_id=row.client_message_id if own else None,
        content=row.content,
        reply_to=row.reply_to,
        mentions=unpack(row.mentions),
        attachments=[],
        pinned=row.pinned,
        reactions=reactions or {},
        created_at=row.created_at,
        edited_at=row.edited_at,
        deleted_at=row.deleted_at,
        status=status,
        actor_id=None,
    )


def member_view(row: MemberRow) -> Member:
    """A member as other members see them."""
    return Member.model_construct(
        user_id=row.user_id,
        role=row.role,
        joined_at=row.joined_at,
        delivered_seq=row.delivered_seq,
        read_seq=row.read_seq,
    )


def receipt_view(row: MemberRow) -> Receipt:
    """How far a member has come."""
    return Receipt.model_construct(
        conversation_id=row.conversation_id,
        user_id=row.user_id,
        delivered_seq=row.delivered_seq,
        read_seq=row.read_seq,
    )


def peer_id(conversation: ConversationRow, user_id: UUID) -> UserId | None:
    """The other person of a direct conversation; oneself in notes to self."""
    return None if conversation.direct_key is None else peer_of(conversation.direct_key, user_id)


def peer_of(direct_key: bytes, user_id: UUID) -> UserId:
    """The other one of the two people in `direct_key`; oneself in notes to self."""
    low, high = UUID(bytes=direct_key[:16]), UUID(bytes=direct_key[16:])
    return UserId(high if low == user_id else low)


def conversation_view(seen: Seen, people: dict[UUID, PersonRow], marks: Marks) -> Conversation:
    """A conversation as the member in `seen` sees it."""
    return Conversation(**conversation_fields(seen, people, marks))


def conversation_fields(seen: Seen, people: dict[UUID, PersonRow], marks: Marks) -> Field:
    """The fields of a conversation's view, for models that add to them."""
    row, me, last = seen.conversation, seen.member, seen.last_message
    return {
        "id": row.id,
        "kind": row.kind,
        "title": row.title,
        "description": row.description,
        "announcement_only": row.announcement_only,
        "owner_id": row.owner_id,
        "peer": _peer(peer_id(row, me.user_id), people),
        "join_code": show_code(row.join_code) if row.join_code else None,
        "created_at": row.created_at,
        "last_activity_at": row.last_activity_at,
        "first_seq": row.first_seq,
        "last_seq": row.last_seq,
        "last_rev": row.last_rev,
        "member_count": row.member_count,
        "unread": row.last_seq - max(me.read_seq, row.first_seq - 1),
        "last_message": marks.view(last, me.user_id) if last is not None else None,
        "me": Me(
            role=me.role,
            joined_seq=me.joined_seq,
            delivered_seq=me.delivered_seq,
            read_seq=me.read_seq,
            level=me.level,
            muted_until=me.muted_until,
        ),
    }


def peer_view(user_id: UserId, people: Mapping[UUID, PersonRow]) -> Peer:
    """A person by name; without one where they are not known any more."""
    person = people.get(user_id)
    if person is None:
        return Peer.model_construct(user_id=user_id, username="", display_name="", avatar_url=None)
    return Peer.model_construct(
        user_id=user_id,
        username=person.username,
        display_name=person.display_name,
        avatar_url=person.avatar_url,
    )


def _peer(user_id: UserId | None, people: Mapping[UUID, PersonRow]) -> Peer | None:
    return None if user_id is None else peer_view(user_id, people)
