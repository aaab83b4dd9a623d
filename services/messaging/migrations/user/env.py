"""Alembic's environment of the user service."""

from messaging.migrations import environment
from messaging.user.tables import Base

environment.run(Base.metadata)
