"""What the command line says about all rows, and what a row is."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from bench.ground import Ground
from bench.lines import Line


@dataclass(frozen=True)
class Options:
    """What the command line says about all rows."""

    seconds: float = 15.0
    """How long each rate is measured."""
    rate: float | None = None
    """In place of the rates of the rows of sends; 0: as fast as answers come."""
    full: bool = False
    """With what takes long: ten million messages."""


Row = Callable[[Ground, Options], Iterator[Line]]
