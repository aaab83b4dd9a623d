"""The Docker engine: ask it, and start one where this machine has none and we are root on Debian.

Called before anything that needs containers. An engine of the distribution and one from Docker are the same to us:
API negotiation by the client decides what is spoken.
"""

import os
import shutil
import subprocess
import time
from datetime import timedelta
from pathlib import Path

from e2e import cache, shell
from e2e.docker import answers
from e2e.errors import ToolingError
from e2e.images import binaries
from e2e.steps import step

PACKAGES = ("docker.io", "iptables", "debootstrap", "ca-certificates", "xz-utils")
CONTAINERD_PID = Path("/var/run/docker/containerd/containerd.pid")
PID_FILES = (Path("/var/run/docker.pid"), CONTAINERD_PID)
START_TIMEOUT = timedelta(seconds=60)
PLUGINS = ("docker-compose", "docker-buildx")

_daemons: list[subprocess.Popen[bytes]] = []
"""Engines that this process has started; they outlive it, so nobody waits for their end."""


def ensure() -> None:
    """Make sure that an engine answers.

    Idempotent. Raises ToolingError with what a person must do where we may not do it.
    """
    with cache.lock("engine"):
        if not answers():
            _start()


def ensure_plugins(*names: str) -> None:
    """Put those plugins of the docker command that are missing (all by default) into this user's ``cli-plugins``."""
    with cache.lock("plugins"):
        missing = [name for name in names or PLUGINS if not plugin_works(name)]
        if not missing:
            return
        folder = Path(os.environ.get("DOCKER_CONFIG") or Path.home() / ".docker", "cli-plugins")
        folder.mkdir(parents=True, exist_ok=True)
        for name, path in binaries.ensure(*missing).items():
            fresh = folder / f".{name}.new"
            shutil.copy2(path, fresh)
            fresh.replace(folder / name)


def plugin_works(name: str) -> bool:
    """Say whether the docker command has the plugin ``docker-compose`` (version 2) or ``docker-buildx``."""
    return shell.succeeds(["docker", name.removeprefix("docker-"), "version"])


def may_install() -> bool:
    """Say whether we are root on a machine that installs by apt."""
    return os.geteuid() == 0 and shutil.which("apt-get") is not None


def stale(pid_file: Path) -> bool:
    """Say whether a pid file names no living process (its owner was killed, or the machine restarted)."""
    try:
        pid = int(pid_file.read_text().strip())
        command = Path(f"/proc/{pid}/comm").read_text().strip()
    except (ValueError, OSError):
        return True
    return command not in {"dockerd", "containerd"}


def _start() -> None:
    if not may_install():
        raise ToolingError(
            "No Docker engine answers.",
            hint="Start Docker (docs.docker.com/engine/install) until `docker version` shows a server, then try again.",
        )
    if shutil.which("dockerd") is None:
        install(*PACKAGES)
    _clear_leftovers()
    with step("Start the Docker engine"):
        log = cache.folder("run") / "dockerd.log"
        with log.open("wb") as sink:
            daemon = subprocess.Popen(
                ["dockerd"], stdin=subprocess.DEVNULL, stdout=sink, stderr=sink, start_new_session=True
            )
        deadline = time.monotonic() + START_TIMEOUT.total_seconds()
        _daemons.append(daemon)
        while not answers():
            if daemon.poll() is not None or time.monotonic() > deadline:
                tail = "\n".join(log.read_text(errors="replace").splitlines()[-5:])
                raise ToolingError(f"dockerd did not start; its log is {log}.", hint=tail)
            time.sleep(0.3)


def install(*packages: str) -> None:
    """Install packages of the distribution; raises ToolingError where we may not."""
    if not may_install():
        raise ToolingError(f"These packages are missing: {', '.join(packages)}.", hint="Install them and try again.")
    log = cache.folder("run") / "apt.log"
    env = {"DEBIAN_FRONTEND": "noninteractive"}
    with cache.lock("apt"), step(f"Install {', '.join(packages)}", expected="1 min"):
        shell.run(["apt-get", "update"], env=env, log=log)
        shell.run(["apt-get", "install", "-y", "--no-install-recommends", *packages], env=env, log=log)


def _clear_leftovers() -> None:
    """Remove what a killed engine has left.

    A containerd that lives on is taken over by the next dockerd; the socket of a dead one would keep it from starting.
    """
    for pid_file in PID_FILES:
        if pid_file.exists() and stale(pid_file):
            pid_file.unlink()
    if not CONTAINERD_PID.exists():
        for socket in CONTAINERD_PID.parent.glob("containerd.sock*"):
            socket.unlink()
