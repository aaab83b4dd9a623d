"""Alembic's environment of the auth service."""

from messaging.auth.tables import Base
from messaging.migrations import environment

environment.run(Base.metadata)
