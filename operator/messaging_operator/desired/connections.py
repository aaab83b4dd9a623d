"""How many database connections a platform may open, so that pools and the server's limit agree."""

from typing import Final

from messaging_operator import names
from messaging_operator.spec import PlatformSpec

POOL_SIZE: Final = {"auth": 5, "user": 5, "message": 10, "notification": 5, "export": 5}
"""Connections of one pod of each service."""
SURGE: Final = 1
"""Pods beyond the wanted number while a roll-out is under way."""
MIGRATION: Final = 2
"""Connections of one migration Job."""
RESERVE: Final = 20
"""For probes and for people."""
STEP: Final = 250
"""A connection that nobody opens costs MySQL next to nothing."""


def needed(spec: PlatformSpec) -> int:
    """The most connections that the platform opens at once."""
    services = sum(
        (spec.services.named(service).most_replicas + SURGE) * POOL_SIZE[service] for service in names.SERVICES
    )
    return services + MIGRATION * len(names.SERVICES) + RESERVE


def limit(spec: PlatformSpec) -> int:
    """The server's limit: what is needed, rounded up generously, because another limit restarts the database."""
    return -(-needed(spec) // STEP) * STEP
