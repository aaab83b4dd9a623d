"""What all our pods have in common: they run as nobody in particular, on a read-only root, and cannot call the API."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from messaging_operator import names
from messaging_operator.desired.meta import compact
from messaging_operator.desired.model import Platform
from messaging_operator.spec.base import SpecModel
from messaging_operator.spec.scheduling import Placed

OWN_UID: Final = 10001
MYSQL_UID: Final = 999
RABBITMQ_UID: Final = 999
ENVOY_UID: Final = 101

SECRET_MODE: Final = 0o440
SCRIPTS_DIR: Final = "/opt/messaging"


@dataclass(frozen=True)
class Size:
    """What a container asks for and may use at most where the resource does not say."""

    cpu: str
    memory: str
    memory_limit: str

    def resources(self) -> dict[str, Any]:
        """As the Pod API writes it. CPU has no limit: throttling delays everybody and protects nobody."""
        return {"limits": {"memory": self.memory_limit}, "requests": {"cpu": self.cpu, "memory": self.memory}}


def plain(model: SpecModel | None) -> Any:
    """A part of the spec as the API server reads it, defaults included, without what is empty."""
    return None if model is None else _pruned(model.model_dump(mode="json", by_alias=True))


def _pruned(value: Any) -> Any:
    if isinstance(value, dict):
        parts = {name: _pruned(part) for name, part in value.items()}
        return {name: part for name, part in parts.items() if part is not None and part not in ({}, [])}
    return [_pruned(part) for part in value] if isinstance(value, list) else value


def resources(placed: Placed, default: Size) -> dict[str, Any]:
    """The container's resources: those of the spec as a whole, else the default."""
    return default.resources() if placed.resources is None else dict(plain(placed.resources))


def pod_spec(
    platform: Platform,
    *,
    component: str,
    uid: int,
    placed: Placed,
    containers: list[dict[str, Any]],
    volumes: Iterable[dict[str, Any]],
    grace_period_s: int,
    init_containers: Iterable[dict[str, Any]] = (),
    spread: bool = True,
    restart_policy: str | None = None,
) -> dict[str, Any]:
    """A pod's spec that meets Pod Security `restricted` with a read-only root."""
    images = platform.spec.images
    return compact(
        affinity=plain(placed.affinity),
        automountServiceAccountToken=False,
        containers=containers,
        enableServiceLinks=False,
        imagePullSecrets=[{"name": secret.name} for secret in images.pull_secrets],
        initContainers=list(init_containers),
        nodeSelector=dict(sorted(placed.node_selector.items())),
        restartPolicy=restart_policy,
        securityContext={
            "fsGroup": uid,
            "fsGroupChangePolicy": "OnRootMismatch",
            "runAsGroup": uid,
            "runAsNonRoot": True,
            "runAsUser": uid,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        terminationGracePeriodSeconds=grace_period_s,
        tolerations=[plain(toleration) for toleration in placed.tolerations],
        topologySpreadConstraints=[_spread(platform, component)] if spread else None,
        volumes=sorted(volumes, key=lambda volume: str(volume["name"])),
    )


def container(
    platform: Platform, *, name: str, image: str, mounts: Mapping[str, str], env: Mapping[str, str], **fields: Any
) -> dict[str, Any]:
    """A container; `mounts` is path -> volume, all read-only but those in WRITABLE."""
    return compact(
        name=name,
        image=image,
        imagePullPolicy=str(platform.spec.images.pull_policy),
        env=[{"name": key, "value": value} for key, value in sorted(env.items())],
        securityContext={
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "readOnlyRootFilesystem": True,
        },
        terminationMessagePolicy="FallbackToLogsOnError",
        volumeMounts=[_mount(path, volume) for path, volume in sorted(mounts.items())],
        **fields,
    )


WRITABLE: Final = frozenset({"data", "run", "tmp"})


def _mount(path: str, volume: str) -> dict[str, Any]:
    mount: dict[str, Any] = {"mountPath": path, "name": volume}
    return mount if volume in WRITABLE else mount | {"readOnly": True}


def scratch(name: str, *, size: str, in_memory: bool = False) -> dict[str, Any]:
    """An empty folder that lives as long as the pod."""
    return {"name": name, "emptyDir": compact(medium="Memory" if in_memory else None, sizeLimit=size)}


def config_volume(name: str, config_map: str, *files: str) -> dict[str, Any]:
    """The files of a ConfigMap, or only the named ones."""
    items = [{"key": file, "path": file} for file in files]
    return {"name": name, "configMap": compact(name=config_map, items=items)}


def secret_files(secret: str, files: Mapping[str, str]) -> dict[str, Any]:
    """A source of a projected volume: keys of a Secret as files, key -> path; none means every key."""
    items = [{"key": key, "path": path} for key, path in sorted(files.items())]
    return {"secret": compact(name=secret, items=items)}


def secret_volume(name: str, sources: list[dict[str, Any]]) -> dict[str, Any]:
    """A folder of secret files, readable for the pod's group only."""
    return {"name": name, "projected": {"defaultMode": SECRET_MODE, "sources": sources}}


def _spread(platform: Platform, component: str) -> dict[str, Any]:
    return {
        "labelSelector": {"matchLabels": names.selector(platform.name, component)},
        "maxSkew": 1,
        "topologyKey": "kubernetes.io/hostname",
        "whenUnsatisfiable": "ScheduleAnyway",
    }
