"""A platform on a local cluster: what must be in the nodes, the operator by its chart, the resource, and the wait for
Ready.
"""

import time
from collections.abc import Collection
from datetime import timedelta
from pathlib import Path

import yaml

from e2e import versions
from e2e.cache import REPOSITORY
from e2e.cluster import kind
from e2e.cluster.evidence import describe, last_words
from e2e.cluster.kind import Cluster
from e2e.docker import docker
from e2e.errors import ToolingError
from e2e.images import binaries, catalogue, engine, gomodules, registry, roots
from e2e.images.node import build as node
from e2e.images.node import files
from e2e.steps import console, side_by_side, step

CHART = REPOSITORY / "charts/messaging-operator"
PLATFORM = REPOSITORY / "k8s/platform.yaml"
NAMESPACE = "messaging-operator"
METRICS_SERVER = Path(__file__).parent / "metrics-server.yaml"
TOOLS = ("kind", "kubectl", "helm")
READY_TIMEOUT = timedelta(minutes=4)
SERVICE_OBJECTS = "app.kubernetes.io/instance=demo,app.kubernetes.io/component notin (mysql,rabbitmq,gateway)"
STALLED_FOR = timedelta(seconds=45)
"""So long a platform may be stalled before nobody waits for it any more: an API server learns a new kind in 30 s."""
CONDITIONS = "{range .status.conditions[*]}{.type}={.status}{'\\n'}{end}"


def prepare() -> None:
    """Have everything that a cluster is made of, apart from our own images: engine, tools, node and public images.

    Where no registry answers, packages are fetched while programs are compiled.
    """
    engine.ensure()
    catalogue.ensure("python")
    side_by_side({"packages": _packages, "programs": _programs})
    catalogue.node_image()


def images() -> list[str]:
    """Have the images that run on the nodes and return their names; without Go no metrics server is among them."""
    names = list(catalogue.PLATFORM)
    if gomodules.available():
        names.append("metrics-server")
    else:
        console.print("Without Go there is no metrics server: autoscalers will not act on this cluster.")
    return catalogue.ensure(*names)


def install(cluster: Cluster, *, port: int | None = None) -> None:
    """Install or upgrade metrics server, operator and sample platform, and wait until the platform is ready."""
    if gomodules.available():
        cluster.kubectl(
            "apply", "-f", "-", stdin=METRICS_SERVER.read_text().replace("IMAGE", versions.METRICS_SERVER_IMAGE)
        )
    with step("Install the operator", expected="15 s"):
        cluster.helm(
            "upgrade", "--install", "messaging-operator", CHART, "--namespace", NAMESPACE, "--create-namespace",
            "--wait", "--timeout", "3m",
        )  # fmt: skip
    with step("Platform demo: from apply to Ready", expected="1 min"):
        cluster.kubectl("apply", "-f", "-", stdin=sample(PLATFORM.read_text(), port or cluster.port))
        wait_until_ready(cluster)


def sample(text: str, port: int) -> str:
    """Return the sample resource for a gateway on another port of this machine."""
    resource = yaml.safe_load(text)
    resource["spec"]["gateway"]["externalURL"] = f"http://localhost:{port}"
    return str(yaml.safe_dump(resource, sort_keys=False))


def wait_until_ready(cluster: Cluster) -> None:
    """Wait for condition Ready of platform demo.

    Raises ToolingError with its conditions and pods when that takes too long, or when the operator keeps saying that a
    person is needed (condition Stalled).
    """
    deadline = time.monotonic() + READY_TIMEOUT.total_seconds()
    stalled_since = float("inf")
    while True:
        now = time.monotonic()
        conditions = cluster.kubectl("get", "mp", "demo", f"--output=jsonpath={CONDITIONS}").split()
        if "Ready=True" in conditions:
            return
        stalled_since = min(stalled_since, now) if "Stalled=True" in conditions else float("inf")
        if now > deadline or now - stalled_since > STALLED_FOR.total_seconds():
            raise ToolingError(
                "Platform demo did not become ready.", hint=f"{describe(cluster)}\n{last_words(cluster, NAMESPACE)}"
            )
        time.sleep(1)


def up(port: int) -> Cluster:
    """Have cluster ``messaging`` with a ready platform on ``port``; what is there already is kept and brought up to
    date.
    """
    cluster = Cluster(kind.MAIN, port)
    prepare()
    if kind.MAIN not in kind.existing():
        wanted: list[str] = []
        side_by_side({"cluster": lambda: kind.create(cluster, merge=True), "images": lambda: wanted.extend(images())})
        kind.load(cluster, wanted)
        install(cluster)
        return cluster
    changed = kind.load(cluster, _resume(cluster))
    install(cluster)
    renew(cluster, changed)
    return cluster


def renew(cluster: Cluster, changed: Collection[str]) -> None:
    """Start what runs on images that have changed under the same tag, migrations first, and wait until all is ready.

    A released image never changes; on a developer's machine version 1.0.0 does with every edit.
    """
    selected = {
        versions.OPERATOR_IMAGE: ("--namespace", NAMESPACE, "--selector", "app.kubernetes.io/name=messaging-operator"),
        versions.SERVICES_IMAGE: ("--selector", SERVICE_OBJECTS),
    }
    for image, selector in selected.items():
        if image in changed:
            with step(f"Start {image} again"):
                cluster.kubectl("delete", "jobs,pods", *selector)
                cluster.kubectl("rollout", "status", "deployment", *selector, f"--timeout={READY_TIMEOUT.seconds}s")
                wait_until_ready(cluster)


def _resume(cluster: Cluster) -> list[str]:
    with step(f"Start cluster {cluster.name} again"):
        for name in cluster.nodes():
            docker("start", name)
    port = kind.published_port(cluster.name)
    if port != cluster.port:
        raise ToolingError(
            f"Cluster {cluster.name} is there, on port {port}.",
            hint=f"Use `make up PORT={port}`, or take it away first with `make down` (its data go too).",
        )
    kind.write_kubeconfig(cluster)
    return images()


def _packages() -> None:
    catalogue.ensure("mysql", "rabbitmq")
    if _node_is_to_be_made():
        roots.archive(files.ROOT)


def _programs() -> None:
    engine.ensure_plugins()
    binaries.ensure(*TOOLS)
    if _node_is_to_be_made():
        binaries.ensure(*node.PROGRAMS)
    if gomodules.available():
        binaries.ensure("metrics-server")


def _node_is_to_be_made() -> bool:
    return registry.verdict() is False and catalogue.state(catalogue.ENTRIES["node"]) != "current"
