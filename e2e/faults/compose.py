"""A platform by ``docker compose``, in the containers of one project."""

import json
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

from e2e import shell
from e2e.docker import docker
from e2e.faults.target import PARTS, Part, Process, Target

ROOT = Path(__file__).parents[2]
ANSWERED_WITHIN = timedelta(minutes=5)
SERVICE_LABEL = "com.docker.compose.service"


class ComposeTarget(Target):
    """`project` is the name given to ``docker compose -p``."""

    def __init__(self, base_url: str, *, project: str = "messaging", folder: Path = ROOT) -> None:
        super().__init__(base_url)
        self._project = project
        self._folder = folder

    def kill(self, part: Part) -> str:
        """Kill it and start it: Docker takes a kill by its client for a wish, and does not restart by itself."""
        container = min(self._containers(part), key=lambda one: str(one["State"]["StartedAt"]))
        docker("kill", "--signal", "KILL", container["Id"])
        docker("start", container["Id"])
        return _name(container)

    def stop(self, part: Part) -> None:
        """Stop a part's container."""
        self._compose("stop", part)

    def start(self, part: Part) -> None:
        """Start a part's container."""
        self._compose("start", part)

    def hold(self, part: Part) -> None:
        """Send SIGSTOP to the container's process."""
        self._compose("kill", "--signal", "STOP", part)

    def release(self, part: Part) -> None:
        """Send SIGCONT."""
        self._compose("kill", "--signal", "CONT", part)

    def scale_message(self, replicas: int) -> None:
        """Let compose have that many containers, each told the address that people use."""
        self._compose(
            "up", "--detach", "--wait", "--no-deps", "--no-build", "--no-recreate", "--scale", f"message={replicas}",
            "message",
        )  # fmt: skip

    def processes(self) -> Sequence[Process]:
        """Of every container, when its process was started."""
        return [
            Process(part, _name(container), str(container["State"]["StartedAt"]), _is_healthy(container))
            for part in PARTS
            for container in self._containers(part)
        ]

    def _containers(self, part: Part) -> list[dict[str, Any]]:
        words = ("--filter", f"label=com.docker.compose.project={self._project}", "--filter")
        ids = docker("ps", "--all", "--quiet", *words, f"label={SERVICE_LABEL}={part}").split()
        found: list[dict[str, Any]] = json.loads(docker("inspect", *ids)) if ids else []
        return found

    def _compose(self, *words: str) -> str:
        place = ("--project-directory", self._folder, "--project-name", self._project)
        return shell.run(
            ["docker", "compose", *place, *words], timeout=ANSWERED_WITHIN, env={"EXTERNAL_URL": self.base_url}
        )


def _name(container: dict[str, Any]) -> str:
    return str(container["Name"]).lstrip("/")


def _is_healthy(container: dict[str, Any]) -> bool:
    return bool(container["State"].get("Health", {}).get("Status") == "healthy")
