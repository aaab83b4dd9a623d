"""Which consumer's queue takes which events: the whole picture, declared by every service when it connects.

So an event finds its queues even before the consumer has ever run, and none is lost by the order of a first start.
"""

from dataclasses import dataclass
from typing import Final

from messaging_wire import events


@dataclass(frozen=True)
class Queue:
    """A durable queue of one consumer, and the routing keys that it takes."""

    name: str
    routing_keys: tuple[str, ...]


USER_ACCOUNTS: Final = Queue("user.accounts", (events.UserCreated.routing_key,))
MESSAGE_PEOPLE: Final = Queue("message.people", (events.ProfileUpdated.routing_key, events.RelationChanged.routing_key))
NOTIFICATION_ACTIVITY: Final = Queue(
    "notification.activity",
    (
        events.MembershipChanged.routing_key,
        events.LevelChanged.routing_key,
        events.RelationChanged.routing_key,
        events.MessageCreated.routing_key,
        events.MessageUpdated.routing_key,
        events.ReceiptUpdated.routing_key,
    ),
)
USER_DELETIONS: Final = Queue("user.deletions", (events.UserDeleted.routing_key,))
MESSAGE_DELETIONS: Final = Queue("message.deletions", (events.UserDeleted.routing_key,))
NOTIFICATION_DELETIONS: Final = Queue("notification.deletions", (events.UserDeleted.routing_key,))
EXPORT_DELETIONS: Final = Queue("export.deletions", (events.UserDeleted.routing_key,))
AUTH_PURGES: Final = Queue("auth.purges", (events.UserPurged.routing_key,))

QUEUES: Final = (
    USER_ACCOUNTS,
    MESSAGE_PEOPLE,
    NOTIFICATION_ACTIVITY,
    USER_DELETIONS,
    MESSAGE_DELETIONS,
    NOTIFICATION_DELETIONS,
    EXPORT_DELETIONS,
    AUTH_PURGES,
)
ROUTED: Final = frozenset(key for queue in QUEUES for key in queue.routing_keys)
"""Routing keys that at least one queue takes: publishing one that no queue took is an error."""
