"""The notification service, put together."""

from functools import partial
from typing import cast

from sqlmodel.ext.asyncio.session import AsyncSession

from messaging.kernel.outbox import Outbox
from messaging.kernel.purging import Purging
from messaging.kernel.service import Parts, Runtime
from messaging.kernel.settings import load_settings
from messaging.kernel.topology import NOTIFICATION_DELETIONS
from messaging.notification import api, consumers, sockets
from messaging.notification.purging import PersonPurge
from messaging.notification.schedule import ReminderSchedule, forget_hourly
from messaging.notification.service import NotificationService
from messaging.notification.settings import NotificationSettings


def load() -> NotificationSettings:
    """Read the settings.

    Raises:
        ConfigurationError: one is missing or wrong.
    """
    return load_settings(NotificationSettings)


def build(runtime: Runtime) -> Parts:
    """Put the service together on what the kernel gives."""
    settings = cast(NotificationSettings, runtime.settings)
    service = NotificationService(runtime.database, runtime.clock, kept=settings.notifications_kept)
    hub = runtime.socket_hub(sockets.PATH)
    announcer = sockets.Announcer(hub, runtime.bus, service.current, service.current_in)
    service.listen(announcer.announce)
    sockets.add_events(hub, service)
    purging = Purging(runtime, PersonPurge(service.announce).page)
    schedule = ReminderSchedule(service, runtime.clock)
    return Parts(
        routers=[api.router],
        state={"notification": service},
        consumers=[consumers.activity(service), purging.consumer(NOTIFICATION_DELETIONS)],
        tasks=[announcer.run, schedule.run, partial(forget_hourly, service), purging.run],
        sockets=hub,
    )


async def republish(_session: AsyncSession, _outbox: Outbox) -> int:
    """Publish nothing: the service tells others of nothing."""
    return 0
