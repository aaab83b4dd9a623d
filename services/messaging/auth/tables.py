"""Tables of the auth service; migrations/auth makes them."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from sqlalchemy import Boolean, Column, Index
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

from messaging.kernel import columns
from messaging.migrations.kernel_tables import TABLE

HASH_BYTES = 32


class Base(SQLModel, registry=registry()):
    """The service's own set of tables, so that all services can live in one process."""


class Instance(Base, table=True):
    """One row that names this database's history and locks what must happen one at a time."""

    __tablename__ = "instance"
    __table_args__ = TABLE

    id: int = Field(sa_column=Column(columns.big_integer(), primary_key=True, autoincrement=False))
    epoch: UUID = Field(sa_column=Column(columns.Uuid, nullable=False))
    last_position: int = Field(sa_column=Column(columns.big_integer(), nullable=False))
    """The revocation feed's newest position; counted up under this row's lock, so positions commit in order."""


class Account(Base, table=True):
    """A person's account. Addresses are unique among verified ones only: `verified_email_key` is null before."""

    __tablename__ = "account"
    __table_args__ = (Index("ix_account_email_key", "email_key"), TABLE)

    id: UUID = Field(sa_column=Column(columns.Uuid, primary_key=True))
    username: str = Field(sa_column=Column(columns.short_text(50), nullable=False))
    username_key: str = Field(sa_column=Column(columns.short_text(50), nullable=False, unique=True))
    email: str = Field(sa_column=Column(columns.short_text(254), nullable=False))
    email_key: str = Field(sa_column=Column(columns.short_text(254), nullable=False))
    verified_email_key: str | None = Field(
        default=None, sa_column=Column(columns.short_text(254), nullable=True, unique=True)
    )
    password_hash: str = Field(sa_column=Column(columns.short_text(255), nullable=False))
    is_administrator: bool = Field(default=False, sa_column=Column(Boolean, nullable=False))
    version: int = Field(sa_column=Column(columns.big_integer(), nullable=False))
    created_at: datetime = Field(sa_column=Column(columns.UtcTime, nullable=False))
    disabled_at: datetime | None = Field(default=None, sa_column=Column(columns.UtcTime))

    @property
    def roles(self) -> list[str]:
        """What an access token says of the person's rights."""
        return ["administrator"] if self.is_administrator else []


class SessionRow(Base, table=True):
    """One signed-in session; its row's lock orders everything that happens to its refresh tokens."""

    __tablename__ = "session"
    __table_args__ = (
        Index("ix_session_account_id_id", "account_id", "id"),
        Index("ix_session_expires_at", "expires_at"),
        TABLE,
    )

    id: UUID = Field(sa_column=Column(columns.Uuid, primary_key=True))
    account_id: UUID = Field(sa_column=Column(columns.Uuid, nullable=False))
    user_agent: str = Field(sa_column=Column(columns.short_text(200), nullable=False))
    address: str = Field(sa_column=Column(columns.short_text(45), nullable=False))
    created_at: datetime = Field(sa_column=Column(columns.UtcTime, nullable=False))
    last_used_at: datetime = Field(sa_column=Column(columns.UtcTime, nullable=False))
    expires_at: datetime = Field(sa_column=Column(columns.UtcTime, nullable=False))
    ended_at: datetime | None = Field(default=None, sa_column=Column(columns.UtcTime))


class RefreshToken(Base, table=True):
    """A refresh token by its hash. Unused: the live head of its session. Used: kept to recognise reuse.

    `successor` is the pair that followed, sealed under this very token; it goes when the repeat window ends or the
    pair's own refresh token is used.
    """

    __tablename__ = "refresh_token"
    __table_args__ = (
        Index("ix_refresh_token_session_id", "session_id"),
        Index("ix_refresh_token_successor_until", "successor_until"),
        TABLE,
    )

    token_hash: bytes = Field(sa_column=Column(columns.fixed_bytes(HASH_BYTES), primary_key=True))
    session_id: UUID = Field(sa_column=Column(columns.Uuid, nullable=False))
    predecessor_hash: bytes | None = Field(default=None, sa_column=Column(columns.fixed_bytes(HASH_BYTES)))
    expires_at: datetime = Field(sa_column=Column(columns.UtcTime, nullable=False))
    used_at: datetime | None = Field(default=None, sa_column=Column(columns.UtcTime))
    successor: bytes | None = Field(default=None, sa_column=Column(columns.long_bytes()))
    successor_until: datetime | None = Field(default=None, sa_column=Column(columns.UtcTime))


