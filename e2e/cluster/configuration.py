"""The configuration that kind gets: ``k8s/kind.yaml`` with another name and port, and what this machine needs
besides.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from e2e.cache import REPOSITORY

FILE = REPOSITORY / "k8s/kind.yaml"
CGROUP_V1_MARK = Path("/sys/fs/cgroup/cgroup.controllers")


@dataclass(frozen=True)
class Host:
    """What decides whether the configuration needs adaptations.

    ``own_node_image`` holds the tags (etcd, CoreDNS) of a node image that we have made, or is None with a public one.
    """

    cgroup_v1: bool
    own_node_image: tuple[str, str] | None = None


def render(text: str, *, name: str, port: int, host: Host, workers: int = 0) -> dict[str, Any]:
    """Return kind's configuration: ``text`` (a kind Cluster) with this name, host port and number of workers."""
    configuration: dict[str, Any] = yaml.safe_load(text)
    configuration["name"] = name
    control_plane = configuration["nodes"][0]
    control_plane["extraPortMappings"][0]["hostPort"] = port
    configuration["nodes"] = [control_plane, *({"role": "worker"} for _ in range(workers))]
    patches = [yaml.safe_dump(patch) for patch in adaptations(host)]
    if patches:
        configuration["kubeadmConfigPatches"] = [*configuration.get("kubeadmConfigPatches", []), *patches]
    return configuration


def adaptations(host: Host) -> list[dict[str, Any]]:
    """Return kubeadm configuration patches for a host: none on a common one with the public node image."""
    patches: list[dict[str, Any]] = []
    if host.own_node_image is not None:
        etcd, coredns = host.own_node_image
        images = {"dns": {"imageTag": coredns}, "etcd": {"local": {"imageTag": etcd}}}
        patches.append({"kind": "ClusterConfiguration", **images})
    if host.cgroup_v1:
        patches.append({"kind": "KubeletConfiguration", "failCgroupV1": False})
    return patches


def cgroup_v1() -> bool:
    """Say whether this machine mounts version 1 of the control groups."""
    return Path("/sys/fs/cgroup").is_dir() and not CGROUP_V1_MARK.exists()
