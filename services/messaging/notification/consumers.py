"""Which events the notification service takes."""

from messaging.kernel.bus import Consumer
from messaging.kernel.topology import NOTIFICATION_ACTIVITY
from messaging.notification.service import NotificationService

BATCH = 500
GATHER_S = 0.05
"""At thousands of messages a second a larger batch costs half as much per event; nobody notices the wait."""


def activity(service: NotificationService) -> Consumer:
    """Messages, their changes, memberships and receipts, up to 500 in one transaction."""
    return Consumer(queue=NOTIFICATION_ACTIVITY, handle=service.work_off, batch_size=BATCH, gather_s=GATHER_S)
