"""Two people, held while what they are to each other changes: relations both ways and open requests.

Both profiles' rows are held, the lesser id first: so changes of a person's contacts, requests and blocks come one after
the other, counts stay true, and two people who act on each other at once never wait for each other in a circle.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from messaging_wire import problems
from messaging_wire.user import Contact, ContactState
from sqlmodel.ext.asyncio.session import AsyncSession

from messaging.kernel.clock import Clock
from messaging.kernel.database import Database
from messaging.kernel.errors import ProblemError
from messaging.kernel.outbox import Outbox
from messaging.kernel.tokens import Caller
from messaging.user.service.profiles import not_made_yet
from messaging.user.service.telling import relation_event
from messaging.user.service.views import contact_view
from messaging.user.store import profiles, relations, requests
from messaging.user.tables import ProfileRow, RelationRow, RequestRow


@dataclass
class Pair:
    """The caller (`me`) and another; `mine` is what I have said of them, `theirs` what they have said of me."""

    session: AsyncSession
    now: datetime
    me: UUID
    other: ProfileRow
    mine: RelationRow
    theirs: RelationRow
    sent: RequestRow | None
    received: RequestRow | None
    changed: dict[UUID, RelationRow] = field(default_factory=dict)

    def say(self, relation: RelationRow, *, contact: bool | None = None, blocked: bool | None = None) -> None:
        """Change one direction; what is so already is no change."""
        wanted = (
            relation.contact if contact is None else contact,
            relation.blocked if blocked is None else blocked,
        )
        if wanted == (relation.contact, relation.blocked):
            return
        relation.contact, relation.blocked = wanted
        relation.changed_at = self.now
        relation.version += 1
        self.session.add(relation)
        self.changed[relation.user_id] = relation

    def ask(self) -> RequestRow:
        """Add a request of mine."""
        self.sent = RequestRow(sender_id=self.me, receiver_id=self.other.user_id, created_at=self.now)
        self.session.add(self.sent)
        return self.sent

    async def drop_requests(self) -> None:
        """Remove the requests of both."""
        if self.sent is not None or self.received is not None:
            await requests.remove(self.session, self.me, self.other.user_id)
            self.sent = self.received = None

    def part(self) -> None:
        """Be no contacts any more, in both directions."""
        self.say(self.mine, contact=False)
        self.say(self.theirs, contact=False)

    def seen(self, state: ContactState, since: RelationRow | RequestRow) -> Contact:
        """The other as I see them."""
        return contact_view(since, self.other, state)


class Pairs:
    """Opens pairs for a change."""

    def __init__(self, database: Database, outbox: Outbox, clock: Clock) -> None:
        self._database = database
        self._outbox = outbox
        self._clock = clock

    @asynccontextmanager
    async def changing(self, caller: Caller, other_id: UUID) -> AsyncIterator[Pair]:
        """One transaction on two people; what has changed is told when it is committed.

        Raises:
            ProblemError: 404, nobody has that id; 409, it is the caller's own; 503, the caller's profile is not there.
        """
        if other_id == caller.user_id:
            raise ProblemError(problems.CONFLICT, "that is you")
        async with self._database.writing() as session:
            pair = await self._pair(session, caller.user_id, other_id)
            yield pair
            await self._outbox.add(session, [relation_event(row) for row in pair.changed.values()])
        self._outbox.wake()

    async def _pair(self, session: AsyncSession, me: UUID, other_id: UUID) -> Pair:
        rows = {row.user_id: row for row in await profiles.locked_profiles(session, [me, other_id])}
        if me not in rows:
            raise not_made_yet()
        if other_id not in rows:
            raise ProblemError(problems.NOT_FOUND)
        said = await relations.between(session, me, other_id)
        asked = await requests.between(session, me, other_id)
        return Pair(
            session=session,
            now=self._clock.now(),
            me=me,
            other=rows[other_id],
            mine=said.get(me) or self._nothing(me, other_id),
            theirs=said.get(other_id) or self._nothing(other_id, me),
            sent=asked.get(me),
            received=asked.get(other_id),
        )

    def _nothing(self, user_id: UUID, other_id: UUID) -> RelationRow:
        return RelationRow(user_id=user_id, other_id=other_id, changed_at=self._clock.now())
