"""What the message service learns from other services: people's profiles and choices, contacts and blocks."""

from collections.abc import Sequence
from typing import Any, TypeVar
from uuid import UUID

from messaging_wire.events import Envelope, Event, ProfileUpdated, RelationChanged
from sqlmodel.ext.asyncio.session import AsyncSession

from messaging.kernel.bus import Consumer
from messaging.kernel.clock import Clock
from messaging.kernel.database import Database
from messaging.kernel.inbox import take_new
from messaging.kernel.names import username_key
from messaging.kernel.purging import deleted_among
from messaging.kernel.topology import MESSAGE_PEOPLE
from messaging.message.store import people, relations

EventT = TypeVar("EventT", bound=Event)


class PeopleConsumer:
    """Keeps the tables `person` and `relation` up with `profile.updated` and `relation.changed`."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def consumer(self) -> Consumer:
        """How the bus is to call it."""
        return Consumer(MESSAGE_PEOPLE, self.handle)

    async def handle(self, envelopes: Sequence[Envelope]) -> None:
        """Write what is newer than what is known, of each person and pair the newest."""
        async with self._database.writing() as session:
            fresh = await take_new(session, MESSAGE_PEOPLE.name, envelopes, self._clock)
            await _take_profiles(session, _newest(fresh, ProfileUpdated, "user_id"))
            said = _newest(fresh, RelationChanged, "user_id", "other_id")
            gone = await deleted_among(session, {user for event in said for user in (event.user_id, event.other_id)})
            living = [event for event in said if event.user_id not in gone and event.other_id not in gone]
            await relations.save_newer(session, [event.model_dump() for event in living])


async def _take_profiles(session: AsyncSession, profiles: Sequence[ProfileUpdated]) -> None:
    """Write profiles; where somebody's choice of receipts has changed, their memberships follow.

    Read before and after the rows are held: whatever another replica has written meanwhile is what they follow.
    """
    ids = [profile.user_id for profile in profiles]
    before = await people.without_receipts(session, ids)
    await people.save_newer(session, [_row(profile) for profile in profiles])
    after = await people.without_receipts(session, ids)
    for user_id in sorted(before ^ after):
        await people.follow_receipts(session, user_id, user_id not in after)


def _row(profile: ProfileUpdated) -> dict[str, Any]:
    return {
        "user_id": profile.user_id,
        "username": profile.username,
        "username_key": username_key(profile.username),
        "display_name": profile.display_name,
        "avatar_url": profile.avatar_url,
        "direct_messages": profile.direct_messages,
        "sends_receipts": profile.send_read_receipts,
        "shows_presence": profile.show_presence,
        "version": profile.version,
    }


def _newest(envelopes: Sequence[Envelope], kind: type[EventT], *key: str) -> list[EventT]:
    """The newest event of `kind` for each key, in the order of the keys."""
    newest: dict[tuple[UUID, ...], EventT] = {}
    for envelope in envelopes:
        if envelope.routing_key != kind.routing_key:
            continue
        event = kind.model_validate(envelope.body)
        entity = tuple(getattr(event, name) for name in key)
        known = newest.get(entity)
        if known is None or known.version < event.version:
            newest[entity] = event
    return [newest[entity] for entity in sorted(newest)]
