"""What the message service learns from other services: people's names and pictures."""

from collections.abc import Sequence

from messaging_wire.events import Envelope, ProfileUpdated

from messaging.kernel.bus import Consumer
from messaging.kernel.clock import Clock
from messaging.kernel.database import Database
from messaging.kernel.inbox import take_new
from messaging.kernel.topology import MESSAGE_PEOPLE
from messaging.message.store import people


class PeopleConsumer:
    """Keeps the table `person` up with `profile.updated`."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def consumer(self) -> Consumer:
        """How the bus is to call it."""
        return Consumer(MESSAGE_PEOPLE, self.handle)

    async def handle(self, envelopes: Sequence[Envelope]) -> None:
        """Write what is newer than what is known, of each person the newest."""
        async with self._database.writing() as session:
            fresh = await take_new(session, MESSAGE_PEOPLE.name, envelopes, self._clock)
            newest: dict[object, ProfileUpdated] = {}
            for envelope in fresh:
                profile = ProfileUpdated.model_validate(envelope.body)
                known = newest.get(profile.user_id)
                if known is None or known.version < profile.version:
                    newest[profile.user_id] = profile
            rows = [profile.model_dump() for profile in newest.values()]
            await people.save_newer(session, sorted(rows, key=lambda row: row["user_id"]))
