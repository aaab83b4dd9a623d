"""Secrets: what the operator generates once, and how pods get at it and at Secrets of others."""

from collections.abc import Iterator
from typing import Any, Final

from messaging_operator import names
from messaging_operator.desired.meta import manifest
from messaging_operator.desired.model import GeneratedSecret, Platform, SecretReference
from messaging_operator.desired.pods import secret_files
from messaging_operator.spec import DeletionPolicy

PASSWORD_LENGTH: Final = 40
KEY_LENGTH: Final = 64
SERVICE_SECRETS_DIR: Final = "/run/secrets/messaging"

_KEYS: Final = {"auth": {"key_encryption_key"}, "export": {"link_key"}}
_CRITICAL: Final = frozenset({"key_encryption_key"})
_STORES: Final = ("database", "broker")


def account(service: str) -> str:
    """The user name of a service in MySQL and RabbitMQ; a second one, `_b`, is for rotation."""
    return f"{service}_a"


def generated(platform: Platform) -> tuple[GeneratedSecret, ...]:
    """Every Secret of the platform that is made by the operator, sorted by name."""
    return tuple(sorted(_generated(platform), key=lambda secret: secret.name))


def _generated(platform: Platform) -> Iterator[GeneratedSecret]:
    for service in names.SERVICES:
        random = dict.fromkeys(sorted(_KEYS.get(service, ())), KEY_LENGTH)
        fixed: dict[str, str] = {}
        for store in _managed(platform):
            random[f"{store}_password"] = PASSWORD_LENGTH
            fixed[f"{store}_username"] = account(service)
        if random:
            yield _secret(platform, names.credentials(platform.name, service), service, random, fixed)
    if "database" in _managed(platform):
        keys = {"root_password": PASSWORD_LENGTH}
        yield _secret(platform, names.child(platform.name, names.MYSQL), names.MYSQL, keys, {})
    if "broker" in _managed(platform):
        keys = {"erlang_cookie": PASSWORD_LENGTH}
        yield _secret(platform, names.child(platform.name, names.RABBITMQ), names.RABBITMQ, keys, {})


def _managed(platform: Platform) -> tuple[str, ...]:
    return tuple(store for store in _STORES if getattr(platform.spec, store).managed is not None)


def _secret(
    platform: Platform, name: str, component: str, keys: dict[str, int], fixed: dict[str, str]
) -> GeneratedSecret:
    retained = platform.spec.deletion_policy is DeletionPolicy.RETAIN
    body = manifest(
        platform,
        api_version="v1",
        kind="Secret",
        name=name,
        component=component,
        version=platform.spec.version,
        owned=not retained,
    )
    body["type"] = "Opaque"
    return GeneratedSecret(
        manifest=body,
        keys=dict(sorted(keys.items())),
        fixed=fixed,
        critical=_CRITICAL & keys.keys(),
        retained=retained,
    )


def references(platform: Platform) -> tuple[SecretReference, ...]:
    """The Secrets of others that the platform's pods need."""
    found = []
    for store in _STORES:
        external = getattr(platform.spec, store).external
        if external is not None:
            found.append(SecretReference(external.credentials_secret, store, ("password", "username")))
    found.extend(SecretReference(secret.name, "images") for secret in platform.spec.images.pull_secrets)
    return tuple(found)


def service_sources(platform: Platform, service: str) -> list[dict[str, Any]]:
    """The sources of a service's secret folder: one file per setting, from its own Secret and from those of others."""
    own = set(_KEYS.get(service, ())) | {key for store in _managed(platform) for key in _account_keys(store)}
    sources = [secret_files(names.credentials(platform.name, service), {key: key for key in own})] if own else []
    return sources + [source for store in _STORES for source in _external_source(platform, store)]


def database_sources(platform: Platform, service: str) -> list[dict[str, Any]]:
    """The sources of a migration's secret folder: a service's database account and nothing else."""
    if platform.spec.database.managed is None:
        return _external_source(platform, "database")
    files = {key: key for key in _account_keys("database")}
    return [secret_files(names.credentials(platform.name, service), files)]


def _external_source(platform: Platform, store: str) -> list[dict[str, Any]]:
    external = getattr(platform.spec, store).external
    if external is None:
        return []
    files = {"username": f"{store}_username", "password": f"{store}_password"}
    return [secret_files(external.credentials_secret, files)]


def accounts_sources(platform: Platform, store: str) -> list[dict[str, Any]]:
    """The sources of a store's folder with every service's account: `<service>/<store>_username`, `…_password`."""
    return [
        secret_files(
            names.credentials(platform.name, service), {key: f"{service}/{key}" for key in _account_keys(store)}
        )
        for service in names.SERVICES
    ]


def _account_keys(store: str) -> tuple[str, str]:
    return f"{store}_password", f"{store}_username"
