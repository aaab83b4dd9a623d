"""The tables that every service has: outbox, inbox and purge jobs, as first made in release 1."""

import sqlalchemy as sa
from alembic import op

from messaging.kernel import columns
from messaging.migrations.ddl import create_index

TABLE = {"mysql_charset": "utf8mb4", "mysql_collate": "utf8mb4_bin", "mysql_engine": "InnoDB"}


def create_outbox() -> None:
    """Make the table `outbox`."""
    op.create_table(
        "outbox",
        sa.Column("id", columns.big_integer(), primary_key=True, autoincrement=True),
        sa.Column("event_id", columns.Uuid, nullable=False),
        sa.Column("routing_key", columns.short_text(100), nullable=False),
        sa.Column("body", columns.long_text(), nullable=False),
        sa.Column("traceparent", columns.short_text(55)),
        sa.Column("occurred_at", columns.UtcTime, nullable=False),
        sa.Column("attempts", columns.big_integer(), nullable=False),
        sa.Column("parked_at", columns.UtcTime),
        if_not_exists=True,
        **TABLE,
    )
    create_index("ix_outbox_parked_at_id", "outbox", ["parked_at", "id"])


def create_inbox() -> None:
    """Make the table `inbox`."""
    op.create_table(
        "inbox",
        sa.Column("consumer", columns.short_text(64), primary_key=True),
        sa.Column("event_id", columns.Uuid, primary_key=True),
        sa.Column("received_at", columns.UtcTime, nullable=False),
        if_not_exists=True,
        **TABLE,
    )
    create_index("ix_inbox_received_at", "inbox", ["received_at"])


def create_purge_job() -> None:
    """Make the table `purge_job`."""
    op.create_table(
        "purge_job",
        sa.Column("user_id", columns.Uuid, primary_key=True),
        sa.Column("messages", columns.short_text(8), nullable=False),
        sa.Column("version", columns.big_integer(), nullable=False),
        sa.Column("notes", columns.long_text(), nullable=False),
        sa.Column("asked_at", columns.UtcTime, nullable=False),
        sa.Column("due_at", columns.UtcTime),
        sa.Column("done_at", columns.UtcTime),
        sa.Index("ix_purge_job_due_at", "due_at"),
        sa.Index("ix_purge_job_done_at", "done_at"),
        if_not_exists=True,
        **TABLE,
    )
