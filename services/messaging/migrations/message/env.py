"""Alembic's environment of the message service."""

from messaging.message.tables import Base
from messaging.migrations import environment

environment.run(Base.metadata)
