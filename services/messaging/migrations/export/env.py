"""Alembic's environment of the export service."""

from messaging.export.tables import Base
from messaging.migrations import environment

environment.run(Base.metadata)
