"""One end-to-end run: a cluster of its own, a platform on it, the scenarios through its gateway, and nothing left
behind.
"""

import os
import socket
import subprocess
import sys

from e2e.acceptance import report
from e2e.acceptance.subject import Subject
from e2e.cluster import kind, platform
from e2e.cluster.evidence import describe, last_words
from e2e.cluster.kind import Cluster
from e2e.images import binaries
from e2e.steps import console, side_by_side, step

Fault = tuple[str, ...]
"""A title, and the words for ``python -m e2e.faults``."""
FAULTS: tuple[Fault, ...] = (
    ("SIGKILL under a stream of sends", "kill-message"),
    ("RabbitMQ stopped for a minute", "outage", "broker"),
    ("MySQL stopped for a minute", "outage", "database"),
)
"""What is done to a platform under a chat."""
KILLS: Fault = ("Each part killed three times under 5,000 sends", "kill-each")
MANY_KILLS: Fault = (
    "Each part killed three times under 100,000 sends, MySQL held for five minutes",
    *("kill-each", "--sends", "100000", "--rate", "150", "--pause", "15", "--standstill", "300"),
)


def end_to_end(port: int, *, keep: bool = False, full: bool = False) -> int:
    """Run everything and return 0 when all went well, else 1; the cluster goes in any case, unless it is to be kept.

    `full` takes the longer of the faults, about half an hour more.
    """
    prefix = kind.KEPT if keep else kind.TEMPORARY
    cluster = Cluster(f"{prefix}{os.getpid()}", port or free_port())
    platform.prepare()
    kind.delete_leftovers()
    images: list[str] = []
    try:
        side_by_side({"cluster": lambda: kind.create(cluster), "images": lambda: images.extend(platform.images())})
        kind.load(cluster, images)
        platform.install(cluster)
        return play(cluster, full=full)
    finally:
        if keep:
            console.print(f"Cluster {cluster.name} stays, its gateway on http://localhost:{cluster.port}")
            console.print(f"Take it away with: python -m e2e.cluster down --name {cluster.name}")
        else:
            kind.delete(cluster.name)


def play(cluster: Cluster, *, full: bool = False) -> int:
    """Play scenarios, checks and faults against a cluster's platform; return 0 when all went well, else 1."""
    address = f"http://localhost:{cluster.port}"
    scenarios = _python(cluster, "Scenarios through the gateway", "e2e.scenarios", "--base-url", address)
    checks = report.play(Subject(cluster)) == 0
    faults = (*FAULTS, MANY_KILLS if full else KILLS)
    target = ("--by", "cluster", "--base-url", address, "--kube-context", f"kind-{cluster.name}")
    harmless = [_python(cluster, title, "e2e.faults", *target, *words) for title, *words in faults]
    if scenarios and checks and all(harmless):
        return 0
    console.print(describe(cluster), last_words(cluster, platform.NAMESPACE), markup=False)
    return 1


def _python(cluster: Cluster, title: str, module: str, *words: str) -> bool:
    tools = binaries.ensure("kubectl")["kubectl"].parent
    environment = {"KUBECONFIG": str(cluster.kubeconfig), "PATH": f"{tools}:{os.environ['PATH']}"}
    with step(title):
        command = [sys.executable, "-m", module, *words]
        return subprocess.run(command, check=False, env={**os.environ, **environment}).returncode == 0


def free_port() -> int:
    """Return a port of 127.0.0.1 that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
