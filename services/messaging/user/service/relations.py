"""Contacts, requests to be one, and blocks.

A person who is blocked is told what nobody is told of: 404, or a list without the blocker. Asking twice changes and
tells nothing more.
"""

from datetime import UTC, datetime
from uuid import UUID

from messaging_wire import problems
from messaging_wire.base import Page
from messaging_wire.user import Block, Contact, RequestDirection

from messaging.kernel.database import Database
from messaging.kernel.errors import ProblemError
from messaging.kernel.paging import bad_cursor, decode_cursor, encode_cursor
from messaging.kernel.tokens import Caller
from messaging.user.service.pairs import Pair, Pairs
from messaging.user.service.views import block_view, contact_view
from messaging.user.settings import UserSettings
from messaging.user.store import relations, requests
from messaging.user.tables import ProfileRow, RelationRow


class RelationService:
    """Reads and changes what people are to one another."""

    def __init__(self, database: Database, pairs: Pairs, settings: UserSettings) -> None:
        self._database = database
        self._pairs = pairs
        self._settings = settings

    async def request(self, caller: Caller, other_id: UUID) -> tuple[Contact, bool]:
        """Ask somebody to be a contact; who has asked the caller becomes one at once. Tells whether anything changed.

        Raises:
            ProblemError: 404, nobody has that id, or they have blocked the caller; 409, it is the caller, blocked by
                the caller, or one more than are allowed.
        """
        async with self._pairs.changing(caller, other_id) as pair:
            if pair.theirs.blocked:
                raise ProblemError(problems.NOT_FOUND)
            if pair.mine.contact:
                return pair.seen("contact", pair.mine), False
            if pair.mine.blocked:
                raise ProblemError(problems.CONFLICT, "you have blocked this person")
            if pair.received is not None:
                await self._befriend(pair)
                return pair.seen("contact", pair.mine), True
            if pair.sent is not None:
                return pair.seen("outgoing", pair.sent), False
            await self._require_room_for_request(pair)
            return pair.seen("outgoing", pair.ask()), True

    async def answer(self, caller: Caller, other_id: UUID, *, accept: bool) -> None:
        """Accept or decline somebody's request; again changes nothing.

        Raises:
            ProblemError: 404, there is nobody, or nothing to accept; 409, one contact more than are allowed.
        """
        async with self._pairs.changing(caller, other_id) as pair:
            if pair.received is None:
                if accept and not pair.mine.contact:
                    raise ProblemError(problems.NOT_FOUND)
                return
            if accept:
                await self._befriend(pair)
            else:
                await pair.session.delete(pair.received)

    async def remove(self, caller: Caller, other_id: UUID) -> None:
        """End being contacts, for both, or withdraw the caller's request; again changes nothing.

        Raises:
            ProblemError: 404, nobody has that id.
        """
        async with self._pairs.changing(caller, other_id) as pair:
            if pair.sent is not None:
                await pair.session.delete(pair.sent)
            pair.part()

    async def block(self, caller: Caller, other_id: UUID) -> None:
        """Block somebody: they are no contact any more, and requests of both go; again changes nothing.

        Raises:
            ProblemError: 404, nobody has that id; 409, it is the caller, or one more than are allowed.
        """
        async with self._pairs.changing(caller, other_id) as pair:
            if pair.mine.blocked:
                return
            await self._require_fewer(pair, caller.user_id, "blocked", self._settings.max_blocks)
            await pair.drop_requests()
            pair.say(pair.mine, contact=False, blocked=True)
            pair.say(pair.theirs, contact=False)

    async def unblock(self, caller: Caller, other_id: UUID) -> None:
        """Take a block back; again changes nothing.

        Raises:
            ProblemError: 404, nobody has that id.
        """
        async with self._pairs.changing(caller, other_id) as pair:
            pair.say(pair.mine, blocked=False)

    async def contacts(self, caller: Caller, *, limit: int, cursor: str | None) -> Page[Contact]:
        """The caller's contacts, by id.

        Raises:
            ProblemError: 422 for a cursor of something else.
        """
        rows, next_cursor = await self._page(caller, "contact", limit=limit, cursor=cursor)
        return Page[Contact](items=[contact_view(*row, "contact") for row in rows], next_cursor=next_cursor)

    async def blocks(self, caller: Caller, *, limit: int, cursor: str | None) -> Page[Block]:
        """Whom the caller has blocked, by id.

        Raises:
            ProblemError: 422 for a cursor of something else.
        """
        rows, next_cursor = await self._page(caller, "blocked", limit=limit, cursor=cursor)
        return Page[Block](items=[block_view(*row) for row in rows], next_cursor=next_cursor)

    async def requests(
        self, caller: Caller, direction: RequestDirection, *, limit: int, cursor: str | None
    ) -> Page[Contact]:
        """Open requests to or from the caller, newest first.

        Raises:
            ProblemError: 422 for a cursor of something else.
        """
        before = _decode_time(cursor) if cursor is not None else None
        async with self._database.reading() as session:
            rows = await requests.page(session, caller.user_id, direction, before=before, limit=limit + 1)
        last = rows[limit - 1] if len(rows) > limit else None
        return Page[Contact](
            items=[contact_view(request, person, direction) for request, person in rows[:limit]],
            next_cursor=encode_cursor([last[0].created_at.isoformat(), str(last[1].user_id)]) if last else None,
        )

    async def _page(
        self, caller: Caller, kind: relations.Kind, *, limit: int, cursor: str | None
    ) -> tuple[list[tuple[RelationRow, ProfileRow]], str | None]:
        after = _decode(cursor) if cursor is not None else None
        async with self._database.reading() as session:
            rows = await relations.page(session, caller.user_id, kind, after=after, limit=limit + 1)
        more = len(rows) > limit
        return rows[:limit], encode_cursor([str(rows[limit - 1][1].user_id)]) if more else None

    async def _befriend(self, pair: Pair) -> None:
        for user_id in (pair.me, pair.other.user_id):
            await self._require_fewer(pair, user_id, "contact", self._settings.max_contacts)
        await pair.drop_requests()
        pair.say(pair.mine, contact=True)
        pair.say(pair.theirs, contact=True)

    async def _require_room_for_request(self, pair: Pair) -> None:
        if await requests.count(pair.session, pair.me, "outgoing") >= self._settings.max_outgoing_requests:
            raise ProblemError(problems.CONFLICT, "too many of your requests wait for an answer")
        if await requests.count(pair.session, pair.other.user_id, "incoming") >= self._settings.max_incoming_requests:
            raise ProblemError(problems.CONFLICT, "this person has too many requests to answer")

    async def _require_fewer(self, pair: Pair, user_id: UUID, kind: relations.Kind, most: int) -> None:
        if await relations.count(pair.session, user_id, kind) < most:
            return
        whose = "you have" if user_id == pair.me else "this person has"
        what = "contacts" if kind == "contact" else "blocks"
        raise ProblemError(problems.CONFLICT, f"{whose} {most} {what}, which is as many as are allowed")


def _decode(cursor: str) -> UUID:
    (user_id,) = decode_cursor(cursor, str)
    try:
        return UUID(user_id)
    except ValueError:
        raise bad_cursor() from None


def _decode_time(cursor: str) -> tuple[datetime, UUID]:
    moment, user_id = decode_cursor(cursor, str, str)
    try:
        return datetime.fromisoformat(moment).astimezone(UTC), UUID(user_id)
    except ValueError:
        raise bad_cursor() from None
