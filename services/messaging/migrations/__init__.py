"""Alembic revisions, one environment per service. A revision's id begins with the release that brought it: `r1_01`."""

from typing import Final

RELEASE: Final = 1
"""The release of this code; its schemas serve this release and the one before."""
