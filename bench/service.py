"""One service of the platform as a process on free loopback ports: by this machine's Python, or in its container."""

import os
import re
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any, Self

import httpx

from e2e.docker import docker
from e2e.errors import ToolingError
from tests.support.container import LABEL, free_port
from tests.support.standalone import PROGRAM

UNLIMITED = {"send_rate_per_s": 1_000_000, "send_burst": 1_000_000}
"""Limits of the message service that a benchmark lifts; each table says so."""
START_WITHIN = timedelta(seconds=60)
STOP_WITHIN_S = 30
SAMPLE = re.compile(r"^([a-z_]+)(?:\{[^}]*le=\"([^\"]+)\"[^}]*\}|\{[^}]*\})? (\S+)$", re.MULTILINE)


class ServiceProcess:
    """A service between the start and end of a ``with`` block, migrated and ready; in a container of `image`."""

    def __init__(self, name: str, settings: Mapping[str, Any], *, image: str | None = None) -> None:
        self.name = name
        self._image = image
        self._container = ""
        self.port = free_port()
        self.admin_port = free_port()
        values = {"listen_address": "127.0.0.1", "http_port": self.port, "admin_port": self.admin_port, **settings}
        self._environment = {f"MESSAGING_{key.upper()}": str(value) for key, value in values.items()}
        self._folder = tempfile.TemporaryDirectory(prefix="messaging-bench-")
        self._log = Path(self._folder.name, f"{name}.log")
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Where it answers the gateway."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def address(self) -> str:
        """The host and port of that."""
        return f"127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        """The number of its process; raises RuntimeError before the start."""
        if self._process is None:
            raise RuntimeError(f"{self.name} has not been started")
        if self._container:
            return int(docker("inspect", "--format", "{{.State.Pid}}", self._container))
        return self._process.pid

    def __enter__(self) -> Self:
        with self._log.open("ab") as log:
            migration = self._start(["migrate", self.name], log)
            if migration.wait(START_WITHIN.total_seconds()) != 0:
                raise ToolingError(f"The {self.name} service's migration failed.", hint=self.log())
            self._process = self._start([self.name], log)
        self._wait_until_ready()
        return self

    def __exit__(self, *error: object) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(STOP_WITHIN_S)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        if self._container:
            docker("rm", "--force", self._container)
        self._folder.cleanup()

    def log(self) -> str:
        """The end of what it has said."""
        return self._log.read_text(errors="replace")[-4000:]

    def metrics(self) -> dict[str, float]:
        """Its Prometheus samples summed over their labels; buckets are named `<name>:<le>`."""
        found: dict[str, float] = {}
        for name, bound, value in SAMPLE.findall(self._admin("/metrics").text):
            key = f"{name}:{bound}" if bound else name
            found[key] = found.get(key, 0.0) + float(value)
        return found

    def _start(self, words: list[str], log: Any) -> subprocess.Popen[bytes]:
        environment = {**os.environ, **self._environment}
        program = [str(PROGRAM)] if self._image is None else self._in_container(self._image)
        return subprocess.Popen([*program, *words], stdout=log, stderr=subprocess.STDOUT, env=environment)

    def _in_container(self, image: str) -> list[str]:
        self._container = f"messaging-bench-{os.getpid()}-{self.name}-{free_port()}"
        return [
            "docker", "run", "--rm", "--log-driver=none",
            f"--name={self._container}", f"--label={LABEL}={os.getpid()}", "--network=host",
            "--read-only", "--cap-drop=ALL", "--tmpfs=/tmp", *(f"--env={name}" for name in self._environment), image,
        ]  # fmt: skip

    def _admin(self, path: str) -> httpx.Response:
        return httpx.get(f"http://127.0.0.1:{self.admin_port}{path}", timeout=10, trust_env=False)

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + START_WITHIN.total_seconds()
        while not self._ready():
            ended = self._process is not None and self._process.poll() is not None
            if ended or time.monotonic() > deadline:
                raise ToolingError(f"The {self.name} service did not become ready.", hint=self.log())
            time.sleep(0.1)

    def _ready(self) -> bool:
        try:
            return self._admin("/healthz/ready").status_code == 200
        except httpx.TransportError:
            return False
