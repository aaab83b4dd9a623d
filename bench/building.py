"""Programs of the benchmark in Go, built by this machine's Go, or by Go's public image where there is none."""

import os
from dataclasses import dataclass
from pathlib import Path

from e2e import cache, shell
from e2e.docker import docker
from e2e.errors import ToolingError
from e2e.images import engine, gomodules, registry
from e2e.images.dockerfiles import PROXY_VARIABLES
from e2e.steps import step

GO_IMAGE = "golang:1.26"
SETTINGS = {"CGO_ENABLED": "0", "GOFLAGS": "-mod=readonly -buildvcs=false"}
HERE = Path(__file__).parent


@dataclass(frozen=True)
class Program:
    """A program: the folder whose go.mod and go.sum pin it, its package there, and build tags."""

    name: str
    source: Path
    package: str = "."
    tags: str = ""
    expected: str = "20 s"


DRIVER = Program("bench-driver", HERE / "driver")
TINODE = Program("tinode", HERE / "peers/modules/tinode", "github.com/tinode/chat/server", "mysql", "2 min")
TINODE_DATABASE = Program("tinode-db", TINODE.source, "github.com/tinode/chat/tinode-db", "mysql")


def build(program: Program) -> Path:
    """Return where a program is, built first where this source has not been.

    Raises:
        ToolingError: there is no Go to build it, or it does not compile.
    """
    recipe = cache.content_hash([program.source, program.package, program.tags])
    target = cache.folder("bin") / f"{program.name}-{recipe}" / program.name
    with cache.lock(f"bench-{program.name}"):
        if not target.exists():
            partial = cache.folder("bin", f".making-{os.getpid()}-{program.name}") / program.name
            with step(f"Build {program.name}", expected=program.expected):
                words = ["-trimpath", "-tags", program.tags, "-o", str(partial), program.package]
                go(program.source, "build", *words, writes=partial.parent)
            partial.parent.replace(target.parent)
            cache.prune(target.parent.parent, keep=[target.parent.name], prefix=f"{program.name}-")
    cache.touch(target.parent)
    return target


def go(source: Path, *words: str, writes: Path | None = None) -> str:
    """Run `go` in a folder and return what it printed; `writes` is another folder that it may write to.

    Raises:
        ToolingError: there is no Go, or it failed.
    """
    if gomodules.available():
        return shell.run(["go", *words], cwd=source, env=SETTINGS)
    engine.ensure()
    if not registry.pull(GO_IMAGE):
        raise ToolingError(
            f"Go {'.'.join(map(str, gomodules.OLDEST_GO))} or newer is needed for the benchmark's programs.",
            hint="Install Go (go.dev), or let the Docker engine reach a registry.",
        )
    environment = {**SETTINGS, "GOCACHE": "/tmp/build", "GOMODCACHE": "/tmp/modules"}
    environment |= {name: os.environ[name] for name in PROXY_VARIABLES if name in os.environ}
    folders = [f"{source}:{source}:ro", *([f"{writes}:{writes}"] if writes else [])]
    return docker(
        "run", "--rm", "--network=host", f"--user={os.getuid()}:{os.getgid()}", f"--workdir={source}",
        *(f"--env={name}={value}" for name, value in environment.items()),
        *(f"--volume={folder}" for folder in folders),
        GO_IMAGE, "go", *words,
    )  # fmt: skip
