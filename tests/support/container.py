"""One container for the time of a test run: named after this process, found again and removed whatever happens.

The base of :mod:`tests.support.mysql`, :mod:`tests.support.rabbitmq` and :mod:`tests.support.envoy`.
"""

import itertools
import os
import secrets
import socket
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Self

from e2e import shell
from e2e.docker import docker

SCRIPTS = Path(__file__).parents[2] / "operator/messaging_operator/desired/scripts"
SERVICES = ("auth", "user", "message", "notification", "export")
LABEL = "messaging.test"
_numbers = itertools.count()


def remove_stale() -> None:
    """Remove the containers of test runs whose process is gone."""
    listed = docker("ps", "--all", "--filter", f"label={LABEL}", "--format", '{{.ID}} {{.Label "messaging.test"}}')
    for line in listed.splitlines():
        container, pid = line.split()
        if not Path(f"/proc/{pid}").exists():
            docker("rm", "--force", "--volumes", container)


class Removable:
    """Something that is removed at the end of a ``with`` block."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.remove()

    def remove(self) -> None:
        """Remove it with all its data. Idempotent."""
        raise NotImplementedError


class Container(Removable):
    """A container with the confinement of the platform's pods: a uid, a read-only root, no capabilities.

    Ports are published on random ports of 127.0.0.1; ``writable`` folders are in memory. Use as a context manager, or
    call :meth:`remove`.
    """

    def __init__(
        self,
        image: str,
        command: Iterable[str],
        *,
        kind: str,
        uid: int,
        ports: Iterable[int],
        writable: Iterable[str] = (),
        volumes: Iterable[str] = (),
        environment: Mapping[str, str] | None = None,
        options: Iterable[str] = (),
    ) -> None:
        self.name = f"messaging-test-{os.getpid()}-{kind}-{next(_numbers)}"
        # Fixed numbers, so that a container that is stopped and started again is found under the same address.
        self._ports = {port: free_port() for port in ports}
        words = [f"--publish=127.0.0.1:{outside}:{inside}" for inside, outside in self._ports.items()]
        words += [f"--tmpfs={folder}:uid={uid},gid={uid},mode=0700" for folder in writable]
        words += [f"--volume={volume}" for volume in volumes]
        words += [f"--env={name}={value}" for name, value in (environment or {}).items()]
        docker(
            "run", "--detach", f"--name={self.name}", f"--label={LABEL}={os.getpid()}", f"--user={uid}:{uid}",
            "--read-only", "--cap-drop=ALL", "--security-opt=no-new-privileges", *words, *options,
            "--entrypoint=/bin/bash", image, *command,
        )  # fmt: skip

    def port(self, inside: int) -> int:
        """Return the port of 127.0.0.1 that leads to port ``inside`` of the container."""
        return self._ports[inside]

    @property
    def pid(self) -> int:
        """Return the machine's number of its first process."""
        return int(docker("inspect", "--format", "{{.State.Pid}}", self.name))

    @property
    def address(self) -> str:
        """Return its own address on the engine's network."""
        return docker("inspect", "--format", "{{.NetworkSettings.IPAddress}}", self.name).strip()

    def execute(self, *command: str, home: str = "/tmp") -> str:
        """Run a program inside, with ``home`` as its HOME, and return what it printed."""
        return docker("exec", f"--env=HOME={home}", self.name, *command)

    def logs(self) -> str:
        """Return what the container has printed so far, both outputs."""
        return shell.run(["sh", "-c", f"docker logs {self.name} 2>&1"])

    def stop(self, *, within: timedelta = timedelta(seconds=20)) -> None:
        """Stop it as the kubelet does: SIGTERM, and SIGKILL when ``within`` has passed."""
        docker("stop", f"--time={within.total_seconds():.0f}", self.name)

    def kill(self) -> None:
        """End it at once, as a power failure does to a process."""
        docker("kill", self.name)

    def start(self) -> None:
        """Start it again after :meth:`stop` or :meth:`kill`."""
        docker("start", self.name)

    def pause(self) -> None:
        """Freeze it: connections stay open and nothing answers."""
        docker("pause", self.name)

    def unpause(self) -> None:
        """Let it go on after :meth:`pause`."""
        docker("unpause", self.name)

    def remove(self) -> None:
        """Remove it with all its data. Idempotent."""
        docker("rm", "--force", "--volumes", self.name)

    def wait_for(self, ready: Callable[[], bool], *, within: timedelta = timedelta(seconds=90)) -> None:
        """Wait until ``ready`` holds; raises TimeoutError with its log when that takes too long or it ended."""
        deadline = time.monotonic() + within.total_seconds()
        while not ready():
            running = docker("inspect", "--format", "{{.State.Running}}", self.name).strip() == "true"
            if not running or time.monotonic() > deadline:
                state = "is not ready in time" if running else "has ended"
                raise TimeoutError(f"{self.name} {state}:\n{self.logs()[-4000:]}")
            time.sleep(0.1)


class SecretFolder:
    """A folder of secret files as the operator mounts them, for all five services, with passwords hard to quote."""

    def __init__(self, kind: str, values: Mapping[str, str]) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="messaging-test-secrets-")
        self.path = Path(self._folder.name)
        self.passwords = {service: f"a'b\"c\\d $e`{secrets.token_urlsafe(12)}" for service in SERVICES}
        for name, value in values.items():
            self._write(name, value)
        for service in SERVICES:
            self._write(f"services/{service}/{kind}_username", username(service))
            self._write(f"services/{service}/{kind}_password", self.passwords[service])
        for folder in (self.path, *(path for path in self.path.rglob("*") if path.is_dir())):
            folder.chmod(0o755)

    def remove(self) -> None:
        """Remove the files."""
        self._folder.cleanup()

    def _write(self, name: str, value: str) -> None:
        file = self.path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(value)
        file.chmod(0o644)


def username(service: str) -> str:
    """Return the first of a service's two user names in MySQL and RabbitMQ."""
    return f"{service}_a"


def free_port() -> int:
    """Return a port of 127.0.0.1 that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
