"""Alembic's environment of the notification service."""

from messaging.kernel.outbox import kernel_tables
from messaging.migrations import environment

environment.run(kernel_tables)
