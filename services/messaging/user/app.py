"""The user service put together."""

from messaging.kernel.service import Parts, Runtime
from messaging.kernel.settings import load_settings
from messaging.user import api
from messaging.user.consumers import accounts_consumer
from messaging.user.service import UserService, republish
from messaging.user.settings import UserSettings

__all__ = ["build", "load", "republish"]


def load() -> UserSettings:
    """Read the settings.

    Raises:
        ConfigurationError: a value is missing or wrong.
    """
    return load_settings(UserSettings)


def build(runtime: Runtime) -> Parts:
    """Put the service together on what the kernel gives."""
    settings = runtime.settings
    assert isinstance(settings, UserSettings)  # noqa: S101 - made by `load` above
    service = UserService(runtime.database, runtime.outbox, settings, runtime.clock)
    return Parts(
        routers=[api.router],
        state={"user": service},
        consumers=[accounts_consumer(service, runtime.database, runtime.clock)],
    )
