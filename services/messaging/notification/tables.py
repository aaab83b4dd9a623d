"""Tables of the notification service; migrations/notification makes them.

A projection of what message's events tell (conversation, membership, applied_membership, activity_block, activity,
activity_mention, activity_skip, deferred_event) and the user service's (relation), and what people see (notification,
reminder).
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Boolean, Column, Index, Integer, MetaData, Table, UniqueConstraint
from sqlmodel import Field, SQLModel

from messaging.kernel import columns
from messaging.migrations.kernel_tables import TABLE

BLOCK = 256
"""How many messages share a row of `activity_block`."""
MAX_MENTIONS = 50


class Base(SQLModel):
    """The service's own set of tables, so that all services can live in one process."""

    metadata = MetaData()


class ConversationRow(Base, table=True):
    """A conversation; its row is the lock of everything that is known of it.

    `member_version` is the highest version up to which every `membership.changed` has been applied.
    """

    __tablename__ = "conversation"
    __table_args__ = TABLE

    id: UUID = Field(sa_column=Column(columns.Uuid, primary_key=True))
    kind: str = Field(sa_column=Column(columns.short_text(10), nullable=False))
    title: str | None = Field(default=None, sa_column=Column(columns.short_text(100)))
    title_version: int = Field(sa_column=Column(columns.big_integer(), nullable=False))
    member_version: int = Field(sa_column=Column(columns.big_integer(), nullable=False))


class MembershipRow(Base, table=True):
    """One person in one conversation; `role` is null for who left, or is known by a receipt only.

    `closed_seq` and `mention_closed_seq` tell up to where the person closed notifications of that kind by hand.
    """

    __tablename__ = "membership"
    __table_args__ = (Index("ix_membership_user_id", "user_id"), TABLE)

    conversation_id: UUID = Field(sa_column=Column(columns.Uuid, primary_key=True))
    user_id: UUID = Field(sa_column=Column(columns.Uuid, primary_key=True))
    role: str | None = Field(default=None, sa_column=Column(columns.short_text(10)))
    version: int = Field(sa_column=Column(columns.big_integer(), nullable=False))
    read_seq: int = Field(sa_column=Column(columns.big_integer(), nullable=False))
    closed_seq: int = Field(sa_column=Column(columns.big_integer(), nullable=False))
    mention_closed_seq: int = Field(sa_column=Column(columns.big_integer(), nullable=False))
    level: str = Field(default="all", sa_column=Column(columns.short_text(8), nullable=False, server_default="all"))
    muted_until: datetime | None = Field(default=None, sa_column=Column(columns.UtcTime))
    level_version: int = Field(default=0, sa_column=Column(columns.big_integer(), nullable=False, server_default="0"))


class AppliedMembershipRow(Base, table=True):
    """A `membership.changed` that was applied although an earlier one is still missing."""

    __tablename__ = "applied_membership"
    __table_args__ = TABLE

    conversation_id: UUID = Field(sa_column=Column(columns.Uuid, primary_key=True))
    version: int = Field(sa_column=Column(columns.big_integer(), primary_key=True, autoincrement=False))


