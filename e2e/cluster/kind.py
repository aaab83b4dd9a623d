"""Clusters by kind: create, find, fill with images, delete; whatever a killed run has left is found by name."""

import os
import re
import socket
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import yaml

from e2e import cache, shell, versions
from e2e.cluster import configuration, shim
from e2e.cluster.configuration import Host
from e2e.docker import docker
from e2e.errors import ToolingError
from e2e.images import binaries, catalogue
from e2e.images.node import build as node
from e2e.shell import CommandFailedError
from e2e.steps import step

MAIN = "messaging"
"""The cluster of ``make up``; all others begin with :data:`TEMPORARY` and end with the pid of the run that made them.
"""
TEMPORARY = "messaging-e2e-"
KEPT = "messaging-kept-"
"""Begins the names of those that a person has asked to keep."""
NODE_LABEL = "io.x-k8s.kind.cluster"
LOADED = "/kind/messaging-loaded"
API_TIMEOUT = timedelta(minutes=3)


@dataclass(frozen=True)
class Cluster:
    """A cluster by name, and the port of 127.0.0.1 that leads to its platform's gateway."""

    name: str
    port: int

    @property
    def kubeconfig(self) -> Path:
        """Return the file with the administrator's access to this cluster, apart from the user's own."""
        return cache.folder("run") / f"kubeconfig-{self.name}"

    def kubectl(self, *words: str | Path, stdin: str | None = None, timeout: timedelta = API_TIMEOUT) -> str:
        """Run kubectl against this cluster and return what it printed; raises CommandFailedError."""
        return shell.run(
            [binaries.ensure("kubectl")["kubectl"], *words], env=self._access, stdin=stdin, timeout=timeout
        )

    def helm(self, *words: str | Path, timeout: timedelta = timedelta(minutes=5)) -> str:
        """Run helm against this cluster and return what it printed; raises CommandFailedError."""
        return shell.run([binaries.ensure("helm")["helm"], *words], env=self._access, timeout=timeout)

    def nodes(self) -> list[str]:
        """Return the names of the node containers, running or not."""
        return docker("ps", "--all", "--filter", f"label={NODE_LABEL}={self.name}", "--format", "{{.Names}}").split()

    @property
    def _access(self) -> dict[str, str]:
        return {"KUBECONFIG": str(self.kubeconfig)}


def kind(*words: str | Path, timeout: timedelta = timedelta(minutes=8)) -> str:
    """Run kind, with the docker stand-in before the real one where this machine needs it."""
    path = os.environ["PATH"]
    if _shim_needed():
        real = shell.run(["sh", "-c", "command -v docker"]).strip()
        path = f"{shim.install(cache.folder('shim'), real)}:{path}"
    return shell.run([binaries.ensure("kind")["kind"], *words], env={"PATH": path}, timeout=timeout)


def create(cluster: Cluster, *, workers: int = 0, merge: bool = False) -> None:
    """Create the cluster and write its kubeconfig; ``merge`` adds it to the user's own file as well.

    Raises ToolingError when the port is taken.
    """
    refuse_taken_port(cluster.port)
    image = catalogue.node_image()
    rendered = configuration.render(
        configuration.FILE.read_text(), name=cluster.name, port=cluster.port, host=this_host(image), workers=workers
    )
    with (
        tempfile.NamedTemporaryFile("w", suffix=".yaml") as file,
        step(f"Create cluster {cluster.name}", expected="30 s"),
    ):
        yaml.safe_dump(rendered, file)
        file.flush()
        destination: Sequence[str | Path] = () if merge else ("--kubeconfig", cluster.kubeconfig)
        kind("create", "cluster", "--image", image, "--config", file.name, "--wait", "120s", *destination)
    write_kubeconfig(cluster)


def write_kubeconfig(cluster: Cluster) -> None:
    """Write the kubeconfig of an existing cluster, readable by this user only."""
    cluster.kubeconfig.touch(mode=0o600)
    cluster.kubeconfig.write_text(kind("get", "kubeconfig", "--name", cluster.name))


def delete(name: str) -> None:
    """Delete a cluster with all that belongs to it. Idempotent."""
    with step(f"Delete cluster {name}"):
        kind("delete", "cluster", "--name", name)
    (cache.folder("run") / f"kubeconfig-{name}").unlink(missing_ok=True)


def existing() -> list[str]:
    """Return the names of our clusters, by their node containers, running or not."""
    names = docker(
        "ps", "--all", "--filter", f"label={NODE_LABEL}", "--format", f'{{{{.Label "{NODE_LABEL}"}}}}'
    ).split()
    return sorted({name for name in names if name == MAIN or name.startswith((TEMPORARY, KEPT))})


def delete_leftovers() -> None:
    """Delete temporary clusters whose run is gone."""
    for name in existing():
        if abandoned(name, Path("/proc")):
            delete(name)


def abandoned(name: str, processes: Path) -> bool:
    """Say whether a temporary cluster's run is gone: its pid stands at the end of the name."""
    pid = name.removeprefix(TEMPORARY)
    return name.startswith(TEMPORARY) and pid.isdigit() and not (processes / pid).exists()


def load(cluster: Cluster, images: Iterable[str]) -> list[str]:
    """Bring those images into the nodes that they do not hold in this very version; return which were brought."""
    wanted = {image: docker("image", "inspect", "--format", "{{.Id}}", image).strip() for image in images}
    nodes = cluster.nodes()
    there = held(cluster)
    changed = [image for image, identity in wanted.items() if there.get(image) != identity]
    if changed:
        with step(f"Load {', '.join(changed)}", expected="30 s"):
            kind("load", "docker-image", "--name", cluster.name, *changed)
        record = "".join(f"{image} {identity}\n" for image, identity in wanted.items())
        for name in nodes:
            docker("exec", "--interactive", name, "sh", "-c", f"cat > {LOADED}", stdin=record)
    return changed


def held(cluster: Cluster) -> dict[str, str]:
    """Return image name -> identity of what :func:`load` has brought into every node of a cluster."""
    nodes = [_record(name) for name in cluster.nodes()]
    first, *others = nodes or [{}]
    return {image: identity for image, identity in first.items() if all(node.get(image) == identity for node in others)}


def _record(node_name: str) -> dict[str, str]:
    try:
        lines = docker("exec", node_name, "cat", LOADED).splitlines()
    except CommandFailedError:
        return {}
    return dict(line.split(" ", 1) for line in lines)


def published_port(name: str) -> int | None:
    """Return the port of 127.0.0.1 that leads to a cluster's gateway, or None when its control plane does not run."""
    try:
        found = re.search(r":(\d+)$", docker("port", f"{name}-control-plane", "30500/tcp"), re.MULTILINE)
    except CommandFailedError:
        return None
    return int(found[1]) if found else None


def refuse_taken_port(port: int) -> None:
    """Raise ToolingError when something listens on ``port`` of 127.0.0.1."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            hint = "Stop what listens there, or choose another one: make up PORT=5050"
            raise ToolingError(f"Port {port} of 127.0.0.1 is in use.", hint=hint) from error


def this_host(image: str) -> Host:
    """Return what this machine and this node image need of kind's configuration."""
    tags = (node.ETCD_TAG, node.COREDNS_TAG) if image == versions.NODE_IMAGE else None
    return Host(cgroup_v1=configuration.cgroup_v1(), own_node_image=tags)


def _shim_needed() -> bool:
    status = Path("/proc/self/status")
    return os.geteuid() == 0 and status.exists() and shim.needed(status.read_text())
