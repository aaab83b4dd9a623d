"""The platform under test, by kubectl: read an object, wait for what it shall become, change the resource."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar

from e2e.cluster.kind import Cluster
from e2e.shell import CommandFailedError

Object = dict[str, Any]
T = TypeVar("T")
SERVICES = ("auth", "user", "message", "notification", "export")
BRIEFLY = timedelta(seconds=30)
READY_AGAIN = timedelta(minutes=2)


class CheckError(AssertionError):
    """The platform did not do what it must; says what was awaited and what was there instead."""


@dataclass(frozen=True)
class Subject:
    """A platform of a cluster, by its name, in the namespace ``default``."""

    cluster: Cluster
    name: str = "demo"

    def get(self, kind: str, name: str) -> Object | None:
        """Return an object, or None when there is none of that name."""
        found = self.cluster.kubectl("get", kind, name, "--ignore-not-found", "--output=json")
        return dict(json.loads(found)) if found.strip() else None

    def platform(self) -> Object:
        """Return the resource itself."""
        found = self.get("mp", self.name)
        if found is None:
            raise CheckError(f"platform {self.name} is gone")
        return found

    def condition(self, kind: str) -> Object:
        """Return a condition of the platform's status ({} while it is not set)."""
        conditions: list[Object] = self.platform().get("status", {}).get("conditions", [])
        return next((one for one in conditions if one["type"] == kind), {})

    def patch(self, spec: Object) -> None:
        """Change the resource by a JSON merge patch of ``spec``."""
        patch = json.dumps({"spec": spec})
        self.cluster.kubectl("patch", "mp", self.name, "--type=merge", f"--patch={patch}")

    def refusal(self, manifest: Object) -> str:
        """Return what the API server says against a manifest; raises CheckError when it accepts it."""
        try:
            self.cluster.kubectl("apply", "--dry-run=server", "-f", "-", stdin=json.dumps(manifest))
        except CommandFailedError as error:
            return error.output
        raise CheckError("the API server has accepted the manifest")

    def eventually(self, what: str, look: Callable[[], T | None], *, within: timedelta = BRIEFLY) -> T:
        """Look until there is something, and return it; raises CheckError when that takes too long."""
        deadline = time.monotonic() + within.total_seconds()
        while True:
            found = look()
            if found:
                return found
            if time.monotonic() > deadline:
                raise CheckError(f"{what} did not come within {within.total_seconds():.0f} s")
            time.sleep(0.5)

    def wait_until_ready(self, *, within: timedelta = READY_AGAIN) -> None:
        """Wait until the platform's present generation serves (condition Ready)."""

        def ready() -> bool:
            platform = self.platform()
            generation = platform["metadata"]["generation"]
            status = platform.get("status", {})
            return status.get("observedGeneration") == generation and self.condition("Ready").get("status") == "True"

        self.eventually("condition Ready", ready, within=within)
