"""Who gets the bytes behind a link: its first holder, by a cookie, and the export's owner, by their token.

The first GET claims the link in one statement of the database, so that of two at once only one has it. The cookie is
random and kept as a hash; the link's own token is nothing without it from then on.
"""

import hashlib
import hmac
import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from messaging_wire import problems
from messaging_wire.ids import UserId
from sqlalchemy import RowMapping

from messaging.export.links import LinkSigner
from messaging.export.ranges import ByteRange
from messaging.export.store import downloads
from messaging.kernel.clock import Clock
from messaging.kernel.database import Database
from messaging.kernel.errors import ProblemError


@dataclass(frozen=True)
class Asker:
    """What a request shows of who makes it: its cookie, its person, and whether it may claim (HEAD may not)."""

    cookie: str | None
    user_id: UserId | None
    may_claim: bool


@dataclass(frozen=True)
class Download:
    """An export that may be read now; `new_cookie` is for whoever has just claimed the link."""

    export_id: UUID
    size: int
    created_at: datetime
    link_expires_at: datetime
    new_cookie: str | None

    @property
    def etag(self) -> str:
        """A strong validator: an export's bytes never change."""
        return f'"{self.export_id.hex}-{self.size:x}"'

    @property
    def filename(self) -> str:
        """What a browser saves it as."""
        return f"conversation-{self.created_at:%Y-%m-%d}-{self.export_id.hex[-8:]}.json"


class Downloads:
    """Opens links and reads what is behind them."""

    def __init__(self, database: Database, clock: Clock, signer: LinkSigner) -> None:
        self._database = database
        self._clock = clock
        self._signer = signer

    async def open(self, token: str, asker: Asker) -> Download:
        """Open a link.

        Raises:
            ProblemError: 404, whatever is wrong: forged, expired, claimed by somebody else, another person's token.
        """
        link_id, now = self._signer.link_id(token), self._clock.now()
        if link_id is None:
            raise ProblemError(problems.NOT_FOUND)
        async with self._database.reading() as session:
            row = await downloads.link(session, link_id, now)
        if row is None or asker.user_id not in (None, row["user_id"]):
            raise ProblemError(problems.NOT_FOUND)
        new_cookie = await self._claim(row) if row["holder"] is None and asker.may_claim else None
        if new_cookie is None and not self._is_entitled(row, asker):
            raise ProblemError(problems.NOT_FOUND)
        return Download(row["export_id"], row["size_bytes"], row["export_created_at"], row["expires_at"], new_cookie)

    async def _claim(self, row: RowMapping) -> str | None:
        """Take an unclaimed link; return the cookie of its holder, or None where somebody was faster."""
        cookie = secrets.token_urlsafe(32)
        async with self._database.writing() as session:
            claimed = await downloads.claim_link(session, row["id"], _hash(cookie))
        return cookie if claimed else None

    def _is_entitled(self, row: RowMapping, asker: Asker) -> bool:
        if asker.user_id is not None:
            return True
        if row["holder"] is None:
            return not asker.may_claim
        return asker.cookie is not None and hmac.compare_digest(_hash(asker.cookie), row["holder"])

    async def read(self, download: Download, part: ByteRange) -> AsyncIterator[bytes]:
        """Read a part, a chunk at a time.

        Raises:
            ConnectionError: the export went while it was read; what was sent so far is no whole answer.
        """
        position = part.start
        async with self._database.reading() as session:
            row = await downloads.chunk_at(session, download.export_id, position)
        while position < part.stop:
            if row is None:
                raise ConnectionError("the export was removed")
            begin = position - row["start"]
            content = row["content"][begin : begin + part.stop - position]
            position += len(content)
            yield content
            if position < part.stop:
                async with self._database.reading() as session:
                    row = await downloads.chunk(session, download.export_id, row["number"] + 1)


def _hash(cookie: str) -> bytes:
    return hashlib.sha256(cookie.encode()).digest()
