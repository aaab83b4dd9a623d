"""Tables of the export service; migrations/export makes them."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Column, Float, Index, MetaData, UniqueConstraint
from sqlmodel import Field, SQLModel

from messaging.kernel import columns
from messaging.migrations.kernel_tables import TABLE

HASH_BYTES = 32


class Base(SQLModel):
    """The service's own set of tables, so that all services can live in one process."""

    metadata = MetaData()


class ExportRow(Base, table=True):
    """An export and the work on it.

    `due_at` is when somebody must work on it: at once while it is queued, at the end of its lease while `worker_id`
    runs it, never once it has ended. `worker_id` is new with every take-over, so that who lost it can write no more.
    """

    __tablename__ = "export"
    __table_args__ = (
        UniqueConstraint("user_id", "client_id", name="uq_export_user_id_client_id"),
        Index("ix_export_user_id_id", "user_id", "id"),
        Index("ix_export_due_at", "due_at"),
        Index("ix_export_expires_at", "expires_at"),
        TABLE,
    )

    id: UUID = Field(sa_column=Column(columns.Uuid, primary_key=True))
    user_id: UUID = Field(sa_column=Column(columns.Uuid, nullable=False))
    client_id: UUID | None = Field(default=None, sa_column=Column(columns.Uuid))
    option: str = Field(sa_column=Column(columns.short_text(10), nullable=False))
    conversation_id: UUID = Field(sa_column=Column(columns.Uuid, nullable=False))
    state: str = Field(sa_column=Column(columns.short_text(10), nullable=False))
    failure: str = Field(default="", sa_column=Column(columns.short_text(40), nullable=False))
    progress: float = Field(default=0.0, sa_column=Column(Float, nullable=False))
    size_bytes: int | None = Field(default=None, sa_column=Column(columns.big_integer()))
    attempts: int = Field(default=0, sa_column=Column(columns.big_integer(), nullable=False))
    grant_sealed: bytes | None = Field(default=None, sa_column=Column(columns.long_bytes()))
    grant_expires_at: datetime | None = Field(default=None, sa_column=Column(columns.UtcTime))
    due_at: datetime | None = Field(default=None, sa_column=Column(columns.UtcTime))
    worker_id: UUID | None = Field(default=None, sa_column=Column(columns.Uuid))
    created_at: datetime = Field(sa_column=Column(columns.UtcTime, nullable=False))
    expires_at: datetime | None = Field(default=None, sa_column=Column(columns.UtcTime))


class ExportChunkRow(Base, table=True):
    """A piece of an export's bytes, `length` of them from `start` on."""

    __tablename__ = "export_chunk"
    __table_args__ = TABLE

    export_id: UUID = Field(sa_column=Column(columns.Uuid, primary_key=True))
    number: int = Field(sa_column=Column(columns.big_integer(), primary_key=True, autoincrement=False))
    start: int = Field(sa_column=Column(columns.big_integer(), nullable=False))
    length: int = Field(sa_column=Column(columns.big_integer(), nullable=False))
    content: bytes = Field(sa_column=Column(columns.long_bytes(), nullable=False))


class DownloadLinkRow(Base, table=True):
    """A link to an export; `holder` is the hash of the cookie of whoever claimed it."""

    __tablename__ = "download_link"
    __table_args__ = (
        Index("ix_download_link_export_id", "export_id"),
        Index("ix_download_link_expires_at", "expires_at"),
        TABLE,
    )

    id: UUID = Field(sa_column=Column(columns.Uuid, primary_key=True))
    export_id: UUID = Field(sa_column=Column(columns.Uuid, nullable=False))
    holder: bytes | None = Field(default=None, sa_column=Column(columns.fixed_bytes(HASH_BYTES)))
    expires_at: datetime = Field(sa_column=Column(columns.UtcTime, nullable=False))


exports = Base.metadata.tables["export"]
export_chunks = Base.metadata.tables["export_chunk"]
download_links = Base.metadata.tables["download_link"]
