"""Where a running service's time goes, sampled from outside by py-spy and summed by package and by function."""

import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from rich.table import Table

PY_SPY = Path(sys.executable).with_name("py-spy")
SAMPLES_PER_S = 200
FRAME = re.compile(r"^(?P<function>.*?) \((?P<file>[^()]*?)(?::\d+)?\)$")


@dataclass(frozen=True)
class Frame:
    """A function on a sampled stack."""

    function: str
    file: str

    @property
    def package(self) -> str:
        """What it belongs to: a module of ours, a distribution's package, or the standard library."""
        path = self.file
        if "/site-packages/" in path:
            return path.split("/site-packages/")[1].split("/")[0].removesuffix(".py")
        for mark in ("/services/wire/", "/services/"):
            if mark in path:
                return path.split(mark)[1].removesuffix(".py").replace("/", ".")
        return (
            f"python {Path(path).parent.name if 'asyncio' in path else 'library'}" if "/" in path else f"native {path}"
        )


Stack = tuple[Frame, ...]


class Sampling:
    """py-spy at work on a process until `finish`."""

    def __init__(self, pid: int, raw: Path, *, native: bool) -> None:
        self._raw = raw
        words = ["record", "--pid", str(pid), "--rate", str(SAMPLES_PER_S), "--format", "raw", "--full-filenames"]
        words += ["--duration", "unlimited", "--output", str(raw), *(["--native"] if native else ["--nonblocking"])]
        self._process = subprocess.Popen([PY_SPY, *words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def finish(self) -> Counter[Stack]:
        """Stop, and return how often each stack was seen."""
        self._process.send_signal(2)
        said, _ = self._process.communicate(timeout=60)
        if not self._raw.exists():
            raise RuntimeError(f"py-spy made no profile: {said}")
        return read(self._raw.read_text().splitlines())


def read(lines: Iterable[str]) -> Counter[Stack]:
    """Read py-spy's raw form: frames with semicolons between, the innermost last, and a count."""
    stacks: Counter[Stack] = Counter()
    for line in lines:
        text, _, count = line.rpartition(" ")
        stacks[tuple(_frame(part) for part in text.split(";"))] += int(count)
    return stacks


def _frame(text: str) -> Frame:
    found = FRAME.match(text)
    return Frame(found["function"], found["file"]) if found else Frame(text, "native")


def by_package(stacks: Counter[Stack]) -> Table:
    """The share of samples inside each package itself, and of those with it anywhere on the stack."""
    own: Counter[str] = Counter()
    within: Counter[str] = Counter()
    for stack, count in stacks.items():
        own[stack[-1].package] += count
        within.update(dict.fromkeys({frame.package for frame in stack}, count))
    return _table("package", own, within, stacks.total(), 35)


def by_function(stacks: Counter[Stack]) -> Table:
    """The same by function."""
    own: Counter[str] = Counter()
    within: Counter[str] = Counter()
    for stack, count in stacks.items():
        own[_named(stack[-1])] += count
        within.update(dict.fromkeys({_named(frame) for frame in stack}, count))
    return _table("function", own, within, stacks.total(), 60)


def _named(frame: Frame) -> str:
    return f"{frame.package}: {frame.function}"


def _table(what: str, own: Counter[str], within: Counter[str], total: int, limit: int) -> Table:
    table = Table(what, "itself %", "with what it calls %", title=f"{total} samples at {SAMPLES_PER_S}/s")
    for name, count in own.most_common(limit):
        table.add_row(name, f"{100 * count / total:.1f}", f"{100 * within[name] / total:.1f}")
    return table
