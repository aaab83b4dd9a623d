"""What this machine has, what it lacks, and what will be installed or built, with the time that takes on two cores."""

import os
import platform as machine
import shutil
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from e2e import cache
from e2e.cluster import configuration, shim
from e2e.docker import answers
from e2e.images import binaries, catalogue, engine, gomodules, registry
from e2e.images.catalogue import Entry
from e2e.images.gomodules import PROGRAMS

MEMORY_NEEDED_GB = 6
DISK_NEEDED_GB = 15
MAKING_TIMES = {
    "python": "1 min",
    "mysql": "1 min",
    "rabbitmq": "1 min",
    "envoy": "10 s",
    "services": "20 s",
    "operator": "20 s",
    "node": "2 min",
    "metrics-server": "5 s",
}


@dataclass(frozen=True)
class Finding:
    """One line of the report; ``fatal`` when nothing here can put it right."""

    subject: str
    state: str
    plan: str = ""
    time: str = ""
    fatal: bool = False


def report() -> int:
    """Print the table and return 0, or 2 when a person must do something first."""
    table = Table("what", "state", "what will be done", "about")
    findings = list(examine())
    for finding in findings:
        colour = "red" if finding.fatal else "yellow" if finding.plan else "green"
        table.add_row(finding.subject, f"[{colour}]{finding.state}[/{colour}]", finding.plan, finding.time)
    Console().print(table)
    return 2 if any(finding.fatal for finding in findings) else 0


def examine() -> Iterator[Finding]:
    """Yield findings in the order in which things are set up. Changes nothing."""
    yield from hardware(os.cpu_count() or 1, _memory_gb(), shutil.disk_usage(cache.folder()).free // 10**9)
    there = answers()
    yield engine_finding(answering=there, may_install=engine.may_install())
    yield _registry_finding()
    yield _go_finding()
    yield _kernel_finding()
    present = {name for name in PROGRAMS if binaries.cached(PROGRAMS[name]).exists()}
    present |= {name for name in engine.PLUGINS if there and engine.plugin_works(name)}
    yield programs_finding(present)
    for name in catalogue.DELIVERED:
        yield _image(name, catalogue.ENTRIES[name], asked=there)


def hardware(cores: int, memory_gb: int, free_disk_gb: int) -> Iterator[Finding]:
    """Yield findings on processor, memory and disk."""
    yield Finding("processor cores", f"{cores} ({machine.machine()})")
    enough = memory_gb >= MEMORY_NEEDED_GB
    yield Finding(
        "memory", f"{memory_gb} GB", "" if enough else f"a cluster needs {MEMORY_NEEDED_GB} GB", fatal=not enough
    )
    enough = free_disk_gb >= DISK_NEEDED_GB
    yield Finding("free disk", f"{free_disk_gb} GB", "" if enough else f"free {DISK_NEEDED_GB} GB", fatal=not enough)


def engine_finding(*, answering: bool, may_install: bool) -> Finding:
    """Return the finding on the Docker engine."""
    if answering:
        return Finding("Docker engine", "answers")
    if may_install:
        return Finding("Docker engine", "does not answer", "install docker.io by apt, start dockerd", "1 min")
    return Finding("Docker engine", "does not answer", "install and start Docker yourself", fatal=True)


def _registry_finding() -> Finding:
    words = {True: "answers", False: "does not answer", None: "not asked yet"}
    verdict = registry.verdict()
    plan = {True: "", False: "images are made from packages", None: "asked at the first image"}[verdict]
    return Finding("container registry", words[verdict], plan)


def _go_finding() -> Finding:
    if gomodules.available():
        return Finding("Go", "there")
    oldest = ".".join(map(str, gomodules.OLDEST_GO))
    return Finding("Go", "missing or too old", f"install Go {oldest} or newer, or have kind, kubectl and helm on PATH")


def _kernel_finding() -> Finding:
    status = Path("/proc/self/status")
    notes = []
    if configuration.cgroup_v1():
        notes.append("control groups v1")
    if status.exists() and shim.needed(status.read_text()):
        notes.append("no CAP_SYS_RESOURCE")
    return Finding("kernel", ", ".join(notes) or "nothing special", "kind is adapted to it" if notes else "")


def programs_finding(present: Collection[str]) -> Finding:
    """Return the finding on the programs that are built from Go modules, given those that are there."""
    missing = [name for name in PROGRAMS if name not in present]
    if not missing:
        return Finding("programs", f"all {len(PROGRAMS)} in the cache")
    minutes = sum(int(PROGRAMS[name].expected.split()[0]) for name in missing)
    return Finding(
        "programs", f"{len(missing)} of {len(PROGRAMS)} missing", f"build {', '.join(missing)}", f"{minutes} min"
    )


def _image(name: str, entry: Entry, *, asked: bool) -> Finding:
    state = catalogue.state(entry) if asked else "unknown until the engine runs"
    if state in {"current", "public"}:
        return Finding(entry.image, state)
    plan = "pull, or make from packages" if entry.public else "build"
    return Finding(entry.image, state, plan, MAKING_TIMES[name])


def _memory_gb() -> int:
    return int(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 10**9)
