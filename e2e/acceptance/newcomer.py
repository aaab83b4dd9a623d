"""What the README tells an administrator to type works as it stands there, on a cluster that has a platform already."""

import os
import subprocess

from e2e.acceptance.subject import CheckError, Subject
from e2e.cache import REPOSITORY
from e2e.images import binaries
from e2e.readme import README

HEADING = "On Kubernetes"
WITHIN_S = 600


def the_commands_of_the_readme_work(subject: Subject) -> None:
    """Type every line but `make up` and `make down`, which are what this run itself is made of."""
    tools = binaries.ensure("kubectl", "helm")
    folders = ":".join(str(path.parent) for path in tools.values())
    environment = {
        **os.environ,
        "KUBECONFIG": str(subject.cluster.kubeconfig),
        "PATH": f"{folders}:{os.environ['PATH']}",
    }
    for line in (line for block in README[HEADING] for line in block if not line.startswith("make ")):
        done = subprocess.run(
            ["bash", "-o", "pipefail", "-c", line],
            cwd=REPOSITORY,
            env=environment,
            capture_output=True,
            text=True,
            timeout=WITHIN_S,
            check=False,
        )
        if done.returncode != 0:
            raise CheckError(f"{line}\n{done.stdout}{done.stderr}")
    subject.wait_until_ready()
