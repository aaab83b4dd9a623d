"""Tables of the user service; migrations/user makes them."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Column, Index
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

from messaging.kernel import columns
from messaging.migrations.kernel_tables import TABLE


class Base(SQLModel, registry=registry()):
    """The service's own set of tables, so that all services can live in one process."""


class ProfileRow(Base, table=True):
    """A person's profile, made from `user.created`.

    `username_key` is not unique here: auth sees to that, and a freed name may be given out again before the event
    of its former owner's end has come. `version` counts changes; `account_version` is that of auth's last event.
    """

    __tablename__ = "profile"
    __table_args__ = (Index("ix_profile_username_key_user_id", "username_key", "user_id"), TABLE)

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
