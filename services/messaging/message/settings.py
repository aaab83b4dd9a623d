"""Settings of the message service."""

from datetime import timedelta

from pydantic import Field

from messaging.kernel.settings import ServiceSettings


class MessageSettings(ServiceSettings):
    """What the message service is told beside what every service is told."""

    http_port: int = Field(default=5003, ge=0, le=65535)

    send_lanes: int = Field(default=3, ge=1, le=16)
    """How many batches of sends may be under way at once, while the first of them takes long."""
    send_rate_per_s: float = Field(default=20.0, gt=0)
    """How many messages a person may send in the long run, counted by each replica."""
    send_burst: int = Field(default=100, ge=1)
    """How many messages a person may send at once after a pause."""
    batch_deadline_s: float = Field(default=30.0, gt=0)
    """How long a send is tried while the database is away before it is refused as unavailable."""
    edit_within_s: float = Field(default=86_400.0, ge=0)
    """How long after sending a message may be edited."""
    max_members: int = Field(default=10_000, ge=2)
    join_attempts_per_min: int = Field(default=10, ge=1)
    """How many wrong join codes a person may try in a minute, counted for all replicas together."""
    max_invitations: int = Field(default=200, ge=1)
    """How many invitations into one group may wait for an answer."""
    max_invitations_per_person: int = Field(default=100, ge=1)
    """How many invitations may wait for one person's answer."""
    invitation_rate_per_min: float = Field(default=30.0, gt=0)
    """How many invitations a person may send in the long run, counted by each replica."""
    invitation_burst: int = Field(default=200, ge=1)
    """How many invitations a person may send at once after a pause."""

    @property
    def edit_within(self) -> timedelta:
        """How long after sending a message may be edited."""
        return timedelta(seconds=self.edit_within_s)
