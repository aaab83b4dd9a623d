"""The signed part of a download link: which link it is, and that we made it (HMAC-SHA256)."""

import base64
import binascii
import hashlib
import hmac
from uuid import UUID

_ID_BYTES = 16


class LinkSigner:
    """Writes and reads tokens of links; 64 characters that are safe in a URL."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def token(self, link_id: UUID) -> str:
        """The token of a link."""
        return base64.urlsafe_b64encode(link_id.bytes + self._signature(link_id.bytes)).decode()

    def link_id(self, token: str) -> UUID | None:
        """Return the link that a token is of; None where we did not make it."""
        try:
            raw = base64.b64decode(token.encode(), altchars=b"-_", validate=True)
        except (binascii.Error, ValueError):
            return None
        link_id, signature = raw[:_ID_BYTES], raw[_ID_BYTES:]
        if not hmac.compare_digest(signature, self._signature(link_id)):
            return None
        return UUID(bytes=link_id)

    def _signature(self, link_id: bytes) -> bytes:
        return hmac.digest(self._key, link_id, hashlib.sha256)
