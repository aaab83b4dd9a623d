"""Migrations: a Job per service and template, each bringing one database to the schema of the wanted version."""

from typing import Any, Final

from messaging_operator import names
from messaging_operator.desired import credentials, pods, settings
from messaging_operator.desired.images import image
from messaging_operator.desired.meta import manifest, pod_metadata
from messaging_operator.desired.model import Manifest, Platform
from messaging_operator.desired.pods import Size

SIZE: Final = Size(cpu="20m", memory="128Mi", memory_limit="384Mi")
RETRIES: Final = 2
HOPELESS_EXIT_CODE: Final = 2
"""`messaging migrate` says by it that trying again would not help: a setting or the database's version is wrong."""


def component(service: str) -> str:
    """The component label of a migration; never the service's own, whose Service would send it requests."""
    return f"migrate-{service}"


def objects(platform: Platform) -> tuple[Manifest, ...]:
    """One Job per service. No TTL: a Job that vanished would be made, and run, again."""
    return tuple(_job(platform, service) for service in names.SERVICES)


def _job(platform: Platform, service: str) -> Manifest:
    version = platform.spec.version
    template = {"metadata": pod_metadata(platform, component(service), version, {}), "spec": _pod(platform, service)}
    body = manifest(
        platform,
        api_version="batch/v1",
        kind="Job",
        name=names.migration(platform.name, service, template),
        component=component(service),
        version=version,
    )
    fail_at_once = {
        "action": "FailJob",
        "onExitCodes": {"containerName": "migrate", "operator": "In", "values": [HOPELESS_EXIT_CODE]},
    }
    body["spec"] = {
        "backoffLimit": RETRIES,
        "podFailurePolicy": {"rules": [fail_at_once]},
        "template": template,
    }
    return body


def _pod(platform: Platform, service: str) -> dict[str, Any]:
    container = pods.container(
        platform,
        name="migrate",
        image=image(platform.spec, service),
        args=["migrate", service],
        env=settings.database_env(platform, service),
        mounts={"/tmp": "tmp", credentials.SERVICE_SECRETS_DIR: "credentials"},  # noqa: S108 - a path in the pod
        resources=SIZE.resources(),
    )
    return pods.pod_spec(
        platform,
        component=component(service),
        uid=pods.OWN_UID,
        placed=platform.spec.services.named(service),
        containers=[container],
        volumes=[
            pods.scratch("tmp", size="64Mi"),
            pods.secret_volume("credentials", credentials.database_sources(platform, service)),
        ],
        grace_period_s=30,
        spread=False,
        restart_policy="Never",
    )
