"""The managed broker: RabbitMQ, one node or three that find each other by a headless Service."""

from typing import Any, Final

from messaging_operator import names
from messaging_operator.desired import credentials, pods, scripts, settings, volumes, workloads
from messaging_operator.desired.images import image
from messaging_operator.desired.meta import CONFIGURATION_HASH, config_map
from messaging_operator.desired.model import Manifest, Platform
from messaging_operator.desired.pods import SCRIPTS_DIR, Size
from messaging_operator.names import RABBITMQ
from messaging_operator.spec.datastores import ManagedBroker
from messaging_operator.spec.quantity import value

SIZE: Final = Size(cpu="100m", memory="256Mi", memory_limit="512Mi")
MEBIBYTE: Final = 1024 * 1024
LEAST_WATERMARK_MIB: Final = 200
NODE_PORTS: Final = {"epmd": 4369, "nodes": 25672}
SCRIPT: Final = "rabbitmq.sh"
SETTINGS: Final = "rabbitmq.conf"
GRACE_PERIOD_S: Final = 120
"""The wait for the other nodes' queues (50 s at most), then RabbitMQ's own stop."""
GROWING_QUEUES: Final = ("enabled = true", "interval = 60000", "target_group_size = 3", "trigger_interval = 5000")
"""Times in ms. Queues of one node spread over those that join; the same for one and for three, so that growing
restarts nothing. Source: RabbitMQ, "Quorum Queues", section on continuous membership reconciliation."""
START_LIMIT_S: Final = 600
"""A node that comes back waits for those that were up after it."""


def configuration(platform: Platform) -> tuple[Manifest, ...]:
    """The ConfigMap of start script and settings."""
    managed = platform.spec.broker.managed
    if managed is None:
        return ()
    name, version = names.child(platform.name, RABBITMQ), _version(platform)
    return (config_map(platform, name=name, component=RABBITMQ, version=version, data=_files(managed)),)


def _files(managed: ManagedBroker) -> dict[str, str]:
    limit = managed.resources.limits.memory if managed.resources is not None else None
    watermark_mib = max(LEAST_WATERMARK_MIB, int(value(limit or SIZE.memory_limit)) // MEBIBYTE * 3 // 5)
    lines = (
        "cluster_formation.peer_discovery_backend = kubernetes",
        "cluster_partition_handling = pause_minority",
        *(f"quorum_queue.continuous_membership_reconciliation.{line}" for line in GROWING_QUEUES),
        f"vm_memory_high_watermark.absolute = {watermark_mib}MiB",
        "disk_free_limit.absolute = 200MB",
    )
    return {SCRIPT: scripts.RABBITMQ, SETTINGS: "\n".join(lines) + "\n"}


def claims(platform: Platform) -> tuple[Manifest, ...]:
    """The claims of the nodes' volumes."""
    managed = platform.spec.broker.managed
    if managed is None:
        return ()
    return volumes.claims(platform, component=RABBITMQ, volume=managed, replicas=managed.replicas)


def objects(platform: Platform) -> tuple[Manifest, ...]:
    """Both Services, the StatefulSet and the disruption budget."""
    managed = platform.spec.broker.managed
    if managed is None:
        return ()
    version = _version(platform)
    headless = names.headless(platform.name)
    return (
        workloads.service(platform, component=RABBITMQ, version=version, ports={"amqp": settings.AMQP_PORT}),
        workloads.service(
            platform,
            component=RABBITMQ,
            version=version,
            name=headless,
            ports=NODE_PORTS,
            headless=True,
            publishNotReadyAddresses=True,
        ),
        volumes.stateful_set(
            platform,
            component=RABBITMQ,
            version=version,
            replicas=managed.replicas,
            volume=managed,
            service_name=headless,
            pod=_pod(platform, managed),
            annotations={CONFIGURATION_HASH: names.digest(_files(managed))},
        ),
        workloads.disruption_budget(platform, component=RABBITMQ, version=version),
    )


def _version(platform: Platform) -> str:
    return names.version_of(image(platform.spec, RABBITMQ))


def _pod(platform: Platform, managed: ManagedBroker) -> dict[str, Any]:
    return pods.pod_spec(
        platform,
        component=RABBITMQ,
        uid=pods.RABBITMQ_UID,
        placed=managed,
        containers=[_container(platform, managed)],
        volumes=[
            pods.config_volume("scripts", names.child(platform.name, RABBITMQ)),
            pods.scratch("run", size="16Mi", in_memory=True),
            pods.scratch("tmp", size="64Mi"),
            pods.secret_volume("cookie", [pods.secret_files(names.child(platform.name, RABBITMQ), {})]),
            pods.secret_volume("accounts", credentials.accounts_sources(platform, "broker")),
        ],
        grace_period_s=GRACE_PERIOD_S,
    )


def _container(platform: Platform, managed: ManagedBroker) -> dict[str, Any]:
    ports = {"amqp": settings.AMQP_PORT, **NODE_PORTS}
    listening = {"tcpSocket": {"port": "amqp"}, "timeoutSeconds": 5}
    container = pods.container(
        platform,
        name=RABBITMQ,
        image=image(platform.spec, RABBITMQ),
        command=["bash", f"{SCRIPTS_DIR}/{SCRIPT}"],
        env=_env(platform),
        mounts={
            SCRIPTS_DIR: "scripts",
            "/run/rabbitmq": "run",
            "/run/secrets/rabbitmq": "cookie",
            "/run/secrets/services": "accounts",
            "/tmp": "tmp",  # noqa: S108 - a path in the pod
            "/var/lib/rabbitmq": "data",
        },
        ports=[{"containerPort": port, "name": name, "protocol": "TCP"} for name, port in sorted(ports.items())],
        resources=pods.resources(managed, SIZE),
        lifecycle={"preStop": {"exec": {"command": ["bash", f"{SCRIPTS_DIR}/{SCRIPT}", "drain"]}}},
        startupProbe=listening | {"failureThreshold": START_LIMIT_S, "periodSeconds": 1},
        readinessProbe=listening | {"failureThreshold": 3, "periodSeconds": 5},
    )
    pod_name = {"name": "POD_NAME", "valueFrom": {"fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.name"}}}
    container["env"].insert(0, pod_name)
    return container


def _env(platform: Platform) -> dict[str, str]:
    """`POD_NAME` stands before these: Kubernetes replaces `$(POD_NAME)` only after its definition."""
    domain = f"{names.headless(platform.name)}.{platform.namespace}"
    return {
        "HOME": "/run/rabbitmq",
        "K8S_HOSTNAME_SUFFIX": f".{domain}",
        "K8S_SERVICE_NAME": names.headless(platform.name),
        "RABBITMQ_EXTRA_CONFIG": f"{SCRIPTS_DIR}/{SETTINGS}",
        "RABBITMQ_NODENAME": f"rabbit@$(POD_NAME).{domain}",
        "RABBITMQ_PLUGINS": "rabbitmq_peer_discovery_k8s",
        "RABBITMQ_USE_LONGNAME": "true",
    }
