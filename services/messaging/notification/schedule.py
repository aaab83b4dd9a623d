"""What the notification service does by the clock: reminders at their time, and forgetting what is old."""

import asyncio
from contextlib import suppress
from datetime import datetime

from messaging.kernel.clock import Clock
from messaging.kernel.loops import outliving
from messaging.notification.service import NotificationService

LONGEST_SLEEP_S = 30.0
"""A replica looks at least this often, for reminders that another one took in before it died."""
RETRY_S = 1.0
HOUR_S = 3600.0


class ReminderSchedule:
    """Sleeps until the next reminder is due; durable, as the database holds them, and the same on every replica."""

    def __init__(self, service: NotificationService, clock: Clock) -> None:
        self._service = service
        self._clock = clock
        self._wake = asyncio.Event()
        service.on_reminder(self._wake.set)

    async def run(self) -> None:
        """Deliver until cancelled; a database that is away only makes reminders late."""
        while True:
            self._wake.clear()
            sleep_s = RETRY_S
            with outliving("reminders"):
                sleep_s = self._sleep_s(await self._service.deliver_due())
            with suppress(TimeoutError):
                async with asyncio.timeout(sleep_s):
                    await self._wake.wait()

    def _sleep_s(self, next_due: datetime | None) -> float:
        if next_due is None:
            return LONGEST_SLEEP_S
        return min(LONGEST_SLEEP_S, max(0.0, (next_due - self._clock.now()).total_seconds()))


async def forget_hourly(service: NotificationService) -> None:
    """Delete what is too old, every hour until cancelled."""
    while True:
        with outliving("forgetting"):
            await service.forget_old()
        await asyncio.sleep(HOUR_S)
