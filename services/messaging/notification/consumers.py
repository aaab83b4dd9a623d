"""Which events the notification service takes."""

from messaging.kernel.bus import Consumer
from messaging.kernel.topology import NOTIFICATION_ACTIVITY
from messaging.notification.service import NotificationService

BATCH = 500


def activity(service: NotificationService) -> Consumer:
    """Messages, their changes, memberships and receipts, up to 500 in one transaction."""
    return Consumer(queue=NOTIFICATION_ACTIVITY, handle=service.work_off, batch_size=BATCH)
