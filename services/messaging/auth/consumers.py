"""What auth learns from other services: that they hold nothing of a deleted account any more."""

from collections.abc import Sequence

from messaging_wire.events import Envelope, UserPurged

from messaging.auth.deletion import AccountDeletion
from messaging.kernel.bus import Consumer
from messaging.kernel.database import Database
from messaging.kernel.topology import AUTH_PURGES


def purges_consumer(deletion: AccountDeletion, database: Database) -> Consumer:
    """Keep the progress of deletions; the same answer again changes nothing."""

    async def handle(envelopes: Sequence[Envelope]) -> None:
        async with database.writing() as session:
            await deletion.take(session, [UserPurged.model_validate(envelope.body) for envelope in envelopes])

    return Consumer(AUTH_PURGES, handle)
