"""One project of `compose.yaml` for the time of a test run, with names, port and address of its own."""

from __future__ import annotations

import json
import os
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import yaml
from messaging_operator.cli import app
from typer.testing import CliRunner

from e2e import shell
from e2e.cache import REPOSITORY
from e2e.docker import docker
from e2e.images import catalogue, engine
from e2e.shell import CommandFailedError
from tests.support.container import free_port

NAME = "messaging-compose-test-{pid}"
NAME_PATTERN = re.compile(r"messaging-compose-test-(\d+)")
UP_WITHIN = timedelta(minutes=5)
PLATFORM_FILE = REPOSITORY / "compose" / "platform.yaml"


class ComposeProject:
    """`compose.yaml` under its own project name; `folder` takes the gateway's files for its own address."""

    def __init__(self, folder: Path) -> None:
        self.name = NAME.format(pid=os.getpid())
        self.port = free_port()
        self.url = f"http://localhost:{self.port}"
        self._envoy = folder / "envoy"
        self._platform = folder / "platform.yaml"

    def up(self) -> None:
        """Bring everything up and wait until all is healthy; raises AssertionError with the logs otherwise."""
        engine.ensure_plugins("docker-compose")
        catalogue.ensure("services", "mysql", "rabbitmq", "envoy")
        self._render_gateway()
        try:
            self.compose("up", "--detach", "--wait", "--no-build", timeout=UP_WITHIN)
        except CommandFailedError as error:
            raise AssertionError(f"{error.output}\n{self.compose('logs', '--tail', '30')}") from error

    def down(self) -> None:
        """Take everything away, with its volumes."""
        self.compose("down", "--volumes", "--timeout", "5")

    def compose(self, *words: str, timeout: timedelta = timedelta(minutes=2)) -> str:
        """Run `docker compose` on the project and return what it printed."""
        settings = {"PORT": str(self.port), "EXTERNAL_URL": self.url, "ENVOY_CONFIG": str(self._envoy)}
        command: list[str | Path] = [
            "docker",
            "compose",
            "--project-name",
            self.name,
            "--file",
            REPOSITORY / "compose.yaml",
            *words,
        ]
        return shell.run(command, timeout=timeout, env=settings)

    def containers(self) -> list[dict[str, Any]]:
        """Every container of the project as `docker inspect` tells it."""
        ids = docker("ps", "--all", "--quiet", "--filter", f"label=com.docker.compose.project={self.name}").split()
        found: list[dict[str, Any]] = json.loads(docker("inspect", *ids))
        return found

    def _render_gateway(self) -> None:
        resource = yaml.safe_load(PLATFORM_FILE.read_text())
        resource["spec"]["gateway"]["externalURL"] = self.url
        self._platform.write_text(yaml.safe_dump(resource))
        render(self._platform, self._envoy)


def render(platform: Path, folder: Path) -> None:
    """`messaging-operator render --gateway FOLDER -f PLATFORM`."""
    result = CliRunner().invoke(app, ["render", "--gateway", str(folder), "-f", str(platform)])
    assert result.exit_code == 0, result.output


def remove_stale() -> None:
    """Remove what runs that were killed have left: their containers, networks and volumes, found by their name."""
    for kind in ("container", "network", "volume"):
        words = [kind, "ls", "--format", "{{.Name}}"]
        if kind == "container":
            words = ["container", "ls", "--all", "--format", "{{.Names}}"]
        stale = [name for name in docker(*words).split() if _is_stale(name)]
        if stale:
            force = ["--force"] if kind != "network" else []
            docker(kind, "rm", *force, *stale)


def _is_stale(name: str) -> bool:
    owner = NAME_PATTERN.match(name)
    return owner is not None and not Path(f"/proc/{owner[1]}").exists()
