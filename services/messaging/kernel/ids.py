"""New identifiers: UUID version 7 (RFC 9562, section 5.7), ascending in time, so that indexes grow at their end."""

from uuid import UUID

import uuid_utils


def new_id() -> UUID:
    """Make a UUID version 7."""
    return UUID(bytes=uuid_utils.uuid7().bytes)
