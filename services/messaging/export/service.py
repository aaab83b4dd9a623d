"""What the export service does for a person: asks for exports, shows, cancels and links them."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import httpx
from messaging_wire import problems
from messaging_wire.base import Page
from messaging_wire.export import DownloadLink, Export, ExportCreate, ExportOption
from messaging_wire.ids import ExportId, UserId
from messaging_wire.problems import FieldProblem
from sqlalchemy import RowMapping
from sqlalchemy.exc import IntegrityError
from sqlmodel.ext.asyncio.session import AsyncSession

from messaging.export.grants import GrantSafe
from messaging.export.links import LinkSigner
from messaging.export.peers import Archive, ConversationGoneError, HeldGrant, RefusedError
from messaging.export.settings import ExportSettings
from messaging.export.store import downloads, exports
from messaging.export.work import remove_all_chunks
from messaging.kernel.clock import Clock
from messaging.kernel.database import Database
from messaging.kernel.errors import ProblemError
from messaging.kernel.ids import new_id
from messaging.kernel.paging import bad_cursor, decode_cursor, encode_cursor
from messaging.kernel.purging import deleted_among
from messaging.kernel.tokens import invalid_token

DOWNLOAD_PATH = "/dataexport/download"
AVAILABLE: tuple[ExportOption, ...] = ("json",)


class ExportService:
    """One per process; `wake` tells the workers that there is something to do."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        *,
        archive: Archive,
        grants: GrantSafe,
        signer: LinkSigner,
        settings: ExportSettings,
        wake: Callable[[], None],
    ) -> None:
        self._database = database
        self._clock = clock
        self._archive = archive
        self._grants = grants
        self._signer = signer
        self._settings = settings
        self._wake = wake

    async def create(
        self, user_id: UserId, token: str, wish: ExportCreate, option: ExportOption
    ) -> tuple[Export, bool]:
        """Take in an export; return it, and whether it is new (a client id may be repeated).

        Raises:
            ProblemError: 422, the option is not available; 404, the conversation is not theirs; 429, too many are
                kept; 503, auth or message is away.
        """
        if option not in AVAILABLE:
            message = f"only {', '.join(AVAILABLE)} is available in this version"
            raise ProblemError(problems.INVALID_FIELDS, errors=[FieldProblem(field="option", message=message)])
        async with self._database.reading() as session:
            if (known := await self._known(session, user_id, wish)) is not None:
                return known, False
            if await exports.count(session, user_id) >= self._settings.exports_per_person:
                detail = f"at most {self._settings.exports_per_person} exports are kept; older ones go by themselves"
                raise ProblemError(problems.TOO_MANY_REQUESTS, detail)
        export_id = new_id()
        grant = await self._allowed(wish, token, export_id)
        try:
            row = await self._add(user_id, wish, option, export_id=export_id, grant=grant)
        except IntegrityError:
            async with self._database.reading() as session:
                known = await self._known(session, user_id, wish)
            if known is None:
                raise
            return known, False
        self._wake()
        return to_export(row), True

    async def _known(self, session: AsyncSession, user_id: UserId, wish: ExportCreate) -> Export | None:
        row = await exports.by_client_id(session, user_id, wish.client_id) if wish.client_id is not None else None
        return to_export(row) if row is not None else None

    async def _allowed(self, wish: ExportCreate, token: str, export_id: UUID) -> HeldGrant:
        """Get a grant for the caller's own token, and try it on the conversation."""
        try:
            grant = await self._grants.exchange(token, conversation_id=wish.conversation_id, export_id=export_id)
            await self._archive.check(wish.conversation_id, grant.token)
        except ConversationGoneError:
            raise ProblemError(problems.NOT_FOUND) from None
        except RefusedError:
            raise invalid_token("the session has ended") from None
        except httpx.HTTPError as error:
            detail = f"a part of the platform is away: {type(error).__name__}"
            raise ProblemError(problems.UNAVAILABLE, detail) from None
        return grant

    async def _add(
        self, user_id: UserId, wish: ExportCreate, option: ExportOption, *, export_id: UUID, grant: HeldGrant
    ) -> dict[str, Any]:
        now = self._clock.now()
        row: dict[str, Any] = {
            "id": export_id,
            "user_id": user_id,
            "client_id": wish.client_id,
            "option": option,
            "conversation_id": wish.conversation_id,
            "state": "queued",
            "failure": "",
            "progress": 0.0,
            "size_bytes": None,
            "attempts": 0,
            "grant_sealed": self._grants.seal(export_id, grant),
            "grant_expires_at": grant.expires_at,
            "due_at": now,
            "created_at": now,
            "expires_at": None,
        }
        async with self._database.writing() as session:
            if await deleted_among(session, [user_id]):
                raise invalid_token("the account lives no more")
            await exports.add(session, row)
        return row

    async def page(self, user_id: UserId, *, limit: int, cursor: str | None) -> Page[Export]:
        """Return a person's exports, newest first.

        Raises:
            ProblemError: 422, the cursor is none of ours.
        """
        before = _read_cursor(cursor) if cursor is not None else None
        async with self._database.reading() as session:
            rows = await exports.page(session, user_id, limit=limit + 1, before=before)
        items = [to_export(row) for row in rows[:limit]]
        return Page(items=items, next_cursor=encode_cursor([str(items[-1].id)]) if len(rows) > limit else None)

    async def one(self, user_id: UserId, export_id: ExportId) -> Export:
        """Return a person's own export.

        Raises:
            ProblemError: 404.
        """
        async with self._database.reading() as session:
            return to_export(self._living(await exports.one(session, user_id, export_id)))

    async def cancel(self, user_id: UserId, export_id: ExportId) -> Export:
        """End an export that has not ended; again changes nothing.

        Raises:
            ProblemError: 404; 409, it is ready or has failed.
        """
        async with self._database.writing() as session:
            row = self._living(await exports.one(session, user_id, export_id, lock=True))
            if row["state"] in ("ready", "failed"):
                raise ProblemError(problems.CONFLICT, f"the export is {row['state']}")
            if row["state"] != "cancelled":
                await exports.cancel(session, export_id, expires_at=self._clock.now() + self._settings.export_lifetime)
            row = self._living(await exports.one(session, user_id, export_id))
        await remove_all_chunks(self._database, export_id)
        return to_export(row)

    async def make_link(self, user_id: UserId, export_id: ExportId) -> DownloadLink:
        """Make a link to a ready export, good for minutes and for one holder.

        Raises:
            ProblemError: 404; 409, it is not ready.
        """
        link_id, expires_at = new_id(), self._clock.now() + self._settings.link_lifetime
        async with self._database.writing() as session:
            row = self._living(await exports.one(session, user_id, export_id))
            if row["state"] != "ready":
                raise ProblemError(problems.CONFLICT, f"the export is {row['state']}")
            expires_at = min(expires_at, row["expires_at"])
            await downloads.add_link(session, link_id, export_id, expires_at)
        url = f"{self._settings.external_url.rstrip('/')}{DOWNLOAD_PATH}/{self._signer.token(link_id)}"
        return DownloadLink(url=url, expires_at=expires_at)

    def _living(self, row: RowMapping | None) -> RowMapping:
        if row is None or (row["expires_at"] is not None and row["expires_at"] <= self._clock.now()):
            raise ProblemError(problems.NOT_FOUND)
        return row


def to_export(row: Any) -> Export:
    """A row as its owner sees it."""
    return Export(
        id=row["id"],
        option=row["option"],
        scope=f"conversation:{row['conversation_id']}",
        state=row["state"],
        progress=row["progress"],
        size_bytes=row["size_bytes"],
        failure=row["failure"] or None,
        created_at=row["created_at"],
        expires_at=row["expires_at"],
    )


def _read_cursor(cursor: str) -> UUID:
    (key,) = decode_cursor(cursor, str)
    try:
        return UUID(key)
    except ValueError:
        raise bad_cursor() from None
