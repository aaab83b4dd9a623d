"""The settings of the services: environment variables that follow from the spec."""

from dataclasses import dataclass
from typing import Final

from messaging_operator import names
from messaging_operator.desired.connections import POOL_SIZE
from messaging_operator.desired.model import Platform
from messaging_operator.spec.datastores import Tls

HTTP_PORT: Final = {"auth": 5001, "user": 5002, "message": 5003, "export": 5004, "notification": 5005}
ADMIN_PORT: Final = 8081
MYSQL_PORT: Final = 3306
AMQP_PORT: Final = 5672

INTERNAL_CALLS: Final = {
    "auth": ("user", "message", "notification", "export"),
    "message": ("export", "user"),
}
"""Whose admin port is called by which services: for keys, revocations and grants; for messages to export and for who
shares a conversation."""


@dataclass(frozen=True)
class Endpoint:
    """Where a database or a broker listens."""

    host: str
    port: int
    tls: Tls


def database_endpoint(platform: Platform) -> Endpoint:
    """Where the services' databases are."""
    external = platform.spec.database.external
    if external is not None:
        return Endpoint(external.host, external.port, external.tls)
    return Endpoint(names.child(platform.name, names.MYSQL), MYSQL_PORT, Tls.DISABLED)


def broker_endpoint(platform: Platform) -> Endpoint:
    """Where the broker is."""
    external = platform.spec.broker.external
    if external is not None:
        return Endpoint(external.host, external.port, external.tls)
    return Endpoint(names.child(platform.name, names.RABBITMQ), AMQP_PORT, Tls.DISABLED)


def database_env(platform: Platform, service: str) -> dict[str, str]:
    """What a migration needs to know: where the service's database is."""
    endpoint = database_endpoint(platform)
    return {
        "MESSAGING_DATABASE_HOST": endpoint.host,
        "MESSAGING_DATABASE_NAME": service,
        "MESSAGING_DATABASE_PORT": str(endpoint.port),
        "MESSAGING_DATABASE_TLS": str(endpoint.tls),
        "MESSAGING_LOG_FORMAT": "json",
    }


def service_env(platform: Platform, service: str) -> dict[str, str]:
    """Everything that a service is told; what the spec's `env` says comes on top."""
    spec = platform.spec
    broker = broker_endpoint(platform)
    external = spec.broker.external
    env = database_env(platform, service) | {
        "MESSAGING_ADMIN_PORT": str(ADMIN_PORT),
        "MESSAGING_BROKER_HOST": broker.host,
        "MESSAGING_BROKER_PORT": str(broker.port),
        "MESSAGING_BROKER_TLS": str(broker.tls),
        "MESSAGING_BROKER_VHOST": external.virtual_host if external is not None else "/",
        "MESSAGING_DATABASE_POOL_SIZE": str(POOL_SIZE[service]),
        "MESSAGING_EXTERNAL_URL": spec.gateway.external_url,
        "MESSAGING_HTTP_PORT": str(HTTP_PORT[service]),
        "MESSAGING_VERSION": spec.version,
    }
    for callee, callers in INTERNAL_CALLS.items():
        if service in callers:
            env[f"MESSAGING_{callee.upper()}_INTERNAL_URL"] = internal_url(platform, callee)
    if service in {"auth", "user"}:
        env["MESSAGING_SIGN_UP"] = str(spec.sign_up)
    if service == "auth":
        env["MESSAGING_TRUSTED_HOPS"] = "1"  # the gateway writes x-forwarded-for anew, with one address
    return env | {variable.name: variable.value for variable in spec.services.named(service).env}


def internal_url(platform: Platform, service: str) -> str:
    """The address of a service's admin port, which the gateway does not route to."""
    return f"http://{names.child(platform.name, service)}:{ADMIN_PORT}"
