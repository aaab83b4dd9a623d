"""The Docker client: run it, ask whether an engine answers, read images' labels. Everything here that uses containers
calls this.
"""

import json
import shutil
from datetime import timedelta
from pathlib import Path

from e2e import shell
from e2e.shell import CommandFailedError

RECIPE_LABEL = "messaging.recipe"
"""Label of every image that we make: the hash of what it was made from. Public images have none."""


def docker(*words: str | Path, timeout: timedelta = timedelta(minutes=5), stdin: str | None = None) -> str:
    """Run ``docker`` with these words and return what it printed; raises CommandFailedError."""
    return shell.run(["docker", *words], timeout=timeout, stdin=stdin)


def answers() -> bool:
    """Say whether an engine answers this user's client."""
    if shutil.which("docker") is None:
        return False
    return shell.succeeds(["docker", "version", "--format", "{{.Server.Version}}"])


def label(image: str, name: str = RECIPE_LABEL) -> str | None:
    """Return a label of a local image ("" when it has none of that name), or None when there is no such image."""
    try:
        found = docker("image", "inspect", "--format", "{{json .Config.Labels}}", image)
    except CommandFailedError:
        return None
    return str((json.loads(found) or {}).get(name, ""))
