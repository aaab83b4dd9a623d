"""What an image weighs, layer by layer, as docs/images.md shows it."""

from collections.abc import Iterable
from dataclasses import dataclass

from e2e.docker import docker

MEGABYTE = 1_000_000
SMALLEST_SHOWN = 10_000
"""In bytes; steps that only set metadata add nothing."""


@dataclass(frozen=True)
class Layer:
    """A layer: its size in bytes and the step that made it."""

    size: int
    made_by: str


def layers(history: str) -> list[Layer]:
    """Return the layers with files in them, lowest first, from lines of ``size TAB step``, newest first, as Docker
    prints.
    """
    found = [line.split("\t", 1) for line in history.splitlines() if "\t" in line]
    return [Layer(int(size), step) for size, step in reversed(found) if int(size) >= SMALLEST_SHOWN]


def table(images: Iterable[str]) -> str:
    """Return a Markdown table of the layers of local images, with a total for each."""
    lines = ["| image | layer | MB |", "|---|---|---:|"]
    for image in images:
        history = docker("history", "--human=false", "--no-trunc", "--format", "{{.Size}}\t{{.CreatedBy}}", image)
        found = layers(history)
        lines += [f"| `{image}` | {_readable(layer.made_by)} | {layer.size / MEGABYTE:.1f} |" for layer in found]
        lines.append(f"| `{image}` | **total** | **{sum(layer.size for layer in found) / MEGABYTE:.1f}** |")
    return "\n".join(lines)


def _readable(step: str) -> str:
    if "COPY /opt/venv" in step:
        return "dependencies, with bytecode"
    if "pip install" in step:
        return "the packages of this repository"
    return "Python base (shared)" if not step.strip() or "Imported" in step else step[:60].replace("|", "\\|")
