"""Settings of the user service."""

from datetime import timedelta

from messaging_wire.auth import SignUpMode
from pydantic import Field

from messaging.kernel.settings import ServiceSettings


class UserSettings(ServiceSettings):
    """What the user service is told beyond what every service is told."""

    http_port: int = Field(default=5002, ge=0, le=65535)

    own_profile_wait: timedelta = Field(default=timedelta(seconds=3), ge=timedelta(0), le=timedelta(seconds=10))
    """How long a request for one's own profile waits for it right after sign-up, before it is told 503."""

    sign_up: SignUpMode = "open"
    """Who may make an account, as auth is told it; where not everybody may, new people may be found by each other."""

    max_contacts: int = Field(default=2000, ge=1)
    max_blocks: int = Field(default=2000, ge=1)
    max_outgoing_requests: int = Field(default=100, ge=1)
    max_incoming_requests: int = Field(default=1000, ge=1)
    max_reports_per_day: int = Field(default=50, ge=1)

    @property
    def discoverable(self) -> bool:
        """Whether a new person may be found, until they choose."""
        return self.sign_up != "open"
