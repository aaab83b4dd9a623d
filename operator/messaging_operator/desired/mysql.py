"""The managed database: one MySQL with a volume that outlives the resource.

It is a single instance: while its node is away, so is the platform. A disruption budget for it would block
a drain for ever, so it has none.
"""

from typing import Any, Final

from messaging_operator import names
from messaging_operator.desired import connections, credentials, pods, scripts, settings, volumes, workloads
from messaging_operator.desired.images import image
from messaging_operator.desired.meta import CONFIGURATION_HASH, config_map
from messaging_operator.desired.model import Manifest, Platform
from messaging_operator.desired.pods import SCRIPTS_DIR, Size
from messaging_operator.names import MYSQL
from messaging_operator.spec.datastores import ManagedDatabase
from messaging_operator.spec.quantity import value

SIZE: Final = Size(cpu="150m", memory="512Mi", memory_limit="1Gi")
MEBIBYTE: Final = 1024 * 1024
LEAST_BUFFER_POOL_MIB: Final = 128
SCRIPT: Final = "mysql.sh"
GRACE_PERIOD_S: Final = 120
"""Time to write dirty pages; a kill costs a recovery at the next start, never data."""
START_LIMIT_S: Final = 600
"""The first start makes the data folder; a later one may have to recover."""


def configuration(platform: Platform) -> tuple[Manifest, ...]:
    """The start script's ConfigMap."""
    if platform.spec.database.managed is None:
        return ()
    name, version = names.child(platform.name, MYSQL), _version(platform)
    return (config_map(platform, name=name, component=MYSQL, version=version, data={SCRIPT: scripts.MYSQL}),)


def claims(platform: Platform) -> tuple[Manifest, ...]:
    """The data volume's claim."""
    managed = platform.spec.database.managed
    return () if managed is None else volumes.claims(platform, component=MYSQL, volume=managed, replicas=1)


def objects(platform: Platform) -> tuple[Manifest, ...]:
    """The Service and the StatefulSet."""
    managed = platform.spec.database.managed
    if managed is None:
        return ()
    version = _version(platform)
    ports = {"mysql": settings.MYSQL_PORT}
    stateful_set = volumes.stateful_set(
        platform,
        component=MYSQL,
        version=version,
        replicas=1,
        volume=managed,
        service_name=names.child(platform.name, MYSQL),
        pod=_pod(platform, managed),
        annotations={CONFIGURATION_HASH: names.digest({SCRIPT: scripts.MYSQL})},
    )
    return workloads.service(platform, component=MYSQL, version=version, ports=ports, headless=True), stateful_set


def _version(platform: Platform) -> str:
    return names.version_of(image(platform.spec, MYSQL))


def _pod(platform: Platform, managed: ManagedDatabase) -> dict[str, Any]:
    return pods.pod_spec(
        platform,
        component=MYSQL,
        uid=pods.MYSQL_UID,
        placed=managed,
        containers=[_container(platform, managed)],
        volumes=[
            pods.config_volume("scripts", names.child(platform.name, MYSQL)),
            pods.scratch("run", size="16Mi", in_memory=True),
            pods.scratch("tmp", size="1Gi"),
            pods.secret_volume("root", [pods.secret_files(names.child(platform.name, MYSQL), {})]),
            pods.secret_volume("accounts", credentials.accounts_sources(platform, "database")),
        ],
        grace_period_s=GRACE_PERIOD_S,
        spread=False,
    )


def _container(platform: Platform, managed: ManagedDatabase) -> dict[str, Any]:
    script = f"{SCRIPTS_DIR}/{SCRIPT}"
    ready = {"exec": {"command": ["bash", script, "ready"]}}
    return pods.container(
        platform,
        name=MYSQL,
        image=image(platform.spec, MYSQL),
        command=["bash", script],
        args=_options(platform, managed),
        env={},
        mounts={
            SCRIPTS_DIR: "scripts",
            "/run/mysqld": "run",
            "/run/secrets/mysql": "root",
            "/run/secrets/services": "accounts",
            "/tmp": "tmp",  # noqa: S108 - a path in the pod
            "/var/lib/mysql": "data",
        },
        ports=[{"containerPort": settings.MYSQL_PORT, "name": MYSQL, "protocol": "TCP"}],
        resources=pods.resources(managed, SIZE),
        startupProbe=ready | {"failureThreshold": START_LIMIT_S, "periodSeconds": 1, "timeoutSeconds": 5},
        readinessProbe=ready | {"failureThreshold": 3, "periodSeconds": 5, "timeoutSeconds": 5},
    )


def _options(platform: Platform, managed: ManagedDatabase) -> list[str]:
    limit = managed.resources.limits.memory if managed.resources is not None else None
    memory_mib = int(value(limit or SIZE.memory_limit)) // MEBIBYTE
    return [
        f"--innodb-buffer-pool-size={max(LEAST_BUFFER_POOL_MIB, memory_mib * 2 // 5)}M",
        f"--max-connections={connections.limit(platform.spec)}",
        "--performance-schema=OFF",
    ]
