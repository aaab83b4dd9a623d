"""What the user service learns from others: accounts, from auth."""

from collections.abc import Sequence

from messaging_wire.events import Envelope, UserCreated

from messaging.kernel import inbox
from messaging.kernel.bus import Consumer
from messaging.kernel.clock import Clock
from messaging.kernel.database import Database
from messaging.kernel.purging import deleted_among
from messaging.kernel.topology import USER_ACCOUNTS
from messaging.user.service.profiles import ProfileService


def accounts_consumer(service: ProfileService, database: Database, clock: Clock) -> Consumer:
    """Make profiles from accounts; a redelivered event changes nothing, and brings back nobody who has left."""

    async def handle(envelopes: Sequence[Envelope]) -> None:
        async with database.writing() as session:
            fresh = await inbox.take_new(session, USER_ACCOUNTS.name, envelopes, clock)
            accounts = [UserCreated.model_validate(envelope.body) for envelope in fresh]
            gone = await deleted_among(session, {account.user_id for account in accounts})
            await service.take_accounts(session, [account for account in accounts if account.user_id not in gone])
        service.announce()

    return Consumer(USER_ACCOUNTS, handle)
