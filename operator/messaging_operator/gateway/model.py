"""What the gateway's configuration is made from: one frozen value, filled by the operator from a platform's spec.

It stands between the spec (which knows Kubernetes) and the renderers beside it (which know Envoy): neither imports
the other. `messaging_operator.desired` and `messaging-operator render --gateway` fill it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from urllib.parse import urlsplit

CONFIG_ROOT = "/etc/envoy"
"""Folder of the container that holds the two mounted folders `boot` and `live`."""

ROLLED_FILES = ("bootstrap.yaml", "lds.yaml")
"""Files of `boot`: a change of these is rolled out pod by pod (a ConfigMap named by its hash)."""

HOT_FILES = ("cds.yaml", "rds.yaml", "validate.yaml")
"""Files of `live`: a change of these is taken by the running Envoy (a ConfigMap of a fixed name)."""


@dataclass(frozen=True, slots=True)
class Upstream:
    """Where one service listens: a DNS name with one address per replica (a headless Service), and a port.

    Envoy balances over the addresses itself and the sticky cookie names one of them, so a name with a single virtual
    address in front of several replicas would break Socket.IO polling.
    """

    host: str
    port: int


@dataclass(frozen=True, slots=True)
class RateLimit:
    """Requests that one client address may make: `per_second` in the long run, `burst` at once."""

    per_second: int
    burst: int


@dataclass(frozen=True, slots=True)
class GatewayLimits:
    """What one gateway process takes before it refuses.

    `body_bytes`: largest request body (413). `header_kib`: largest header block (431). `connections`: open client
    connections. `memory_mib`: the container's memory limit; new requests are refused (503) shortly below it.
    `rate`: per client address, none when None.
    """

    body_bytes: int = 1024 * 1024
    header_kib: int = 32
    connections: int = 10_000
    memory_mib: int = 256
    request_timeout: timedelta = timedelta(seconds=30)
    rate: RateLimit | None = None


@dataclass(frozen=True, slots=True)
class GatewayInput:
    """Everything that `render_gateway` needs.

    `external_url` is the tokens' issuer, compared byte for byte, and says by its scheme whether people come by TLS.
    `cors_origins` are exact origins, or `*` alone. `trusted_hops` counts the proxies in front whose
    X-Forwarded-For is believed. `max_token_lifetime` bounds `exp` from now.
    """

    external_url: str
    auth: Upstream
    user: Upstream
    message: Upstream
    notification: Upstream
    export: Upstream
    cors_origins: tuple[str, ...] = ()
    trusted_hops: int = 0
    port: int = 5000
    probe_port: int = 8081
    admin_port: int = 9901
    max_token_lifetime: timedelta = timedelta(minutes=15)
    limits: GatewayLimits = field(default_factory=GatewayLimits)

    @property
    def scheme(self) -> str:
        """`http` or `https`, as people see it."""
        return urlsplit(self.external_url).scheme
