"""A platform by ``docker compose``, in the containers of one project."""

import json
from collections.abc import Mapping
from pathlib import Path

from e2e.docker import docker
from e2e.faults.target import Part, Target

ROOT = Path(__file__).parents[2]
SERVICES: Mapping[Part, str] = {"broker": "rabbitmq", "database": "mysql"}
OURS = ("auth", "user", "message", "notification", "export", "gateway")


class ComposeTarget(Target):
    """`project` is the name given to ``docker compose -p``."""

    def __init__(self, base_url: str, *, project: str = "messaging", folder: Path = ROOT) -> None:
        super().__init__(base_url)
        self._project = project
        self._folder = folder

    def kill_message(self) -> None:
        """Kill it and start it: Docker takes a kill by its client for a wish, and does not restart by itself."""
        self._compose("kill", "--signal", "KILL", "message")
        self._compose("start", "message")

    def stop(self, part: Part) -> None:
        """Stop a part's container."""
        self._compose("stop", SERVICES[part])

    def start(self, part: Part) -> None:
        """Start a part's container."""
        self._compose("start", SERVICES[part])

    def processes(self) -> Mapping[str, str]:
        """Of every container of ours, when its process was started."""
        found = {}
        for service in OURS:
            for container in self._compose("ps", "--all", "--quiet", service).split():
                [state] = json.loads(docker("inspect", container))
                found[str(state["Name"]).lstrip("/")] = str(state["State"]["StartedAt"])
        return found

    def _compose(self, *words: str) -> str:
        return docker("compose", "--project-directory", self._folder, "--project-name", self._project, *words)
