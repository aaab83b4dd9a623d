"""Tables of the message service; migrations/message makes them.

Everything that happens in a conversation happens under the lock of its row: numbering, membership, roles. Messages
are clustered by (conversation, seq), so that a page of history is read from one place.
"""

from datetime import datetime
from uuid import UUID

from messaging_wire.conversation import ConversationKind, Level, Role
from messaging_wire.ids import ClientMessageId, ConversationId, MessageId, UserId
from messaging_wire.message import MessageKind
from sqlalchemy import BINARY, Boolean, Column, Index, Integer, UniqueConstraint, false, true
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

from messaging.kernel import columns
from messaging.migrations.kernel_tables import TABLE

MAX_CONTENT = 4000
HASH_BYTES = 32
MAX_MENTIONS = 50
MAX_EMOJI = 32
SHOWN_REACTORS = 20
CODE_LENGTH = 32


class Base(SQLModel, registry=registry()):
    """The service's own set of tables, so that all services can live in one process."""


class ConversationRow(Base, table=True):
    """A conversation and its counters.

    `member_version` grows by one with every change of membership or role. `direct_key` holds both people's ids, the
    lesser first, so that a pair has one direct conversation. `join_code` is folded: 32 of `A-Z0-9` without dashes. One
    with `deleted_at` is there for nobody; its rows go in the background.
    """

    __tablename__ = "conversation"
    __table_args__ = (
        UniqueConstraint("creator_id", "client_id", name="uq_conversation_creator_id_client_id"),
        UniqueConstraint("direct_key", name="uq_conversation_direct_key"),
        UniqueConstraint("join_code", name="uq_conversation_join_code"),
        Index("ix_conversation_deleted_at", "deleted_at"),
        TABLE,
    )

    id: ConversationId = Field(sa_column=Column(columns.Uuid, primary_key=True))
    kind: ConversationKind = Field(sa_column=Column(columns.short_text(8), nullable=False))
    title: str | None = Field(default=None, sa_column=Column(columns.short_text(100)))
    description: str | None = Field(default=None, sa_column=Column(columns.short_text(1000)))
    announcement_only: bool = Field(default=False, sa_column=Column(Boolean, nullable=False))
    owner_id: UserId | None = Field(default=None, sa_column=Column(columns.Uuid))
    creator_id: UserId = Field(sa_column=Column(columns.Uuid, nullable=False))
    client_id: UUID | None = Field(default=None, sa_column=Column(columns.Uuid))
    direct_key: bytes | None = Field(default=None, sa_column=Column(BINARY(32)))
    join_code: str | None = Field(default=None, sa_column=Column(columns.short_text(CODE_LENGTH)))
    first_seq: int = Field(default=1, sa_column=Column(columns.big_integer(), nullable=False))
    last_seq: int = Field(default=0, sa_column=Column(columns.big_integer(), nullable=False))
    last_rev: int = Field(default=0, sa_column=Column(columns.big_integer(), nullable=False))
    member_count: int = Field(sa_column=Column(Integer, nullable=False))
    member_version: int = Field(sa_column=Column(columns.big_integer(), nullable=False))
    created_at: datetime = Field(sa_column=Column(columns.UtcTime, nullable=False))
    last_activity_at: datetime = Field(sa_column=Column(columns.UtcTime, nullable=False))
    deleted_at: datetime | None = Field(default=None, sa_column=Column(columns.UtcTime))


class MemberRow(Base, table=True):
    """One person in one conversation.

    `hidden_seq`: the person put a direct conversation aside when it ended there; the next message brings it back.
    """

    __tablename__ = "member"
    __table_args__ = (
        Index("ix_member_user_id_conversation_id", "user_id", "conversation_id"),
        Index("ix_member_conversation_id_role_joined_at", "conversation_id", "role", "joined_at"),
        TABLE,
    )

    conversation_id: ConversationId = Field(sa_column=Column(columns.Uuid, primary_key=True))
    user_id: UserId = Field(sa_column=Column(columns.Uuid, primary_key=True))
    role: Role = Field(sa_column=Column(columns.short_text(8), nullable=False))
    joined_at: datetime = Field(sa_column=Column(columns.UtcTime, nullable=False))
    joined_seq: int = Field(sa_column=Column(columns.big_integer(), nullable=False))
    delivered_seq: int = Field(sa_column=Column(columns.big_integer(), nullable=False))
    read_seq: int = Field(sa_column=Column(columns.big_integer(), nullable=False))
    hidden_seq: int | None = Field(default=None, sa_column=Column(columns.big_integer()))
    sends_receipts: bool = Field(default=True, sa_column=Column(Boolean, nullable=False))
    level: Level = Field(default="all", sa_column=Column(columns.short_text(8), nullable=False))
    muted_until: datetime | None = Field(default=None, sa_column=Column(columns.UtcTime))
    level_version: int = Field(default=0, sa_column=Column(columns.big_integer(), nullable=False, server_default="0"))


