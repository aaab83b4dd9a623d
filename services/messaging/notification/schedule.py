"""What the notification service does by the clock: reminders at their time, and forgetting what is old."""

import asyncio
from datetime import datetime

import structlog
from sqlalchemy.exc import SQLAlchemyError

from messaging.kernel.clock import Clock
from messaging.notification.service import NotificationService

log = structlog.get_logger(__name__)

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
            try:
                next_due = await self._service.deliver_due()
            except (SQLAlchemyError, OSError, TimeoutError) as error:
                log.warning("reminders_wait", error=type(error).__name__)
                await asyncio.sleep(RETRY_S)
                continue
            try:
                async with asyncio.timeout(self._sleep_s(next_due)):
                    await self._wake.wait()
            except TimeoutError:
                continue

    def _sleep_s(self, next_due: datetime | None) -> float:
        if next_due is None:
            return LONGEST_SLEEP_S
        return min(LONGEST_SLEEP_S, max(0.0, (next_due - self._clock.now()).total_seconds()))


async def forget_hourly(service: NotificationService) -> None:
    """Delete what is too old, every hour until cancelled."""
    while True:
        try:
            await service.forget_old()
        except (SQLAlchemyError, OSError, TimeoutError) as error:
            log.warning("forgetting_waits", error=type(error).__name__)
        await asyncio.sleep(HOUR_S)
