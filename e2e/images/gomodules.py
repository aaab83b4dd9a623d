"""Programs built from Go modules: what each is made of, and ``go build`` of it.

``modules/<name>/go.mod`` and ``go.sum`` pin every module by content, so a build is the same everywhere and nothing is
resolved at build time. Go's own caches make a second build of the same thing a matter of seconds.
"""

import re
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from e2e import cache, shell, versions
from e2e.errors import ToolingError
from e2e.steps import step

MODULES = Path(__file__).parent / "modules"
OLDEST_GO = (1, 21)
"""From this version on Go fetches the newer toolchain that a go.mod asks for by itself."""


@dataclass(frozen=True)
class GoProgram:
    """A program: the folder under ``modules`` that pins it, its package and its link-time variables."""

    name: str
    module: str
    package: str
    variables: tuple[str, ...] = ()
    expected: str = "1 min"

    @property
    def recipe(self) -> str:
        """Return the hash of all that decides the program's content."""
        pinned = MODULES / self.module
        return cache.content_hash([pinned / "go.mod", pinned / "go.sum", self.package, *self.variables])


_COMPONENT_VERSION = tuple(
    f"k8s.io/component-base/version.{name}={value}"
    for name, value in zip(
        ("gitVersion", "gitMajor", "gitMinor"),
        (versions.KUBERNETES, *versions.KUBERNETES.removeprefix("v").split(".")[:2]),
        strict=True,
    )
)

_KUBERNETES = {
    name: GoProgram(name, "kubernetes", f"k8s.io/kubernetes/cmd/{name}", _COMPONENT_VERSION, "1 min")
    for name in (
        "kube-apiserver",
        "kube-controller-manager",
        "kube-scheduler",
        "kube-proxy",
        "kubelet",
        "kubeadm",
        "kubectl",
    )
}

PROGRAMS: dict[str, GoProgram] = {
    **_KUBERNETES,
    "etcd": GoProgram("etcd", "etcd", "go.etcd.io/etcd/server/v3"),
    "coredns": GoProgram("coredns", "coredns", "github.com/coredns/coredns", expected="3 min"),
    "kind": GoProgram("kind", "kind", "sigs.k8s.io/kind"),
    "helm": GoProgram("helm", "helm", "helm.sh/helm/v4/cmd/helm", expected="2 min"),
    "metrics-server": GoProgram(
        "metrics-server", "metrics-server", "sigs.k8s.io/metrics-server/cmd/metrics-server", expected="3 min"
    ),
    "local-path-provisioner": GoProgram(
        "local-path-provisioner", "local-path-provisioner", "github.com/rancher/local-path-provisioner"
    ),
    "docker-compose": GoProgram(
        "docker-compose", "docker-compose", "github.com/docker/compose/v2/cmd",
        (f"github.com/docker/compose/v2/internal.Version={versions.COMPOSE}",), "2 min",
    ),
    "docker-buildx": GoProgram(
        "docker-buildx", "docker-buildx", "github.com/docker/buildx/cmd/buildx",
        (f"github.com/docker/buildx/version.Version={versions.BUILDX}",), "2 min",
    ),
}  # fmt: skip


def available() -> bool:
    """Say whether a Go that can build these modules is on PATH."""
    if shutil.which("go") is None:
        return False
    found = re.search(r"go(\d+)\.(\d+)", shell.run(["go", "version"]))
    return found is not None and (int(found[1]), int(found[2])) >= OLDEST_GO


def module_folder(module: str, path: str) -> Path:
    """Return the folder of the unpacked source of module ``path``, as ``modules/<module>`` pins it."""
    pinned = MODULES / module
    shell.run(["go", "mod", "download", path], cwd=pinned)
    return Path(shell.run(["go", "list", "-m", "-f", "{{.Dir}}", path], cwd=pinned).strip())


def build(programs: Iterable[GoProgram], target: Path) -> None:
    """Build programs of one module into ``target``; raises ToolingError without Go."""
    chosen = list(programs)
    if not available():
        raise ToolingError(
            f"Go {'.'.join(map(str, OLDEST_GO))} or newer is needed to build {', '.join(p.name for p in chosen)}.",
            hint="Install Go (go.dev), or start a Docker engine that reaches a registry.",
        )
    for program in chosen:
        flags = " ".join(["-s", "-w", *(f"-X {variable}" for variable in program.variables)])
        command: list[str | Path] = [
            "go",
            "build",
            "-trimpath",
            f"-ldflags={flags}",
            "-o",
            target / program.name,
            program.package,
        ]
        with step(f"Build {program.name} {versions.MODULES[program.module]}", expected=program.expected):
            shell.run(
                command,
                cwd=MODULES / program.module,
                env={"CGO_ENABLED": "0", "GOFLAGS": "-mod=readonly -buildvcs=false"},
                timeout=timedelta(minutes=30),
            )
