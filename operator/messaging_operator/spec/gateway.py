"""The one way in: `spec.gateway`."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from messaging_operator.spec.base import Rule, SpecModel
from messaging_operator.spec.scheduling import Placed
from messaging_operator.spec.text import Origin

ExternalUrl = Annotated[Origin, Field(alias="externalURL")]
CorsOrigin = Annotated[str, Field(min_length=1, max_length=300, pattern=r"^(\*|https?://[^/?#\s]+)$")]


class ServiceType(StrEnum):
    """How the gateway's Service is reached."""

    CLUSTER_IP = "ClusterIP"
    NODE_PORT = "NodePort"
    LOAD_BALANCER = "LoadBalancer"


class GatewayService(SpecModel):
    """The Service in front of the gateway's pods."""

    type: ServiceType = ServiceType.CLUSTER_IP
    """How it is reached."""
    node_port: Annotated[int, Field(ge=1, le=65535)] | None = None
    """Port of every node, within the cluster's range (30000 to 32767 by default)."""

    rules = (
        Rule(
            cel="!has(self.nodePort) || self.type != 'ClusterIP'",
            message="nodePort needs type NodePort or LoadBalancer",
            holds=lambda one: one.node_port is None or one.type is not ServiceType.CLUSTER_IP,
        ),
    )


class RateLimits(SpecModel):
    """Requests that one client address may make."""

    per_second: Annotated[int, Field(ge=1, le=100_000)]
    """In the long run."""
    burst: Annotated[int, Field(ge=1, le=1_000_000)]
    """At once."""

    rules = (
        Rule(
            cel="self.burst >= self.perSecond",
            message="burst must not be smaller than perSecond",
            holds=lambda one: one.burst >= one.per_second,
        ),
    )


class Gateway(Placed):
    """The one way in: Envoy, which checks tokens and knows the way to every service."""

    external_url: ExternalUrl
    """Address that people type, such as https://chat.example.com: issuer of tokens and beginning of links."""
    replicas: Annotated[int, Field(ge=1, le=20)] = 1
    """How many pods."""
    service: GatewayService = GatewayService()
    """The Service in front of them."""
    trusted_hops: Annotated[int, Field(ge=0, le=9)] = 0
    """How many proxies stand in front, whose X-Forwarded-For is believed."""
    cors_origins: Annotated[tuple[CorsOrigin, ...], Field(max_length=50)] = ()
    """Origins of web pages that may call, such as https://app.example.com; `*` alone means any."""
    rate_limits: RateLimits | None = None
    """Requests that one client address may make; none means no limit."""

    rules = (
        Rule(
            cel="!has(self.corsOrigins) || !('*' in self.corsOrigins) || self.corsOrigins.size() == 1",
            message="corsOrigins must hold nothing beside *",
            holds=lambda one: "*" not in one.cors_origins or len(one.cors_origins) == 1,
        ),
    )
