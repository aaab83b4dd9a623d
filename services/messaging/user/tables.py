"""Tables of the user service; migrations/user makes them."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from messaging_wire.events import DirectMessages
from messaging_wire.user import ReportReason
from sqlalchemy import Boolean, Column, Index, UniqueConstraint, false, true
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

from messaging.kernel import columns
from messaging.migrations.kernel_tables import TABLE

LOCALE, TIME_ZONE = "en", "UTC"
MAX_LOCALE, MAX_TIME_ZONE = 35, 64
MAX_REPORT = 2000
ReportKind = Literal["user", "message"]


class Base(SQLModel, registry=registry()):
    """The service's own set of tables, so that all services can live in one process."""


def _choice(default: bool) -> Column[bool]:
    return Column(Boolean, nullable=False, server_default=true() if default else false())


class ProfileRow(Base, table=True):
    """A person's profile, made from `user.created`, and what they have chosen.

    `username_key` is not unique here: auth sees to that, and a freed name may be given out again before the event
    of its former owner's end has come. `version` counts changes; `account_version` is that of auth's last event.
    Whoever changes what two people are to each other holds both their rows.
    """

    __tablename__ = "profile"
    __table_args__ = (
        Index("ix_profile_username_key_user_id", "username_key", "user_id"),
        Index("ix_profile_discoverable_username_key_user_id", "discoverable", "username_key", "user_id"),
        TABLE,
    )

    user_id: UUID = Field(sa_column=Column(columns.Uuid, primary_key=True))
    username: str = Field(sa_column=Column(columns.short_text(50), nullable=False))
    username_key: str = Field(sa_column=Column(columns.short_text(50), nullable=False))
    display_name: str = Field(sa_column=Column(columns.short_text(100), nullable=False))
    bio: str = Field(sa_column=Column(columns.short_text(1000), nullable=False))
    avatar_url: str | None = Field(default=None, sa_column=Column(columns.short_text(500)))
    email: str = Field(sa_column=Column(columns.short_text(254), nullable=False))
    account_version: int = Field(sa_column=Column(columns.big_integer(), nullable=False))
    version: int = Field(sa_column=Column(columns.big_integer(), nullable=False))
    created_at: datetime = Field(sa_column=Column(columns.UtcTime, nullable=False))
    updated_at: datetime = Field(sa_column=Column(columns.UtcTime, nullable=False))
    discoverable: bool = Field(default=False, sa_column=_choice(False))
    direct_messages: DirectMessages = Field(
        default="everyone", sa_column=Column(columns.short_text(8), nullable=False, server_default="everyone")
    )
    show_presence: bool = Field(default=True, sa_column=_choice(True))
    send_read_receipts: bool = Field(default=True, sa_column=_choice(True))
    locale: str = Field(
        default=LOCALE, sa_column=Column(columns.short_text(MAX_LOCALE), nullable=False, server_default=LOCALE)
    )
    time_zone: str = Field(
        default=TIME_ZONE, sa_column=Column(columns.short_text(MAX_TIME_ZONE), nullable=False, server_default=TIME_ZONE)
    )


class RelationRow(Base, table=True):
    """What `user_id` has said of `other_id`; contacts hold both ways, in a row each.

    A row stays when nothing holds any more: `version` counts its changes for ever, so that others know the newest.
    """

    __tablename__ = "relation"
    __table_args__ = (
        Index("ix_relation_user_id_contact_other_id", "user_id", "contact", "other_id"),
        Index("ix_relation_user_id_blocked_other_id", "user_id", "blocked", "other_id"),
        Index("ix_relation_other_id", "other_id"),
        TABLE,
    )

    user_id: UUID = Field(sa_column=Column(columns.Uuid, primary_key=True))
    other_id: UUID = Field(sa_column=Column(columns.Uuid, primary_key=True))
    contact: bool = Field(default=False, sa_column=Column(Boolean, nullable=False))
    blocked: bool = Field(default=False, sa_column=Column(Boolean, nullable=False))
    changed_at: datetime = Field(sa_column=Column(columns.UtcTime, nullable=False))
    version: int = Field(default=0, sa_column=Column(columns.big_integer(), nullable=False))


class RequestRow(Base, table=True):
    """Somebody asks another to be their contact; gone when it is answered, withdrawn or blocked."""

    __tablename__ = "contact_request"
    __table_args__ = (
        Index("ix_contact_request_sender_id_created_at", "sender_id", "created_at", "receiver_id"),
        Index("ix_contact_request_receiver_id_created_at", "receiver_id", "created_at", "sender_id"),
        TABLE,
    )

    sender_id: UUID = Field(sa_column=Column(columns.Uuid, primary_key=True))
    receiver_id: UUID = Field(sa_column=Column(columns.Uuid, primary_key=True))
    created_at: datetime = Field(sa_column=Column(columns.UtcTime, nullable=False))


class LastSeenRow(Base, table=True):
    """When a person's last socket closed; not in the profile, whose row is held for more than this."""

    __tablename__ = "last_seen"
    __table_args__ = TABLE

    user_id: UUID = Field(sa_column=Column(columns.Uuid, primary_key=True))
    last_seen_at: datetime = Field(sa_column=Column(columns.UtcTime, nullable=False))


class ReportRow(Base, table=True):
    """What somebody tells the administrators of a person or a message."""

    __tablename__ = "report"
    __table_args__ = (
        UniqueConstraint("reporter_id", "kind", "target_id", name="uq_report_reporter_id_kind_target_id"),
        Index("ix_report_reporter_id_created_at", "reporter_id", "created_at"),
        Index("ix_report_target_id", "target_id"),
        TABLE,
    )

    id: UUID = Field(sa_column=Column(columns.Uuid, primary_key=True))
    reporter_id: UUID = Field(sa_column=Column(columns.Uuid, nullable=False))
    kind: ReportKind = Field(sa_column=Column(columns.short_text(8), nullable=False))
    target_id: UUID = Field(sa_column=Column(columns.Uuid, nullable=False))
    reason: ReportReason = Field(sa_column=Column(columns.short_text(16), nullable=False))
    text: str = Field(sa_column=Column(columns.short_text(MAX_REPORT), nullable=False))
    created_at: datetime = Field(sa_column=Column(columns.UtcTime, nullable=False))
