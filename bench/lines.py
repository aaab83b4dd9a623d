"""The lines of the table, and the file that keeps the last of each."""

import json
import os
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from pydantic import BaseModel, Field
from rich.table import Table

from e2e import cache


class Line(BaseModel):
    """One row: what was measured, and the figures that apply to it. Latencies and processor times in milliseconds."""

    name: str
    system: str
    shape: str
    """What is sent to whom, and what stands between: Envoy, receipts, the notification service."""
    offered_per_s: float | None = None
    acknowledged_per_s: float | None = None
    ack_p50_ms: float | None = None
    ack_p99_ms: float | None = None
    ack_max_ms: float | None = None
    end_p50_ms: float | None = None
    end_p99_ms: float | None = None
    deliveries_per_s: float | None = None
    cpu_ms: dict[str, float] = Field(default_factory=dict)
    """By part, per acknowledged message."""
    batch: float | None = None
    figure: str = ""
    """What else this row is about."""
    value: float | None = None
    """The number in `figure`, for who compares it."""
    notes: list[str] = Field(default_factory=list)
    load: float = Field(default_factory=lambda: os.getloadavg()[0])
    at: datetime = Field(default_factory=lambda: datetime.now(UTC))


def save(lines: Iterable[Line]) -> None:
    """Keep lines, each in place of an older one of its name."""
    known = {line.name: line for line in saved()}
    known |= {line.name: line for line in lines}
    text = json.dumps([line.model_dump(mode="json") for line in known.values()], indent=1)
    _file().write_text(text)


def forget() -> None:
    """Begin anew: figures of one table are to be of one run."""
    _file().unlink(missing_ok=True)


def saved() -> list[Line]:
    """The lines of earlier runs."""
    if not _file().exists():
        return []
    return [Line.model_validate(item) for item in json.loads(_file().read_text())]


HEADINGS = (
    "row", "system", "offered/s", "acked/s", "ack ms p50/p99/max", "end to end ms p50/p99", "deliveries/s",
    "CPU-ms per message", "batch", "figure, notes", "load",
)  # fmt: skip


def cells(line: Line) -> list[str]:
    """A line as text, in the order of HEADINGS."""
    return [
        f"{line.name}: {line.shape}",
        line.system,
        _number(line.offered_per_s),
        _number(line.acknowledged_per_s),
        _joined(line.ack_p50_ms, line.ack_p99_ms, line.ack_max_ms),
        _joined(line.end_p50_ms, line.end_p99_ms),
        _number(line.deliveries_per_s),
        ", ".join(f"{part} {value:.3f}" for part, value in line.cpu_ms.items()),
        "" if line.batch is None else f"{line.batch:.1f}",
        "; ".join(part for part in (line.figure, *line.notes) if part),
        f"{line.load:.1f}",
    ]


def table(lines: Iterable[Line], title: str) -> Table:
    """Lines for a terminal."""
    result = Table(*HEADINGS, title=title, show_lines=True)
    for line in lines:
        result.add_row(*cells(line))
    return result


def markdown(lines: Iterable[Line]) -> str:
    """Lines for a document."""
    rows = [HEADINGS, ["---"] * len(HEADINGS), *(cells(line) for line in lines)]
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:,.0f}"


def _joined(*values: float | None) -> str:
    return " / ".join(f"{value:.1f}" for value in values if value is not None)


def _file() -> Path:
    return cache.folder("bench") / "lines.json"
