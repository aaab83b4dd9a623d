"""One end-to-end run: a cluster of its own, a platform on it, the scenarios through its gateway, and nothing left
behind.
"""

import os
import socket
import subprocess
import sys

from e2e.cluster import kind, platform
from e2e.cluster.kind import Cluster
from e2e.steps import console, side_by_side, step


def end_to_end(port: int, *, keep: bool = False) -> int:
    """Run everything and return the scenarios' exit code; the cluster goes in any case, unless it is to be kept."""
    cluster = Cluster(f"{kind.TEMPORARY}{os.getpid()}", port or free_port())
    platform.prepare()
    kind.delete_leftovers()
    images: list[str] = []
    try:
        side_by_side({"cluster": lambda: kind.create(cluster), "images": lambda: images.extend(platform.images())})
        kind.load(cluster, images)
        platform.install(cluster)
        return play(cluster)
    finally:
        if keep:
            console.print(f"Cluster {cluster.name} stays, its gateway on http://localhost:{cluster.port}")
        else:
            kind.delete(cluster.name)


def play(cluster: Cluster) -> int:
    """Play the scenarios against a cluster's gateway and return their exit code."""
    address = f"http://localhost:{cluster.port}"
    with step(f"Scenarios through the gateway on {address}"):
        done = subprocess.run([sys.executable, "-m", "e2e.scenarios", "--base-url", address], check=False)
    if done.returncode:
        console.print(platform.describe(cluster), markup=False)
    return done.returncode


def free_port() -> int:
    """Return a port of 127.0.0.1 that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
