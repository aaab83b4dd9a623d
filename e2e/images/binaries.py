"""Programs that run on this machine, each from the nearest place that has it; the answer is always a path in the cache.

Called by the local cluster, by ``tests/apiserver`` (a control plane without nodes) and by ``python -m e2e.images
binaries``.
"""

import os
import shutil
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

from e2e import cache
from e2e.errors import ToolingError
from e2e.images import gomodules, nodearchive
from e2e.images.gomodules import GoProgram


def ensure(*names: str) -> dict[str, Path]:
    """Return where each program is, getting it first where the cache lacks it.

    Sources in this order: the cache; the public node image of kind, for what is in it and where a registry answers; Go
    modules; without a Go, what PATH has. Safe to call from several processes at once. Raises ToolingError for an
    unknown name or without any source.
    """
    unknown = sorted(set(names) - set(gomodules.PROGRAMS))
    if unknown:
        raise ToolingError(f"Unknown program {', '.join(unknown)}.", hint=f"Known: {', '.join(gomodules.PROGRAMS)}")
    groups: dict[str, list[GoProgram]] = defaultdict(list)
    for name in names:
        program = gomodules.PROGRAMS[name]
        groups[program.module].append(program)
    for module, programs in groups.items():
        with cache.lock(f"binaries-{module}"):
            _ensure_module(programs)
    return {name: _located(gomodules.PROGRAMS[name]) for name in names}


def cached(program: GoProgram) -> Path:
    """Return where the cache keeps a program, whether it is there or not."""
    return cache.folder("bin") / f"{program.name}-{program.recipe}" / program.name


def _missing(programs: Iterable[GoProgram]) -> list[GoProgram]:
    return [program for program in programs if not cached(program).exists()]


def _ensure_module(programs: list[GoProgram]) -> None:
    missing = _missing(programs)
    if not missing:
        return
    workshop = cache.folder("bin", f".making-{os.getpid()}-{missing[0].module}")
    try:
        from_image = nodearchive.extract([program.name for program in missing], workshop)
        gomodules_needed = [program for program in missing if program.name not in from_image]
        if gomodules_needed and not _on_path_instead(gomodules_needed):
            gomodules.build(gomodules_needed, workshop)
        for program in missing:
            if (workshop / program.name).exists():
                _keep(workshop / program.name, program)
    finally:
        shutil.rmtree(workshop, ignore_errors=True)


def _on_path_instead(programs: Iterable[GoProgram]) -> bool:
    return not gomodules.available() and all(shutil.which(program.name) for program in programs)


def _located(program: GoProgram) -> Path:
    if cached(program).exists():
        return cache.touch(cached(program).parent) / program.name
    return Path(shutil.which(program.name) or program.name)


def _keep(made: Path, program: GoProgram) -> None:
    made.chmod(0o755)
    target = cached(program)
    target.parent.mkdir(exist_ok=True)
    made.replace(target)
    cache.prune(target.parent.parent, keep=[target.parent.name], prefix=f"{program.name}-")