class MessageRow(Base, table=True):
    """A message in a conversation's numbering.

    `content_hash` is the SHA-256 of conversation, content and reply as first sent: it tells a repeat from another
    message under the same (sender_id, client_message_id). A tombstone has `deleted_at` and no content. `mentions` holds
    the ids of who is mentioned, 16 bytes each; `reacted` tells that rows of `reaction` may exist.
    """

    __tablename__ = "message"
    __table_args__ = (
        UniqueConstraint("id", name="uq_message_id"),
        UniqueConstraint("sender_id", "client_message_id", name="uq_message_sender_id_client_message_id"),
        Index("ix_message_conversation_id_rev", "conversation_id", "rev"),
        TABLE,
    )

    conversation_id: ConversationId = Field(sa_column=Column(columns.Uuid, primary_key=True))
    seq: int = Field(sa_column=Column(columns.big_integer(), primary_key=True, autoincrement=False))
    id: MessageId = Field(sa_column=Column(columns.Uuid, nullable=False))
    rev: int = Field(sa_column=Column(columns.big_integer(), nullable=False))
    kind: MessageKind = Field(sa_column=Column(columns.short_text(8), nullable=False))
    sender_id: UserId = Field(sa_column=Column(columns.Uuid, nullable=False))
    client_message_id: ClientMessageId = Field(sa_column=Column(columns.Uuid, nullable=False))
    content: str = Field(sa_column=Column(columns.short_text(MAX_CONTENT), nullable=False))
    content_hash: bytes = Field(sa_column=Column(BINARY(HASH_BYTES), nullable=False))
    reply_to: MessageId | None = Field(default=None, sa_column=Column(columns.Uuid))
    created_at: datetime = Field(sa_column=Column(columns.UtcTime, nullable=False))
    edited_at: datetime | None = Field(default=None, sa_column=Column(columns.UtcTime))
    deleted_at: datetime | None = Field(default=None, sa_column=Column(columns.UtcTime))
    mentions: bytes | None = Field(default=None, sa_column=Column(columns.short_bytes(16 * MAX_MENTIONS)))
    pinned: bool = Field(default=False, sa_column=Column(Boolean, nullable=False, server_default=false()))
    reacted: bool = Field(default=False, sa_column=Column(Boolean, nullable=False, server_default=false()))


class VersionRow(Base, table=True):
    """A former text of a message; gone when the message is deleted."""

    __tablename__ = "message_version"
    __table_args__ = TABLE

    message_id: MessageId = Field(sa_column=Column(columns.Uuid, primary_key=True))
    rev: int = Field(sa_column=Column(columns.big_integer(), primary_key=True, autoincrement=False))
    """The message's `rev` while this was its text."""
    content: str = Field(sa_column=Column(columns.short_text(MAX_CONTENT), nullable=False))
    written_at: datetime = Field(sa_column=Column(columns.UtcTime, nullable=False))


class PersonRow(Base, table=True):
    """What is known of a person: from their token at first, then from `profile.updated`; version 0 is the token's."""

    __tablename__ = "person"
    __table_args__ = (Index("ix_person_username_key", "username_key"), TABLE)

    user_id: UserId = Field(sa_column=Column(columns.Uuid, primary_key=True))
    username: str = Field(sa_column=Column(columns.short_text(50), nullable=False))
    display_name: str = Field(sa_column=Column(columns.short_text(100), nullable=False))
    avatar_url: str | None = Field(default=None, sa_column=Column(columns.short_text(2000)))
    version: int = Field(sa_column=Column(columns.big_integer(), nullable=False))
    username_key: str = Field(default="", sa_column=Column(columns.short_text(50), nullable=False, server_default=""))
    direct_messages: str = Field(
        default="everyone", sa_column=Column(columns.short_text(8), nullable=False, server_default="everyone")
    )
    sends_receipts: bool = Field(default=True, sa_column=Column(Boolean, nullable=False, server_default=true()))
    shows_presence: bool = Field(default=True, sa_column=Column(Boolean, nullable=False, server_default=true()))


