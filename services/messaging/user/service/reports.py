"""Reports of people and messages, kept for the administrators."""

from datetime import timedelta
from uuid import UUID

from messaging_wire import problems
from messaging_wire.base import Page
from messaging_wire.user import Report, ReportCreate

from messaging.kernel.clock import Clock
from messaging.kernel.database import Database
from messaging.kernel.errors import ProblemError
from messaging.kernel.ids import new_id
from messaging.kernel.paging import bad_cursor, decode_cursor, encode_cursor
from messaging.kernel.tokens import Caller
from messaging.user.service.profiles import not_made_yet
from messaging.user.service.views import report_view
from messaging.user.settings import UserSettings
from messaging.user.store import profiles
from messaging.user.store import reports as store
from messaging.user.tables import ReportKind, ReportRow

ADMINISTRATOR = "administrator"
DAY = timedelta(days=1)


class ReportService:
    """Takes reports, and shows them to administrators."""

    def __init__(self, database: Database, settings: UserSettings, clock: Clock) -> None:
        self._database = database
        self._settings = settings
        self._clock = clock

    async def report(self, caller: Caller, body: ReportCreate) -> tuple[Report, bool]:
        """Keep a report; the same person of the same again gives the first. Tells whether it is new.

        Raises:
            ProblemError: 404, nobody has that id; 409, it is the caller; 429, too many in a day.
        """
        if body.user_id == caller.user_id:
            raise ProblemError(problems.CONFLICT, "that is you")
        kind: ReportKind = "user" if body.user_id is not None else "message"
        target = body.user_id or body.message_id
        assert target is not None  # noqa: S101 - the wire type demands one of the two
        async with self._database.writing() as session:
            people = [caller.user_id, target] if kind == "user" else [caller.user_id]
            known = {row.user_id for row in await profiles.locked_profiles(session, people)}
            if caller.user_id not in known:
                raise not_made_yet()
            if kind == "user" and target not in known:
                raise ProblemError(problems.NOT_FOUND)
            row = await store.find(session, caller.user_id, kind, target)
            if row is not None:
                return report_view(row), False
            now = self._clock.now()
            if await store.count_since(session, caller.user_id, now - DAY) >= self._settings.max_reports_per_day:
                raise ProblemError(problems.TOO_MANY_REQUESTS, "too many reports today", retry_after=DAY)
            row = self._row(caller, kind, target, body)
            session.add(row)
        return report_view(row), True

    async def page(self, caller: Caller, *, limit: int, cursor: str | None) -> Page[Report]:
        """Everybody's reports, newest first, for an administrator.

        Raises:
            ProblemError: 403 for everybody else; 422 for a cursor of something else.
        """
        if ADMINISTRATOR not in caller.roles:
            raise ProblemError(problems.FORBIDDEN, "only administrators may read reports")
        before = _decode(cursor) if cursor is not None else None
        async with self._database.reading() as session:
            rows = await store.page(session, before=before, limit=limit + 1)
        more = len(rows) > limit
        return Page[Report](
            items=[report_view(row) for row in rows[:limit]],
            next_cursor=encode_cursor([str(rows[limit - 1].id)]) if more else None,
        )

    def _row(self, caller: Caller, kind: ReportKind, target: UUID, body: ReportCreate) -> ReportRow:
        return ReportRow(
            id=new_id(),
            reporter_id=caller.user_id,
            kind=kind,
            target_id=target,
            reason=body.reason,
            text=body.text,
            created_at=self._clock.now(),
        )


def _decode(cursor: str) -> UUID:
    (report_id,) = decode_cursor(cursor, str)
    try:
        return UUID(report_id)
    except ValueError:
        raise bad_cursor() from None
