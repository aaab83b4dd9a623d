"""What the message service learns from other services: people's profiles and choices, contacts and blocks."""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, TypeVar
from uuid import UUID

from messaging_wire.events import Envelope, Event, ProfileUpdated, RelationChanged
from messaging_wire.ids import UserId
from sqlmodel.ext.asyncio.session import AsyncSession

from messaging.kernel.bus import Consumer
from messaging.kernel.clock import Clock
from messaging.kernel.database import Database
from messaging.kernel.inbox import take_new
from messaging.kernel.names import username_key
from messaging.kernel.purging import deleted_among
from messaging.kernel.topology import MESSAGE_PEOPLE
from messaging.message.store import people, relations
from messaging.message.tables import PersonRow

EventT = TypeVar("EventT", bound=Event)
TellPresence = Callable[[Collection[UserId]], None]
"""Called after the commit with people who are to be shown to others anew."""


class PeopleConsumer:
    """Keeps the tables `person` and `relation` up with `profile.updated` and `relation.changed`."""

    def __init__(self, database: Database, clock: Clock, tell_presence: TellPresence) -> None:
        self._database = database
        self._clock = clock
        self._tell_presence = tell_presence

    def consumer(self) -> Consumer:
        """How the bus is to call it."""
        return Consumer(MESSAGE_PEOPLE, self.handle)

    async def handle(self, envelopes: Sequence[Envelope]) -> None:
        """Write what is newer than what is known, of each person and pair the newest."""
        async with self._database.writing() as session:
            fresh = await take_new(session, MESSAGE_PEOPLE.name, envelopes, self._clock)
            seen_otherwise = await _take_profiles(session, _newest(fresh, ProfileUpdated, "user_id"))
            seen_otherwise |= await _take_relations(session, _newest(fresh, RelationChanged, "user_id", "other_id"))
        self._tell_presence(seen_otherwise)


async def _take_profiles(session: AsyncSession, profiles: Sequence[ProfileUpdated]) -> set[UserId]:
    """Write profiles; return who shows their presence now and did not, or the other way about.

    Where somebody's choice of receipts has changed, their memberships follow. Read before and after the rows are held:
    whatever another replica has written meanwhile is what they follow.
    """
    ids = [profile.user_id for profile in profiles]
    sent, shown = _choices(await people.find(session, ids))
    await people.save_newer(session, [_row(profile) for profile in profiles])
    sends, shows = _choices(await people.find(session, ids))
    for user_id in ids:
        if sent.get(user_id, True) != sends[user_id]:
            await people.follow_receipts(session, user_id, sends[user_id])
    return {user_id for user_id in ids if shown.get(user_id, True) != shows[user_id]}


async def _take_relations(session: AsyncSession, said: Sequence[RelationChanged]) -> set[UserId]:
    """Write what is newer, of people who are there; return who lets others see more or less of them than before."""
    gone = await deleted_among(session, {user for event in said for user in (event.user_id, event.other_id)})
    living = [event for event in said if event.user_id not in gone and event.other_id not in gone]
    known = await relations.versions(session, [(event.user_id, event.other_id) for event in living])
    newer = [event for event in living if event.version > known.get((event.user_id, event.other_id), -1)]
    await relations.save_newer(session, [event.model_dump() for event in newer])
    return {event.user_id for event in newer}


def _choices(known: Mapping[UUID, PersonRow]) -> tuple[dict[UserId, bool], dict[UserId, bool]]:
    """Who sends receipts, and who shows presence; taken out of the rows, which are read anew later."""
    return (
        {person.user_id: person.sends_receipts for person in known.values()},
        {person.user_id: person.shows_presence for person in known.values()},
    )


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
