"""Settings of the notification service."""

from datetime import timedelta

from pydantic import Field

from messaging.kernel.settings import ServiceSettings


class NotificationSettings(ServiceSettings):
    """What notification is told beyond what every service is told."""

    http_port: int = Field(default=5005, ge=0, le=65535)

    notifications_kept: timedelta = Field(default=timedelta(days=90), gt=timedelta(0))
    """How long read notifications, and what is known of messages for counting, are kept."""
