"""Settings of the user service."""

from datetime import timedelta

from pydantic import Field

from messaging.kernel.settings import ServiceSettings


class UserSettings(ServiceSettings):
    """What the user service is told beyond what every service is told."""

    http_port: int = Field(default=5002, ge=0, le=65535)

    own_profile_wait: timedelta = Field(default=timedelta(seconds=3), ge=timedelta(0), le=timedelta(seconds=10))
    """How long a request for one's own profile waits for it right after sign-up, before it is told 503."""