class ReactionRow(Base, table=True):
    """One person's reaction to a message with one emoji."""

    __tablename__ = "reaction"
    __table_args__ = (Index("ix_reaction_user_id", "user_id"), TABLE)

    message_id: MessageId = Field(sa_column=Column(columns.Uuid, primary_key=True))
    emoji: str = Field(sa_column=Column(columns.short_text(MAX_EMOJI), primary_key=True))
    user_id: UserId = Field(sa_column=Column(columns.Uuid, primary_key=True))
    reacted_at: datetime = Field(sa_column=Column(columns.UtcTime, nullable=False))


class ReactionTallyRow(Base, table=True):
    """How many people reacted with one emoji, and the first of them, 16 bytes each: a page of messages counts nothing.

    Kept in step with `reaction` under the conversation's lock; a row whose count would be 0 is not there.
    """

    __tablename__ = "reaction_tally"
    __table_args__ = TABLE

    message_id: MessageId = Field(sa_column=Column(columns.Uuid, primary_key=True))
    emoji: str = Field(sa_column=Column(columns.short_text(MAX_EMOJI), primary_key=True))
    count: int = Field(sa_column=Column(columns.big_integer(), nullable=False))
    user_ids: bytes = Field(sa_column=Column(columns.short_bytes(16 * SHOWN_REACTORS), nullable=False))
    since: datetime = Field(sa_column=Column(columns.UtcTime, nullable=False))
    """When the first of them reacted; emojis are shown in this order."""


class PinRow(Base, table=True):
    """A pinned message; the message's own `pinned` says the same."""

    __tablename__ = "pin"
    __table_args__ = TABLE

    conversation_id: ConversationId = Field(sa_column=Column(columns.Uuid, primary_key=True))
    message_id: MessageId = Field(sa_column=Column(columns.Uuid, primary_key=True))
    pinned_by: UserId = Field(sa_column=Column(columns.Uuid, nullable=False))
    pinned_at: datetime = Field(sa_column=Column(columns.UtcTime, nullable=False))


class InvitationRow(Base, table=True):
    """Somebody who was invited into a group and has not answered."""

    __tablename__ = "invitation"
    __table_args__ = (Index("ix_invitation_user_id_created_at", "user_id", "created_at"), TABLE)

    conversation_id: ConversationId = Field(sa_column=Column(columns.Uuid, primary_key=True))
    user_id: UserId = Field(sa_column=Column(columns.Uuid, primary_key=True))
    inviter_id: UserId = Field(sa_column=Column(columns.Uuid, nullable=False))
    created_at: datetime = Field(sa_column=Column(columns.UtcTime, nullable=False))


class RelationRow(Base, table=True):
    """What `user_id` has said of `other_id`, from `relation.changed`; being a contact holds both ways, a block one."""

    __tablename__ = "relation"
    __table_args__ = (Index("ix_relation_other_id", "other_id"), TABLE)

    user_id: UserId = Field(sa_column=Column(columns.Uuid, primary_key=True))
    other_id: UserId = Field(sa_column=Column(columns.Uuid, primary_key=True))
    contact: bool = Field(sa_column=Column(Boolean, nullable=False))
    blocked: bool = Field(sa_column=Column(Boolean, nullable=False))
    version: int = Field(sa_column=Column(columns.big_integer(), nullable=False))


class JoinAttemptRow(Base, table=True):
    """How many wrong join codes a person has tried since `since`, the first of them; starts anew after a minute."""

    __tablename__ = "join_attempt"
    __table_args__ = TABLE

    user_id: UserId = Field(sa_column=Column(columns.Uuid, primary_key=True))
    since: datetime = Field(sa_column=Column(columns.UtcTime, nullable=False))
    wrong: int = Field(sa_column=Column(Integer, nullable=False))


class NamedPersonRow(Base, table=True):
    """Somebody who is named in a system message and did not do it: whoever takes a name away finds it by this."""

    __tablename__ = "named_person"
    __table_args__ = (Index("ix_named_person_user_id", "user_id"), TABLE)

    message_id: MessageId = Field(sa_column=Column(columns.Uuid, primary_key=True))
    user_id: UserId = Field(sa_column=Column(columns.Uuid, primary_key=True))
