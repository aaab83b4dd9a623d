"""Alembic's environment of the notification service."""

from messaging.migrations import environment
from messaging.notification.tables import Base

environment.run(Base.metadata)
