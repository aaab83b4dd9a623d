"""The five services: `spec.services`."""

from typing import Annotated, Final

from pydantic import Field

from messaging_operator.spec.base import Rule, SpecModel, given
from messaging_operator.spec.scheduling import Placed
from messaging_operator.spec.text import EnvName, EnvValue

MAX_REPLICAS: Final = 50
RESERVED_ENV: Final = (
    "MESSAGING_ADMIN_PORT",
    "MESSAGING_AUTH_INTERNAL_URL",
    "MESSAGING_BROKER_HOST",
    "MESSAGING_BROKER_PORT",
    "MESSAGING_BROKER_TLS",
    "MESSAGING_BROKER_VHOST",
    "MESSAGING_DATABASE_HOST",
    "MESSAGING_DATABASE_NAME",
    "MESSAGING_DATABASE_POOL_SIZE",
    "MESSAGING_DATABASE_PORT",
    "MESSAGING_DATABASE_TLS",
    "MESSAGING_EXTERNAL_URL",
    "MESSAGING_HTTP_PORT",
    "MESSAGING_MESSAGE_INTERNAL_URL",
    "MESSAGING_SECRETS_DIR",
    "MESSAGING_SIGN_UP",
    "MESSAGING_TRUSTED_HOPS",
    "MESSAGING_VERSION",
)
"""Settings that follow from the rest of the resource and cannot be set by hand."""


class Autoscaling(SpecModel):
    """Replicas that follow the load, by a HorizontalPodAutoscaler."""

    min_replicas: Annotated[int, Field(ge=1, le=MAX_REPLICAS)] = 1
    """Never fewer."""
    max_replicas: Annotated[int, Field(ge=1, le=MAX_REPLICAS)]
    """Never more."""
    target_cpu_utilization_percentage: Annotated[int, Field(ge=1, le=1000, alias="targetCPUUtilizationPercentage")] = 70
    """Mean use of CPU, in percent of what is requested, that the autoscaler keeps."""

    rules = (
        Rule(
            cel="self.minReplicas <= self.maxReplicas",
            message="minReplicas must not be greater than maxReplicas",
            holds=lambda one: one.min_replicas <= one.max_replicas,
        ),
    )


class EnvVar(SpecModel):
    """One environment variable."""

    name: EnvName
    """Its name."""
    value: EnvValue
    """Its value."""

    rules = (
        Rule(
            cel=f"!(self.name in {list(RESERVED_ENV)})",
            message="name must not be that of a setting which the operator makes from the resource",
            holds=lambda one: one.name not in RESERVED_ENV,
        ),
    )


class Service(Placed):
    """How one service runs."""

    replicas: Annotated[int, Field(ge=1, le=MAX_REPLICAS)] | None = None
    """A fixed number of pods; 1 where neither this nor autoscaling is given."""
    autoscaling: Autoscaling | None = None
    """A number of pods that follows the load."""
    env: Annotated[
        tuple[EnvVar, ...],
        Field(
            max_length=50,
            json_schema_extra={"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"]},
        ),
    ] = ()
    """Further settings, such as MESSAGING_LOG_LEVEL."""

    rules = (
        Rule(
            cel="!(has(self.replicas) && has(self.autoscaling))",
            message="replicas and autoscaling exclude each other",
            holds=lambda one: given(one, "replicas", "autoscaling") <= 1,
        ),
        Rule(
            cel="!has(self.autoscaling) || !has(self.resources) || (has(self.resources.requests)"
            " && has(self.resources.requests.cpu))",
            message="resources.requests.cpu must be given with autoscaling, which is measured in percent of it",
            holds=lambda one: (
                one.autoscaling is None or one.resources is None or one.resources.requests.cpu is not None
            ),
        ),
    )

    @property
    def most_replicas(self) -> int:
        """The largest number of pods that may run outside of a roll-out."""
        if self.autoscaling is not None:
            return self.autoscaling.max_replicas
        return self.replicas if self.replicas is not None else 1


class Services(SpecModel):
    """How the services run; each may be left out."""

    auth: Service = Service()
    """Accounts, sessions and tokens."""
    user: Service = Service()
    """Profiles and contacts."""
    message: Service = Service()
    """Conversations and messages."""
    notification: Service = Service()
    """Notifications."""
    export: Service = Service()
    """Exports of conversations and accounts."""

    def named(self, service: str) -> Service:
        """The service of that name."""
        found: Service = getattr(self, service)
        return found
