"""``docker`` for kind on a machine without CAP_SYS_RESOURCE.

There ``--privileged`` asks for every capability and fails ("unable to apply caps"), so a ``run`` gets everything else
that the flag gives, and an ``exec`` keeps the container's own set. Only the standard library is imported: kind calls
this very often.
"""

import os
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

CAP_SYS_RESOURCE = 24
PRIVILEGED = "--privileged"
INSTEAD = (
    "--cap-add=ALL",
    "--cap-drop=SYS_RESOURCE",
    "--security-opt=systempaths=unconfined",
    "--device-cgroup-rule=a *:* rwm",
    "--device=/dev/kmsg",
)


def rewrite(arguments: Sequence[str]) -> list[str]:
    """Return the arguments of a docker command with ``--privileged`` replaced by what can be given."""
    subcommand = next((word for word in arguments if not word.startswith("-")), "")
    rewritten: list[str] = []
    for word in arguments:
        if word != PRIVILEGED or subcommand not in {"run", "exec"}:
            rewritten.append(word)
        elif subcommand == "run":
            rewritten.extend(INSTEAD)
    return rewritten


def needed(status: str) -> bool:
    """Say whether the bounding set in the text of ``/proc/self/status`` lacks CAP_SYS_RESOURCE."""
    for line in status.splitlines():
        if line.startswith("CapBnd:"):
            return not int(line.split()[1], 16) >> CAP_SYS_RESOURCE & 1
    return False


def install(folder: Path, docker: str) -> Path:
    """Write a ``docker`` that stands before the real one into ``folder``; return the folder, which goes first on
    PATH.
    """
    script = folder / "docker"
    root = Path(__file__).resolve().parents[2]
    command = shlex.join([sys.executable, "-m", "e2e.cluster.shim", docker])
    script.write_text(f'#!/bin/sh\nPYTHONPATH={shlex.quote(str(root))} exec {command} "$@"\n')
    script.chmod(0o755)
    return folder


if __name__ == "__main__":
    real, *words = sys.argv[1:]
    os.execv(real, [real, *rewrite(words)])  # noqa: S606