class RevocationRow(Base, table=True):
    """An entry of the append-only revocation feed; `session_id` null means all of the person's sessions."""

    __tablename__ = "revocation"
    __table_args__ = (Index("ix_revocation_expires_at", "expires_at"), TABLE)

    position: int = Field(sa_column=Column(columns.big_integer(), primary_key=True, autoincrement=False))
    user_id: UUID = Field(sa_column=Column(columns.Uuid, nullable=False))
    session_id: UUID | None = Field(default=None, sa_column=Column(columns.Uuid))
    not_before: datetime = Field(sa_column=Column(columns.UtcTime, nullable=False))
    expires_at: datetime = Field(sa_column=Column(columns.UtcTime, nullable=False))


class SigningKey(Base, table=True):
    """A key pair that signs tokens: the public half as JWK, the private one sealed.

    All of them are published; the newest whose `signs_from` has come signs.
    """

    __tablename__ = "signing_key"
    __table_args__ = TABLE

    kid: str = Field(sa_column=Column(columns.short_text(64), primary_key=True))
    public_jwk: str = Field(sa_column=Column(columns.long_text(), nullable=False))
    private_sealed: bytes = Field(sa_column=Column(columns.long_bytes(), nullable=False))
    signs_from: datetime = Field(sa_column=Column(columns.UtcTime, nullable=False))


class LoginAttempts(Base, table=True):
    """How many log-ins one bucket has seen in its window; the bucket's name is hashed, as it holds names, addresses."""

    __tablename__ = "login_attempts"
    __table_args__ = (Index("ix_login_attempts_window_ends_at", "window_ends_at"), TABLE)

    bucket: bytes = Field(sa_column=Column(columns.fixed_bytes(HASH_BYTES), primary_key=True))
    attempts: int = Field(sa_column=Column(columns.big_integer(), nullable=False))
    window_ends_at: datetime = Field(sa_column=Column(columns.UtcTime, nullable=False))


class DeletionRow(Base, table=True):
    """A deleted account, as far as its owner may ask about it: an id that stands for nobody, times, a hashed receipt.

    `tell_at` is when `user.deleted` is told again, null once every service has answered.
    """

    __tablename__ = "deletion"
    __table_args__ = (
        Index("ix_deletion_requested_at", "requested_at"),
        Index("ix_deletion_tell_at", "tell_at"),
        TABLE,
    )

    user_id: UUID = Field(sa_column=Column(columns.Uuid, primary_key=True))
    receipt_hash: bytes = Field(sa_column=Column(columns.fixed_bytes(HASH_BYTES), nullable=False, unique=True))
    messages: Literal["keep", "delete"] = Field(sa_column=Column(columns.short_text(8), nullable=False))
    version: int = Field(sa_column=Column(columns.big_integer(), nullable=False))
    requested_at: datetime = Field(sa_column=Column(columns.UtcTime, nullable=False))
    tell_at: datetime | None = Field(default=None, sa_column=Column(columns.UtcTime))


class DeletionPartRow(Base, table=True):
    """One service's part of a deletion."""

    __tablename__ = "deletion_part"
    __table_args__ = TABLE

    user_id: UUID = Field(sa_column=Column(columns.Uuid, primary_key=True))
    service: str = Field(sa_column=Column(columns.short_text(20), primary_key=True))
    done_at: datetime | None = Field(default=None, sa_column=Column(columns.UtcTime))


class FreedNameRow(Base, table=True):
    """The user name of a deleted account, by its keyed hash (HMAC); nobody may take it before `until`."""

    __tablename__ = "freed_name"
    __table_args__ = (Index("ix_freed_name_until", "until"), TABLE)

    name_hash: bytes = Field(sa_column=Column(columns.fixed_bytes(HASH_BYTES), primary_key=True))
    until: datetime = Field(sa_column=Column(columns.UtcTime, nullable=False))
