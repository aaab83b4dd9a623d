"""Which image a component's containers run."""

from typing import Final

from messaging_operator import names
from messaging_operator.spec import PlatformSpec

PUBLIC: Final = {
    "mysql": "mysql:9.7",
    "rabbitmq": "rabbitmq:4.3",
    "envoy": "envoyproxy/envoy:v1.40.0",
}


def image(spec: PlatformSpec, part: str) -> str:
    """The image reference of a service, or of `mysql`, `rabbitmq` or `envoy`: overridden, else below the registry."""
    override: str | None = getattr(spec.images.overrides, part)
    if override is not None:
        return override
    reference = f"messaging/services:{spec.version}" if part in names.SERVICES else PUBLIC[part]
    return f"{spec.images.registry}/{reference}" if spec.images.registry else reference
