"""The load driver's program, built from `bench/driver` by this machine's Go, or by Go's public image without one."""

import os
from pathlib import Path

from e2e import cache, shell
from e2e.docker import docker
from e2e.errors import ToolingError
from e2e.images import engine, gomodules, registry
from e2e.images.dockerfiles import PROXY_VARIABLES
from e2e.steps import step

SOURCE = Path(__file__).parent / "driver"
GO_IMAGE = "golang:1.26"
SETTINGS = {"CGO_ENABLED": "0", "GOFLAGS": "-mod=readonly -buildvcs=false"}


def build() -> Path:
    """Return the driver's program, built first where this source has not been.

    Raises:
        ToolingError: there is no Go to build it, or it does not compile.
    """
    target = cache.folder("bin") / f"bench-driver-{cache.content_hash([SOURCE])}" / "bench-driver"
    with cache.lock("bench-driver"):
        if not target.exists():
            partial = cache.folder("bin", f".making-{os.getpid()}-bench-driver") / "bench-driver"
            with step("Build the load driver", expected="20 s"):
                go("build", "-trimpath", "-o", str(partial), ".", writes=partial.parent)
            partial.parent.replace(target.parent)
            cache.prune(target.parent.parent, keep=[target.parent.name], prefix="bench-driver-")
    cache.touch(target.parent)
    return target


def go(*words: str, writes: Path | None = None) -> str:
    """Run `go` in the driver's source and return what it printed; `writes` is a folder that it may write to.

    Raises:
        ToolingError: there is no Go, or it failed.
    """
    if gomodules.available():
        return shell.run(["go", *words], cwd=SOURCE, env=SETTINGS)
    engine.ensure()
    if not registry.pull(GO_IMAGE):
        raise ToolingError(
            f"Go {'.'.join(map(str, gomodules.OLDEST_GO))} or newer is needed for the load driver.",
            hint="Install Go (go.dev), or let the Docker engine reach a registry.",
        )
    environment = {**SETTINGS, "GOCACHE": "/tmp/build", "GOMODCACHE": "/tmp/modules"}
    environment |= {name: os.environ[name] for name in PROXY_VARIABLES if name in os.environ}
    folders = [f"{SOURCE}:{SOURCE}:ro", *([f"{writes}:{writes}"] if writes else [])]
    return docker(
        "run", "--rm", "--network=host", f"--user={os.getuid()}:{os.getgid()}", f"--workdir={SOURCE}",
        *(f"--env={name}={value}" for name, value in environment.items()),
        *(f"--volume={folder}" for folder in folders),
        GO_IMAGE, "go", *words,
    )  # fmt: skip
