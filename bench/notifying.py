"""The notification service beside the message service, and how far it is behind."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from bench.ground import Ground
from bench.service import ServiceProcess

LOOK_EVERY_S = 0.2


@dataclass(frozen=True)
class NotificationService:
    """The running service and its database's name."""

    process: ServiceProcess
    database: str


@contextmanager
def notification_service(ground: Ground) -> Iterator[NotificationService]:
    """A fresh notification service on the same broker."""
    settings = ground.settings("notification")
    with ground.service("notification", settings) as process:
        yield NotificationService(process, settings["database_name"])


class Backlog:
    """How many stored messages the notification service has not taken, beside those it never will."""

    def __init__(self, ground: Ground, message: str, notification: str) -> None:
        self._ground = ground
        self._message = message
        self._notification = notification
        self._never = self._difference()

    def left(self) -> int:
        """The messages that are still on their way."""
        return self._difference() - self._never

    def wait_until_gone(self, *, within_s: float) -> float | None:
        """Return after how many seconds nothing was left, or None."""
        begun = time.monotonic()
        while self.left() > 0:
            if time.monotonic() - begun > within_s:
                return None
            time.sleep(LOOK_EVERY_S)
        return time.monotonic() - begun

    def _difference(self) -> int:
        stored = self._ground.count(f"SELECT COALESCE(SUM(last_seq), 0) FROM `{self._message}`.conversation")
        return stored - self._ground.count(f"SELECT COUNT(*) FROM `{self._notification}`.activity WHERE sent")
