"""docs/performance.md: the figures in it are written from the last runs, the words around them by people."""

import os
from collections.abc import Sequence

from bench import bars, lines
from bench.lines import Line
from e2e.cache import REPOSITORY

FILE = REPOSITORY / "docs/performance.md"
BEGIN, END = "<!-- figures: python -m bench report -->", "<!-- end of figures -->"


def write(known: Sequence[Line]) -> None:
    """Put these lines into the document."""
    FILE.write_text(with_figures(FILE.read_text(), known))


def with_figures(text: str, known: Sequence[Line]) -> str:
    """Return the document's text with these lines between its marks."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    times = sorted(line.at for line in known)
    when = (
        f"Measured {times[0]:%d %B %Y, %H:%M} to {times[-1]:%H:%M} UTC on {os.cpu_count()} processors." if times else ""
    )
    body = "\n\n".join([when, lines.markdown(known), bars.markdown(known)])
    return f"{before}{BEGIN}\n{body}\n{END}{after}"
