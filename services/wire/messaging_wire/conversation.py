"""What travels by REST about conversations and their members."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field, StringConstraints, model_validator

from messaging_wire.base import Answer, Request, ShortLine, Text, Time
from messaging_wire.ids import ConversationId, UserId
from messaging_wire.message import Message

ConversationKind = Literal["group", "direct"]
Role = Literal["owner", "admin", "member"]
Level = Literal["all", "mentions", "none"]
Description = Annotated[Text, StringConstraints(max_length=1000)]


class ConversationCreate(Request):
    """Body of POST /conversation: a titled group, or a direct conversation with exactly one other person."""

    kind: ConversationKind = "group"
    title: ShortLine | None = None
    description: Description | None = None
    member_ids: list[UserId] = Field(default_factory=list, max_length=100)
    client_id: UUID | None = None

    @model_validator(mode="after")
    def _fits_its_kind(self) -> "ConversationCreate":
        if self.kind == "group" and self.title is None:
            raise ValueError("title is required for a group")
        if self.kind == "direct" and (len(self.member_ids) != 1 or self.title is not None):
            raise ValueError("a direct conversation takes exactly one id in member_ids and no title")
        return self


class ConversationUpdate(Request):
    """Body of PUT /conversation/{id}; what is absent stays as it is."""

    title: ShortLine | None = None
    description: Description | None = None
    announcement_only: bool | None = None


class MemberUpdate(Request):
    """Body of PUT /conversation/{id}/members/{user_id}; `owner` hands over."""

    role: Role


class MemberAdd(Request):
    """Body of POST /conversation/{id}/members."""

    user_id: UserId


class InvitationAnswer(Request):
    """Body of PUT /conversation/invitations/{conversation_id}: come in, or not."""

    accept: bool


class LevelUpdate(Request):
    """Body of PUT /conversation/{id}/notifications; what is absent stays as it is.

    One is told of every message (`all`), of those that mention one (`mentions`), or of nothing (`none`). Until
    `muted_until`, `all` means `mentions`; null ends the muting. Whoever asks for less has open notifications that would
    not have been told closed, and is never told later of what came meanwhile.
    """

    level: Level | None = None
    muted_until: Time | None = None


class JoinRequest(Request):
    """Body of POST /conversation/join; the code counts in any case, with or without dashes."""

    join_code: str = Field(min_length=1, max_length=64)


class ReceiptUpdate(Request):
    """Body of PUT /conversation/{id}/receipt; read implies delivered, a lower value changes nothing."""

    delivered_seq: int | None = Field(default=None, ge=0)
    read_seq: int | None = Field(default=None, ge=0)


class Peer(Answer):
    """The other person of a direct conversation."""

    user_id: UserId
    username: str
    display_name: str
    avatar_url: str | None = None


class Me(Answer):
    """The asking member's own state in a conversation."""

    role: Role
    joined_seq: int
    delivered_seq: int
    read_seq: int
    level: Level = "all"
    muted_until: Time | None = None


class Member(Answer):
    """A member as other members see them."""

    user_id: UserId
    role: Role
    joined_at: Time
    delivered_seq: int
    read_seq: int


class Invitation(Answer):
    """An invitation as the invited person sees it."""

    conversation_id: ConversationId
    title: str
    inviter: Peer
    created_at: Time


class SentInvitation(Answer):
    """An invitation as the group's owner and admins see it: somebody who has not answered."""

    conversation_id: ConversationId
    user: Peer
    created_at: Time


class JoinCode(Answer):
    """Answer of POST /conversation/{id}/join-code: eight groups of four of `A-Z0-9` with dashes."""

    join_code: str


class Conversation(Answer):
    """A conversation as one member sees it."""

    id: ConversationId
    kind: ConversationKind
    title: str | None = None
    description: str | None = None
    announcement_only: bool = False
    owner_id: UserId | None = None
    peer: Peer | None = None
    join_code: str | None = None
    created_at: Time
    last_activity_at: Time
    first_seq: int
    last_seq: int
    last_rev: int
    member_count: int
    unread: int
    last_message: Message | None = None
    me: Me


class ConversationDetail(Conversation):
    """Answer of GET /conversation/{id}: with up to 50 members and its latest messages in ascending `seq`."""

    members: list[Member] = Field(default_factory=list)
    messages: list[Message] = Field(default_factory=list)


class Receipt(Answer):
    """How far one member has come; also the payload of the event `receipt`, which adds `conversation_id`."""

    conversation_id: ConversationId
    user_id: UserId
    delivered_seq: int
    read_seq: int
