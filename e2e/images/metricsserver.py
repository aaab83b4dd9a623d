"""The metrics server of the local cluster as an image with nothing but its program, built from its Go module."""

import tempfile
from pathlib import Path

from e2e import cache, shell, versions
from e2e.docker import RECIPE_LABEL
from e2e.images import binaries, gomodules
from e2e.images.node.files import install
from e2e.steps import step


def recipe() -> str:
    """Return the hash of all that decides the image's content."""
    return cache.content_hash([gomodules.PROGRAMS["metrics-server"].recipe, Path(__file__)])


def make() -> None:
    """Build the program and import it as an image; raises ToolingError without Go."""
    program = binaries.ensure("metrics-server")["metrics-server"]
    with tempfile.TemporaryDirectory() as workshop, step(f"Import {versions.METRICS_SERVER_IMAGE}"):
        folder, archive = Path(workshop, "root"), Path(workshop, "root.tar")
        install(program, folder / "metrics-server")
        (folder / "tmp").mkdir(mode=0o1777)
        shell.run(["tar", "-C", folder, "--numeric-owner", "--owner=0", "--group=0", "-cf", archive, "."])
        changes = (f"LABEL {RECIPE_LABEL}={recipe()}", 'ENTRYPOINT ["/metrics-server"]', "USER 1000")
        options = [word for change in changes for word in ("--change", change)]
        shell.run(["docker", "import", *options, archive, versions.METRICS_SERVER_IMAGE])