class ActivityBlockRow(Base, table=True):
    """What is known of `BLOCK` messages in a row, a bit for each: those that were told of, and those that were changed.

    The bit of a `seq` is `seq % BLOCK`, the least significant of the first byte being 0. System messages have none.
    """

    __tablename__ = "activity_block"
    __table_args__ = (Index("ix_activity_block_seen_at", "seen_at"), TABLE)

    conversation_id: UUID = Field(sa_column=Column(columns.Uuid, primary_key=True))
    block: int = Field(sa_column=Column(columns.big_integer(), primary_key=True, autoincrement=False))
    sent: bytes = Field(sa_column=Column(columns.fixed_bytes(BLOCK // 8), nullable=False))
    changed: bytes = Field(sa_column=Column(columns.fixed_bytes(BLOCK // 8), nullable=False))
    seen_at: datetime = Field(sa_column=Column(columns.UtcTime, nullable=False))


class ActivityRow(Base, table=True):
    """A message that was changed: its newest text, by `rev`, and the ids of all whom a change mentions."""

    __tablename__ = "activity"
    __table_args__ = (Index("ix_activity_seen_at", "seen_at"), TABLE)

    conversation_id: UUID = Field(sa_column=Column(columns.Uuid, primary_key=True))
    seq: int = Field(sa_column=Column(columns.big_integer(), primary_key=True, autoincrement=False))
    rev: int = Field(sa_column=Column(columns.big_integer(), nullable=False))
    preview: str = Field(sa_column=Column(columns.short_text(200), nullable=False))
    mentions: bytes | None = Field(default=None, sa_column=Column(columns.short_bytes(16 * MAX_MENTIONS)))
    seen_at: datetime = Field(sa_column=Column(columns.UtcTime, nullable=False))


class ActivityMentionRow(Base, table=True):
    """Who is mentioned in which message."""

    __tablename__ = "activity_mention"
    __table_args__ = (Index("ix_activity_mention_seen_at", "seen_at"), TABLE)

    conversation_id: UUID = Field(sa_column=Column(columns.Uuid, primary_key=True))
    user_id: UUID = Field(sa_column=Column(columns.Uuid, primary_key=True))
    seq: int = Field(sa_column=Column(columns.big_integer(), primary_key=True, autoincrement=False))
    seen_at: datetime = Field(sa_column=Column(columns.UtcTime, nullable=False))


class ActivitySkipRow(Base, table=True):
    """A message that came while its reader had an open notification which does not count it: from somebody blocked."""

    __tablename__ = "activity_skip"
    __table_args__ = (Index("ix_activity_skip_seen_at", "seen_at"), TABLE)

    conversation_id: UUID = Field(sa_column=Column(columns.Uuid, primary_key=True))
    user_id: UUID = Field(sa_column=Column(columns.Uuid, primary_key=True))
    seq: int = Field(sa_column=Column(columns.big_integer(), primary_key=True, autoincrement=False))
    seen_at: datetime = Field(sa_column=Column(columns.UtcTime, nullable=False))


class DeferredEventRow(Base, table=True):
    """A `message.created` whose `membership.changed` has not arrived yet."""

    __tablename__ = "deferred_event"
    __table_args__ = (
        Index("ix_deferred_event_conversation_id_member_version", "conversation_id", "member_version"),
        Index("ix_deferred_event_received_at", "received_at"),
        TABLE,
    )

    id: int | None = Field(default=None, sa_column=Column(columns.big_integer(), primary_key=True, autoincrement=True))
    conversation_id: UUID = Field(sa_column=Column(columns.Uuid, nullable=False))
    member_version: int = Field(sa_column=Column(columns.big_integer(), nullable=False))
    body: str = Field(sa_column=Column(columns.long_text(), nullable=False))
    received_at: datetime = Field(sa_column=Column(columns.UtcTime, nullable=False))


class NotificationRow(Base, table=True):
    """A notification. `is_open` is 1, or null once it was read, so that the unique key admits one open row only.

    `updated_at` is the time of its latest message, by which lists are sorted; marking does not change it.
    """

    __tablename__ = "notification"
    __table_args__ = (
        UniqueConstraint("user_id", "conversation_id", "kind", "is_open", name="uq_notification_open"),
        Index("ix_notification_user_id_updated_at_id", "user_id", "updated_at", "id"),
        Index("ix_notification_user_id_is_open_updated_at_id", "user_id", "is_open", "updated_at", "id"),
        Index("ix_notification_conversation_id_last_seq", "conversation_id", "last_seq"),
        Index("ix_notification_read_at", "read_at"),
        TABLE,
    )

    id: UUID = Field(sa_column=Column(columns.Uuid, primary_key=True))
    user_id: UUID = Field(sa_column=Column(columns.Uuid, nullable=False))
    kind: str = Field(sa_column=Column(columns.short_text(20), nullable=False))
    conversation_id: UUID | None = Field(default=None, sa_column=Column(columns.Uuid))
    message_id: UUID | None = Field(default=None, sa_column=Column(columns.Uuid))
    is_open: int | None = Field(sa_column=Column(Integer))
    first_seq: int | None = Field(default=None, sa_column=Column(columns.big_integer()))
    last_seq: int | None = Field(default=None, sa_column=Column(columns.big_integer()))
    count: int = Field(sa_column=Column(columns.big_integer(), nullable=False))
    title: str = Field(sa_column=Column(columns.short_text(100), nullable=False))
    message: str = Field(sa_column=Column(columns.short_text(1000), nullable=False))
    created_at: datetime = Field(sa_column=Column(columns.UtcTime, nullable=False))
    updated_at: datetime = Field(sa_column=Column(columns.UtcTime, nullable=False))
    read_at: datetime | None = Field(default=None, sa_column=Column(columns.UtcTime))


class ReminderRow(Base, table=True):
    """A reminder that somebody asked for; `is_pending` is 1 until it becomes the notification of the same id."""

    __tablename__ = "reminder"
    __table_args__ = (
        UniqueConstraint("user_id", "client_id", name="uq_reminder_user_id_client_id"),
        Index("ix_reminder_is_pending_due_at", "is_pending", "due_at"),
        TABLE,
    )

    id: UUID = Field(sa_column=Column(columns.Uuid, primary_key=True))
    user_id: UUID = Field(sa_column=Column(columns.Uuid, nullable=False))
    client_id: UUID | None = Field(default=None, sa_column=Column(columns.Uuid))
    message: str = Field(sa_column=Column(columns.short_text(1000), nullable=False))
    is_pending: int | None = Field(sa_column=Column(Integer))
    due_at: datetime = Field(sa_column=Column(columns.UtcTime, nullable=False))
    created_at: datetime = Field(sa_column=Column(columns.UtcTime, nullable=False))


class RelationRow(Base, table=True):
    """Whom `user_id` has blocked, from `relation.changed`."""

    __tablename__ = "relation"
    __table_args__ = (Index("ix_relation_other_id", "other_id"), TABLE)

    user_id: UUID = Field(sa_column=Column(columns.Uuid, primary_key=True))
    other_id: UUID = Field(sa_column=Column(columns.Uuid, primary_key=True))
    blocked: bool = Field(sa_column=Column(Boolean, nullable=False))
    version: int = Field(sa_column=Column(columns.big_integer(), nullable=False))


def _table(name: str) -> Table:
    return Base.metadata.tables[name]


conversations, memberships = _table("conversation"), _table("membership")
applied_memberships, deferred_events = _table("applied_membership"), _table("deferred_event")
activity_blocks, activities = _table("activity_block"), _table("activity")
activity_mentions, activity_skips = _table("activity_mention"), _table("activity_skip")
notifications, reminders = _table("notification"), _table("reminder")
relations = _table("relation")
