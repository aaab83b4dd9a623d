"""Every name that a platform's objects have: pure, injective, within Kubernetes' lengths.

No suffix here may be the dash-separated end of another suffix of the same kind: so two platforms
of one namespace never make the same name, which a property test keeps.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any, Final, TypeGuard

API_GROUP: Final = "messaging.dev"
"""The one place that says whose domain the resource belongs to."""
API_VERSION: Final = f"{API_GROUP}/v1alpha1"
KIND: Final = "MessagingPlatform"
PLURAL: Final = "messagingplatforms"

FIELD_MANAGER: Final = "messaging-operator"
HANDOVER_MANAGER: Final = "messaging-operator-handover"

SERVICES: Final = ("auth", "user", "message", "notification", "export")
"""The five services; also the names of their databases and their accounts' beginnings."""
MYSQL: Final = "mysql"
RABBITMQ: Final = "rabbitmq"
GATEWAY: Final = "gateway"

NAME_PATTERN: Final = r"^[a-z]([-a-z0-9]{0,28}[a-z0-9])?$"
"""A platform's name: a DNS label that leaves room for our suffixes and for those of Kubernetes."""

_LABEL_VALUE: Final = re.compile(r"^[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$")


def child(platform: str, component: str) -> str:
    """`<platform>-<component>`: the Deployment, StatefulSet, Service … of a component."""
    return f"{platform}-{component}"


def credentials(platform: str, service: str) -> str:
    """The Secret with a service's accounts and keys."""
    return f"{platform}-{service}-credentials"


def migration(platform: str, service: str, template: Mapping[str, Any]) -> str:
    """The migration Job of a service; a Job's template is immutable, so its hash is in the name."""
    return f"{platform}-migrate-{service}-{digest(template)}"


def headless(platform: str) -> str:
    """The headless Service under which RabbitMQ's nodes find each other."""
    return f"{platform}-rabbitmq-nodes"


def gateway_static(platform: str, files: Mapping[str, str]) -> str:
    """The ConfigMap of Envoy's bootstrap and listeners: never edited, replaced under another name."""
    return f"{platform}-gateway-{digest(files)}"


def claim(platform: str, component: str, ordinal: int) -> str:
    """The PersistentVolumeClaim that a StatefulSet's pod asks for by its template named `data`."""
    return f"data-{platform}-{component}-{ordinal}"


def digest(content: Mapping[str, Any]) -> str:
    """Ten hex digits that change with the content and with nothing else."""
    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:10]


def selector(platform: str, component: str) -> dict[str, str]:
    """The labels by which a component's pods are found; they never hold a version."""
    return {
        "app.kubernetes.io/component": component,
        "app.kubernetes.io/instance": platform,
        "app.kubernetes.io/name": "messaging",
    }


def labels(platform: str, component: str, version: str) -> dict[str, str]:
    """The labels of every object of a component."""
    return {
        **selector(platform, component),
        "app.kubernetes.io/managed-by": "messaging-operator",
        "app.kubernetes.io/part-of": "messaging",
        "app.kubernetes.io/version": version,
    }


def version_of(image: str) -> str:
    """The version that an image reference states: its tag, or `custom` where it has none or only a digest."""
    last = image.rsplit("/", 1)[-1].split("@", 1)[0]
    tag = last.partition(":")[2]
    return tag if _LABEL_VALUE.fullmatch(tag) else "custom"


def is_platform_name(name: object) -> TypeGuard[str]:
    """Whether a platform may have this name."""
    return isinstance(name, str) and re.fullmatch(NAME_PATTERN, name) is not None
