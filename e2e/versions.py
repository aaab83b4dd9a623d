"""Versions of what this project stands on; every other module of :mod:`e2e` takes them from here.

A number in :data:`MODULES` is pinned for real by ``images/modules/<name>/go.mod`` and ``go.sum``; a test keeps both
equal.
"""

from typing import Final

PLATFORM: Final = "1.0.0"
KUBERNETES: Final = "v1.36.3"
ETCD: Final = "v3.6.16"
COREDNS: Final = "v1.14.7"
KIND: Final = "v0.33.0"
HELM: Final = "v4.3.1"
METRICS_SERVER: Final = "v0.9.0"
LOCAL_PATH_PROVISIONER: Final = "v0.0.30"
COMPOSE: Final = "v2.40.3"
BUILDX: Final = "v0.38.2"

MODULES: Final[dict[str, str]] = {
    "kubernetes": KUBERNETES,
    "etcd": ETCD,
    "coredns": COREDNS,
    "kind": KIND,
    "helm": HELM,
    "metrics-server": METRICS_SERVER,
    "local-path-provisioner": LOCAL_PATH_PROVISIONER,
    "docker-compose": COMPOSE,
    "docker-buildx": BUILDX,
}
"""Folder under ``images/modules`` -> version of the module that it builds."""

PYTHON_IMAGE: Final = "python:3.13-slim"
MYSQL_IMAGE: Final = "mysql:9.7"
RABBITMQ_IMAGE: Final = "rabbitmq:4.3"
ENVOY_IMAGE: Final = "envoyproxy/envoy:v1.40.0"
NODE_IMAGE: Final = f"messaging/node:{KUBERNETES}"
"""The node image that we make; not every patch release of Kubernetes has a public one."""
PUBLIC_NODE_IMAGES: Final = ("kindest/node:v1.36.4", "kindest/node:v1.37.0")
"""The public ones that this version of kind was released with and that suit us, best first."""
METRICS_SERVER_IMAGE: Final = f"messaging/metrics-server:{METRICS_SERVER}"
SERVICES_IMAGE: Final = f"messaging/services:{PLATFORM}"
OPERATOR_IMAGE: Final = f"messaging/operator:{PLATFORM}"
